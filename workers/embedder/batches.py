"""How texts are cut into batches that waste little on padding and keep each forward pass short."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


def batches(lengths: Sequence[int], budget: Callable[[], int]) -> Iterator[list[int]]:
    """Positions of `lengths`, longest first, in batches whose padded size (rows times the longest) is <= `budget()`.

    The budget is asked for at every batch: it may change while they are taken. Every position comes once.
    One that is longer than the budget by itself makes a batch alone.
    """
    batch: list[int] = []
    longest = allowed = 0
    for position in sorted(range(len(lengths)), key=lambda at: -lengths[at]):
        if batch and (len(batch) + 1) * longest > allowed:
            yield batch
            batch = []
        if not batch:
            longest, allowed = max(1, lengths[position]), budget()
        batch.append(position)
    if batch:
        yield batch
