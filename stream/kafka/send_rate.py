"""The rate at which a command sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")


def at_rate(
    records: Iterable[T], per_second: float, clock: Callable[[], float], sleep: Callable[[float], None]
) -> Iterator[T]:
    """Yield the n-th record n / per_second seconds after the first, and none earlier.

    A delay of more than a second is not caught up. `clock` returns monotonic seconds, `sleep` takes seconds.
    """
    due = clock()
    for record in records:
        late = clock() - due
        if late < 0:
            sleep(-late)
        yield record
        due = max(due, clock() - 1.0) + 1 / per_second
