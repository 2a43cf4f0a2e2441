"""Counts facets: the values of a field that found items have, each with how many have it, as refinements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Protocol

import numpy as np
from typing_extensions import override

from schemas.currencies import DECIMALS
from schemas.refinements import ATTRIBUTE, Refinement
from workers.search.facets.price_ranges import price_ranges
from workers.search.facets.value_tallies import (
    AttributeTally,
    AvailabilityTally,
    BrandTally,
    CategoryTally,
    SellerTally,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from workers.index.columns import Columns
    from workers.search.facets.value_tallies import CountedItem, ValueTally

COLUMN_OF = {
    "brand": "brand",
    "category": "category",
    "seller": "sellers",
    "availability": "availability",
    "price": "price",
    "rating": "rating",
}
"""The column by the name of the field; attributes have none."""
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


def column_refinements(name: str, columns: Columns, places: NDArray[np.intp]) -> list[Refinement]:
    """Return the refinements of a field of `COLUMN_OF`, of the items at these places, each of which counts as one."""
    column = COLUMN_OF[name]
    if column in columns.texts:
        of_texts = _value_tally(name, grouped=False)
        of_texts.add_numbers(columns.texts[column].numbers(places))
        return of_texts.refinements()
    values = columns.numbers[column][places]
    numbers = dict(
        zip(*(each.tolist() for each in np.unique(values[~np.isnan(values)], return_counts=True)), strict=True)
    )
    of_numbers = _Prices(grouped=False) if name == "price" else _Ratings(grouped=False)
    of_numbers.add_numbers(numbers, columns.currency(places))
    return of_numbers.refinements()


def tally(name: str, *, grouped: bool) -> Tally:
    """Return the tally that counts items by a field of `schemas.refinements`. `grouped`: whether items may have the
    same key. Raises ValueError for any other name."""
    match name:
        case "price":
            return _Prices(grouped)
        case "rating":
            return _Ratings(grouped)
    return _value_tally(name, grouped)


def _value_tally(name: str, grouped: bool) -> ValueTally:
    match name:
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


class _NumberTally(ABC):
    """Counts items by a number that they have."""

    def __init__(self, grouped: bool) -> None:
        self._grouped = grouped
        self._numbers: Counter[float] = Counter()
        """The number of items that have the same number."""
        self._keys: dict[float, list[str]] = defaultdict(list)
        """The keys of these items, where several may have the same."""
        self._currency: str | None = None

    @abstractmethod
    def number_of(self, counted: CountedItem) -> float | None:
        """Return the number that an item is counted by."""

    def add(self, counted: Iterable[CountedItem]) -> None:
        """Count these items."""
        for each in counted:
            self._currency = self._currency or each.item.currency
            number = self.number_of(each)
            if number is not None:
                self._numbers[number] += 1
                if self._grouped:
                    self._keys[number].append(each.key)

    def add_numbers(self, numbers: Mapping[float, int], currency: str | None) -> None:
        """Count so many items with the same number, each of which has a key of its own."""
        self._currency = self._currency or currency
        self._numbers.update(numbers)

    def items_with(self, several: Sequence[float]) -> int:
        """Return the number of items with one of these numbers, those with the same key as one."""
        if self._grouped:
            return len(set().union(*(self._keys[number] for number in several)))
        return sum(map(self._numbers.__getitem__, several))


class _Prices(_NumberTally):
    """Counts items by ranges of their prices."""

    @override
    def number_of(self, counted: CountedItem) -> float | None:
        return counted.price

    def refinements(self) -> list[Refinement]:
        """Return a refinement for each range, the lowest first."""
        ranges = price_ranges(self._numbers, DECIMALS.get(self._currency or "", DECIMALS_USUAL))
        ordered = sorted(self._numbers)
        starts = [0 if each.least is None else bisect_left(ordered, each.least) for each in ranges]
        ends = [*starts, len(ordered)][1:]
        within = [ordered[start:end] for start, end in zip(starts, ends, strict=True)]
        found = [_range(*each, self.items_with(several)) for each, several in zip(ranges, within, strict=True)]
        return [each for each in found if each.filters]  # One range of all prices would narrow nothing.


def _range(least: float | None, most: float | None, count: int) -> Refinement:
    bounds = {"min_price": least, "max_price": most}
    filters: dict[str, str | float] = {name: bound for name, bound in bounds.items() if bound is not None}
    value = "-".join("" if bound is None else f"{bound:.15g}" for bound in (least, most))
    return Refinement(value=value, count=count, filters=filters)


class _Ratings(_NumberTally):
    """Counts items by the least rating that they have."""

    @override
    def number_of(self, counted: CountedItem) -> float | None:
        return counted.item.rating

    def refinements(self) -> list[Refinement]:
        """Return a refinement for each least rating that items have, the highest first."""
        found = [(least, self.items_with([each for each in self._numbers if each >= least])) for least in RATINGS]
        return [
            Refinement(value=f"{least:.0f}", count=count, filters={"min_rating": least})
            for least, count in found
            if count
        ]
