"""Keeps the first items, or groups of items, that a page shows, of all that are read a part at a time."""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import TYPE_CHECKING

from typing_extensions import override

from workers.index.interface import Found
from workers.search.order.groups import Group

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.index.traits import Traits

    Place = tuple[tuple[float, ...], int, str]
    """The values by which an item is sorted, the number of items that were read before it, and the id of its point."""


class FirstItems:
    """The first items in an order, of all that it is given."""

    def __init__(self, size: int) -> None:
        """`size`: how many items, or groups, are to be known at the end."""
        self._size = size
        self._first: list[Place] = []
        """The first ones so far, in the order of the page."""
        self.total_items = 0

    @property
    def total(self) -> int:
        """The number of items, or of groups."""
        return self.total_items

    def add(self, part: Mapping[str, Traits], keys: Sequence[str], places: Sequence[tuple[float, ...]]) -> None:
        """Add items, each with the key of its group and the values that it is sorted by. Equal ones stay in their
        order."""
        numbers = range(self.total_items, self.total_items + len(part))
        self.total_items += len(part)
        worst = self._first[-1] if len(self._first) == self._size else None
        better = [each for each in zip(places, numbers, part, strict=True) if worst is None or each < worst]
        if better:
            self._first = sorted([*self._first, *better])[: self._size]

    def groups(self, scores: Mapping[str, float]) -> list[Group]:
        """Return the first ones in order, each with its score; 0.0 for those without one."""
        return [Group(Found(point, scores.get(point, 0.0)), []) for _, _, point in self._first]


class FirstGroups(FirstItems):
    """The first item groups in the order of their first items."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._best: dict[str, Place] = {}
        self._variants: dict[str, list[tuple[Place, str]]] = defaultdict(list)
        """The place and the product_id of each item of a group; an item without a group is not among them."""

    @property
    @override
    def total(self) -> int:
        return len(self._best)

    @override
    def add(self, part: Mapping[str, Traits], keys: Sequence[str], places: Sequence[tuple[float, ...]]) -> None:
        best = self._best
        for key, sorted_by, (point, item) in zip(keys, places, part.items(), strict=True):
            place = (sorted_by, self.total_items, point)
            self.total_items += 1
            if key not in best or place < best[key]:
                best[key] = place
            if item.item_group_id:
                self._variants[key].append((place, item.product_id))

    @override
    def groups(self, scores: Mapping[str, float]) -> list[Group]:
        first = heapq.nsmallest(self._size, ((place, key) for key, place in self._best.items()))
        return [
            Group(Found(point, scores.get(point, 0.0)), [each for _, each in sorted(self._variants.get(key, ()))])
            for (_, _, point), key in first
        ]
