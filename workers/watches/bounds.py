"""The bounds of watches in order, to find those that a value has passed."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from schemas.queries import Filters

    Run = Sequence[tuple[float, str]]
    """Bounds in order, each with the id of its watch."""

_LAST = "\U0010ffff"
"""An id after all others."""


class Bounds:
    """The bounds that watches have on one value."""

    def __init__(self) -> None:
        self._sorted: list[tuple[float, str]] = []

    def __len__(self) -> int:
        """Return the number of bounds."""
        return len(self._sorted)

    def add(self, bound: float | None, watch_id: str) -> None:
        """Add the bound of a watch, if it has one."""
        if bound is not None:
            insort(self._sorted, (bound, watch_id))

    def remove(self, bound: float | None, watch_id: str) -> None:
        """Remove it again."""
        if bound is not None:
            del self._sorted[bisect_left(self._sorted, (bound, watch_id))]

    def passed(self, least: float, most: float) -> Run:
        """Return the bounds that a value rising from `least` to `most` reaches: least < bound <= most."""
        return self._sorted[self._index_of(least, _LAST) : self._index_of(most, _LAST)]

    def between(self, least: float, most: float) -> Run:
        """Return the bounds that a value falling from `most` to `least` gets below: least <= bound < most."""
        return self._sorted[self._index_of(least, "") : self._index_of(most, "")]

    def _index_of(self, bound: float, watch_id: str) -> int:
        return bisect_left(self._sorted, (bound, watch_id))


class PriceBounds:
    """The watches that compare one price of an item, such as that of one seller, and their bounds on it."""

    def __init__(self) -> None:
        self._all, self._highest, self._lowest = Bounds(), Bounds(), Bounds()

    def __len__(self) -> int:
        """Return the number of watches."""
        return len(self._all)

    def add(self, watch_id: str, filters: Filters) -> None:
        """Add a watch."""
        self._all.add(0.0, watch_id)
        self._highest.add(filters.max_price, watch_id)
        self._lowest.add(filters.min_price, watch_id)

    def remove(self, watch_id: str, filters: Filters) -> None:
        """Remove it again."""
        self._all.remove(0.0, watch_id)
        self._highest.remove(filters.max_price, watch_id)
        self._lowest.remove(filters.min_price, watch_id)

    def turned(self, before: float | None, after: float | None) -> Iterator[Run]:
        """Iterate over the watches that the item may begin to match when the price changes. None means no such price.

        If a price disappears, every lower bound above it counts: a watch on the lowest price of several sellers may now
        meet a higher one.
        """
        if before is None and after is not None:
            yield self._all.passed(-math.inf, math.inf)
        elif before is not None:
            yield self._lowest.passed(before, math.inf if after is None else after)
            if after is not None:
                yield self._highest.between(after, before)
