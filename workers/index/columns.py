"""Columns: the traits by which a search counts what it found, as arrays with a place for each item."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from workers.index.conditions import AnyOf, Except, Is, IsIn, IsOneOf, Lacks, Within

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from workers.index.conditions import Condition
    from workers.index.traits import Traits

    Texts = tuple[str, ...]
    """The texts that an item has in a field; () for none."""

TEXT_FIELDS = ("brand", "category", "sellers", "availability", "currency")
NUMBER_FIELDS = ("price", "rating")
TOLD_FIELDS = ("sellers", "availability", "currency")
"""The fields of texts that conditions compare as they are written."""


class Coded(NamedTuple):
    """The texts that items have in a field, as numbers."""

    codes: NDArray[np.int32]
    """int32 `(n,)`: the code of the texts of each item."""
    texts: Sequence[Texts]
    """The texts of each code."""

    def numbers(self, places: NDArray[np.intp]) -> dict[Texts, int]:
        """Return how many of the items at these places have the same texts, for all texts that one of them has."""
        counts = np.bincount(self.codes[places])
        codes = np.flatnonzero(counts)
        return {self.texts[code]: count for code, count in zip(codes.tolist(), counts[codes].tolist(), strict=True)}

    def having(self, wanted: Collection[str]) -> NDArray[np.bool_]:
        """Return which items have one of these texts, bool `(n,)`."""
        several = frozenset(wanted)
        return np.array([not several.isdisjoint(texts) for texts in self.texts], dtype=bool)[self.codes]


class ItemPrice(NamedTuple):
    """The price of an item, and its currency."""

    price: float | None
    currency: str | None


class Columns(NamedTuple):
    """The values of the fields of `n` visible items, each at its place."""

    places: Mapping[str, int]
    """The place of each point."""
    texts: Mapping[str, Coded]
    """The coded texts of each field; see `TEXT_FIELDS`."""
    numbers: Mapping[str, NDArray[np.float64]]
    """The numbers of each field, float64 `(n,)`, NaN for an item without a number; see `NUMBER_FIELDS`."""

    def places_of(self, points: Iterable[str]) -> NDArray[np.intp]:
        """Return the places of those of these points that have one, intp `(points,)`."""
        found = self.places
        return np.array([found[point] for point in points if point in found], dtype=np.intp)

    def currency(self, places: NDArray[np.intp]) -> str | None:
        """Return the currency of the first of the items at these places that has one."""
        coded = self.texts["currency"]
        codes = dict.fromkeys(coded.codes[places].tolist())
        return next((coded.texts[code][0] for code in codes if coded.texts[code]), None)

    def prices(self, points: Iterable[str]) -> dict[str, ItemPrice]:
        """Return the prices of those of these points that have a place."""
        found = [point for point in points if point in self.places]
        places, coded = self.places_of(found), self.texts["currency"]
        currencies = [coded.texts[code][0] if coded.texts[code] else None for code in coded.codes[places].tolist()]
        prices = [None if price != price else price for price in self.numbers["price"][places].tolist()]
        return dict(zip(found, map(ItemPrice, prices, currencies), strict=True))

    def priced(self, prices: Mapping[str, float | None], currency: str | None) -> Columns:
        """Return the same items at other prices, all in one currency."""
        values = np.array([prices[point] for point in self.places], dtype=np.float64)
        coded = Coded(np.zeros(len(values), dtype=np.int32), [() if currency is None else (currency,)])
        return self._replace(texts={**self.texts, "currency": coded}, numbers={**self.numbers, "price": values})

    def turned(self, prices: Mapping[str, float | None]) -> Columns:
        """Return the same items, some of them at other prices."""
        points = [point for point in prices if point in self.places]
        if not points:
            return self
        values = self.numbers["price"].copy()
        values[self.places_of(points)] = np.array([prices[point] for point in points], dtype=np.float64)
        return self._replace(numbers={**self.numbers, "price": values})

    def satisfying(self, condition: Condition) -> NDArray[np.bool_]:
        """Return which items satisfy a condition that `is_told` by columns, bool `(n,)`, as its `holds` says."""
        match condition:
            case AnyOf(conditions):
                either: NDArray[np.bool_] = np.logical_or.reduce([self.satisfying(each) for each in conditions])
                return either
            case Except(other, points):
                return self.satisfying(other) & ~self._among(points)
            case Lacks(other):
                return ~self.satisfying(other)
            case IsOneOf(points):
                return self._among(points)
            case Is(field, value):
                return self.texts[field].having([value])
            case IsIn(field, values):
                return self.texts[field].having([each for each in values if isinstance(each, str)])
            case Within(field, least, most):
                return _within(self.numbers[field], least, most)

    def satisfying_all(self, asked: Iterable[Condition]) -> NDArray[np.bool_]:
        """Return which items satisfy every one of these conditions, which `is_told`, bool `(n,)`."""
        all_of = np.ones(len(self.places), dtype=bool)
        for condition in asked:
            all_of &= self.satisfying(condition)
        return all_of

    def _among(self, points: Collection[str]) -> NDArray[np.bool_]:
        among = np.zeros(len(self.places), dtype=bool)
        among[self.places_of(points)] = True
        return among


class Codes:
    """Gives the texts of a field a number each, in the order in which they come."""

    def __init__(self) -> None:
        self.texts: list[Texts] = []
        """The texts of each code. The list grows, and nothing in it changes."""
        self._codes: dict[Texts, int] = {}

    def of(self, texts: Texts) -> int:
        """Return the code of these texts."""
        code = self._codes.setdefault(texts, len(self.texts))
        if code == len(self.texts):
            self.texts.append(texts)
        return code


def is_told(condition: Condition) -> bool:
    """Return whether columns tell which items satisfy a condition: names are compared by keys that they lack."""
    match condition:
        case AnyOf(conditions):
            return all(map(is_told, conditions))
        case Except(other, _) | Lacks(other):
            return is_told(other)
        case Within(field, _, _):
            return field in NUMBER_FIELDS
        case Is(field, _) | IsIn(field, _):
            return field in TOLD_FIELDS
    return True


def texts_in(item: Traits, field: str) -> Texts:
    """Return the texts that an item has in one of `TEXT_FIELDS`."""
    value: str | Texts | None = getattr(item, field)
    return (value,) if isinstance(value, str) and value else value or ()


def columns_of(items: Mapping[str, Traits]) -> Columns:
    """Return the columns of these items, in their order."""
    texts = {}
    for field in TEXT_FIELDS:
        codes = Codes()
        numbered = np.array([codes.of(texts_in(item, field)) for item in items.values()], dtype=np.int32)
        texts[field] = Coded(numbered, codes.texts)
    numbers = {
        field: np.array([getattr(item, field) for item in items.values()], dtype=np.float64) for field in NUMBER_FIELDS
    }
    return Columns({point: place for place, point in enumerate(items)}, texts, numbers)


def _within(values: NDArray[np.float64], least: float | None, most: float | None) -> NDArray[np.bool_]:
    within = ~np.isnan(values)
    if least is not None:
        within &= values >= least
    if most is not None:
        within &= values <= most
    return within
