"""Cuts texts into batches that waste little on padding and keep each forward pass short."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


def batches(lengths: Sequence[int], budget: Callable[[], int]) -> Iterator[list[int]]:
    """Yield batches of indices into `lengths`, longest first, with a padded size (rows times longest) <= `budget()`.

    `budget` is called before every batch, since it may change while the batches are computed. Every index occurs once.
    A text that is longer than the budget forms a batch by itself.
    """
    batch: list[int] = []
    longest = allowed = 0
    for index in sorted(range(len(lengths)), key=lambda at: -lengths[at]):
        if batch and (len(batch) + 1) * longest > allowed:
            yield batch
            batch = []
        if not batch:
            longest, allowed = max(1, lengths[index]), budget()
        batch.append(index)
    if batch:
        yield batch
