"""Counts facets: the values of a field that found items have, each with how many have it, as refinements."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from math import inf
from typing import TYPE_CHECKING, Protocol

from schemas.currencies import DECIMALS
from schemas.refinements import ATTRIBUTE, Refinement
from workers.search.price_ranges import price_ranges
from workers.search.value_tallies import (
    AttributeTally,
    AvailabilityTally,
    BrandTally,
    CategoryTally,
    SellerTally,
    different,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.search.value_tallies import CountedItem

RATINGS = (4.0, 3.0, 2.0, 1.0)
DECIMALS_USUAL = 2


class Tally(Protocol):
    """Counts the items that it is given by one field, a part of them at a time."""

    def add(self, counted: Iterable[CountedItem]) -> None:
        """Count these items, none of which it was given before."""

    def refinements(self) -> list[Refinement]:
        """Return the refinements of all that was counted: values most frequent first, ranges in order."""


def refinements(name: str, counted: Iterable[CountedItem]) -> list[Refinement]:
    """Return the refinements of one field of `schemas.refinements`, of items that are all at hand."""
    of_field = tally(name, grouped=True)
    of_field.add(counted)
    return of_field.refinements()


def tally(name: str, *, grouped: bool) -> Tally:
    """Return the tally that counts items by a field of `schemas.refinements`. `grouped`: whether items may have the
    same key. Raises ValueError for any other name."""
    match name:
        case "price":
            return _Prices(grouped)
        case "rating":
            return _Ratings(grouped)
        case "category":
            return CategoryTally(name, grouped)
        case "brand":
            return BrandTally(name, grouped)
        case "seller":
            return SellerTally(name, grouped)
        case "availability":
            return AvailabilityTally(name, grouped)
    if not name.startswith(ATTRIBUTE):
        raise ValueError(f"{name} has no tally: add one here")
    return AttributeTally(name.removeprefix(ATTRIBUTE), grouped)


class _Prices:
    """Counts items by ranges of their prices."""

    def __init__(self, grouped: bool) -> None:
        self._grouped = grouped
        self._keys: dict[float, list[str]] = defaultdict(list)
        self._currency: str | None = None

    def add(self, counted: Iterable[CountedItem]) -> None:
        for item, price, key in counted:
            self._currency = self._currency or item.currency
            if price is not None:
                self._keys[price].append(key)

    def refinements(self) -> list[Refinement]:
        decimals = DECIMALS.get(self._currency or "", DECIMALS_USUAL)
        ranges = price_ranges({price: len(keys) for price, keys in self._keys.items()}, decimals)
        starts = [-inf if each.least is None else each.least for each in ranges]
        within: list[list[list[str]]] = [[] for _ in ranges]
        for price, keys in self._keys.items():
            within[bisect_right(starts, price) - 1].append(keys)
        counts = [different(several, self._grouped) for several in within]
        found = [_range(*each, count) for each, count in zip(ranges, counts, strict=True)]
        return [each for each in found if each.filters]  # One range of all prices would narrow nothing.


def _range(least: float | None, most: float | None, count: int) -> Refinement:
    bounds = {"min_price": least, "max_price": most}
    filters: dict[str, str | float] = {name: bound for name, bound in bounds.items() if bound is not None}
    value = "-".join("" if bound is None else f"{bound:.15g}" for bound in (least, most))
    return Refinement(value=value, count=count, filters=filters)


class _Ratings:
    """Counts items by the least rating that they have."""

    def __init__(self, grouped: bool) -> None:
        self._grouped = grouped
        self._keys: dict[float, list[str]] = {least: [] for least in RATINGS}

    def add(self, counted: Iterable[CountedItem]) -> None:
        rated = [(item.rating, key) for item, _, key in counted if item.rating is not None]
        for least, keys in self._keys.items():
            keys.extend(key for rating, key in rated if rating >= least)

    def refinements(self) -> list[Refinement]:
        counts = {least: different([keys], self._grouped) for least, keys in self._keys.items()}
        return [
            Refinement(value=f"{least:.0f}", count=count, filters={"min_rating": least})
            for least, count in counts.items()
            if count
        ]
