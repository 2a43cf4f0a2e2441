"""The order in which several processes run the tests: each begins with its share of those that wait for processes."""

from __future__ import annotations

from itertools import groupby, islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Test = TypeVar("Test")


def in_shares(tests: Sequence[Test], shares: int, group: Callable[[Test], str | None]) -> list[Test]:
    """Return the tests in so many runs of about equal length, each with whole groups first, then tests of no group.

    pytest-xdist gives each process a run, and the end of one that is late to others. Tests that wait long and compute
    little are thus done first, and none of them is left for a single process at the end.
    """
    dealt: list[list[Test]] = [[] for _ in range(shares)]
    for name, members in groupby(sorted(tests, key=lambda test: group(test) or ""), key=group):
        if name is not None:
            min(dealt, key=len).extend(members)
    others = iter([test for test in tests if group(test) is None])
    length = -(-len(tests) // shares)
    for share in dealt:
        share.extend(islice(others, max(0, length - len(share))))
    return [test for share in dealt for test in share] + list(others)
