"""Counts the refinements of what is found: the values of a field, each with how many items have it."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from functools import lru_cache, partial
from math import inf
from typing import TYPE_CHECKING, NamedTuple, Protocol

from schemas.currencies import DECIMALS
from schemas.refinements import ATTRIBUTE, Refinement
from schemas.texts import attribute_values, name_key
from workers.search.price_ranges import price_ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from workers.index.traits import Traits

    _Texts = tuple[str, ...]
    """The texts that an item has in a field; or a value: one text, or a level of a category with those above it."""

VALUES_MAX = 100
"""The most values of a field, or of a level of a category. The most frequent ones are answered."""
RATINGS = (4.0, 3.0, 2.0, 1.0)
DECIMALS_USUAL = 2
VALUES_KNOWN_MAX = 100_000


class CountedItem(NamedTuple):
    """An item to be counted."""

    item: Traits
    price: float | None
    """The price now."""
    key: str
    """Items with the same key count as one."""


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
    """Return what counts items by a field of `schemas.refinements`. `grouped`: whether items may have the same key."""
    match name:
        case "price":
            return _Prices(grouped)
        case "rating":
            return _Ratings(grouped)
        case "category":
            return _Values(grouped, lambda item: item.category, _levels, name)
        case "brand":
            return _Values(grouped, lambda item: _one(item.brand), _each, name)
        case "seller":
            return _Values(grouped, lambda item: item.sellers, _each, name, exact=True)
        case "availability":
            return _Values(grouped, lambda item: _one(item.availability), _each, name)
    attribute = name.removeprefix(ATTRIBUTE)
    # A filter is NAME:VALUE, so it cannot say a name that has a colon itself.
    parameter = None if ":" in attribute else "attribute"
    said = partial(_of_attribute, attribute)
    return _Values(grouped, said, _each, parameter, prefix=f"{attribute}:")


def _of_attribute(attribute: str, item: Traits) -> _Texts:
    value = item.attributes.get(attribute)
    # Most values are texts, and a catalogue says few different ones.
    return _values_of_text(value) if isinstance(value, str) else tuple(attribute_values(value))


@lru_cache(VALUES_KNOWN_MAX)
def _values_of_text(text: str) -> _Texts:
    return tuple(attribute_values(text))


class _Values:
    """Counts the values of a field, those of a level below the one above, each as most items write it."""

    def __init__(
        self,
        grouped: bool,
        texts_of: Callable[[Traits], _Texts],
        values_of: Callable[[_Texts], list[_Texts]],
        parameter: str | None,
        *,
        exact: bool = False,
        prefix: str = "",
    ) -> None:
        """`values_of`: the values that texts are. `exact`: whether names that differ in case are two. `prefix`: what a
        filter has before the value."""
        self._grouped = grouped
        self._texts_of = texts_of
        self._values_of = values_of
        self._parameter = parameter
        self._exact = exact
        self._prefix = prefix
        self._keys: dict[_Texts, list[str]] = defaultdict(list)
        """The keys of the items that have the same texts. Found items have few different ones."""

    def add(self, counted: Iterable[CountedItem]) -> None:
        texts_of, keys = self._texts_of, self._keys
        for item, _, key in counted:
            keys[texts_of(item)].append(key)

    def refinements(self) -> list[Refinement]:
        counted: dict[_Texts, list[list[str]]] = defaultdict(list)
        written: dict[_Texts, Counter[str]] = defaultdict(Counter)
        for texts, keys in self._keys.items():
            values = {value: value if self._exact else _compared(value) for value in self._values_of(texts)}
            for compared in set(values.values()):
                counted[compared].append(keys)
            for value, compared in values.items():
                written[compared][value[-1]] += len(keys)
        counts = {value: _count(several, self._grouped) for value, several in counted.items()}
        shown = {value: min(texts, key=lambda text: (-texts[text], text)) for value, texts in written.items()}
        below: dict[_Texts, list[_Texts]] = defaultdict(list)
        for value in shown:
            below[value[:-1]].append(value)

        def level(parent: _Texts) -> list[Refinement]:
            best = sorted(below[parent], key=lambda value: (-counts[value], shown[value]))[:VALUES_MAX]
            return [
                _refinement(shown[each], counts[each], self._parameter, f"{self._prefix}{shown[each]}", level(each))
                for each in best
            ]

        return level(())


def _count(several: Sequence[Sequence[str]], grouped: bool) -> int:
    """Return the number of different keys. Those of items that are not grouped all differ."""
    return len(set().union(*several)) if grouped else sum(map(len, several))


def _one(text: str | None) -> _Texts:
    return (text,) if text else ()


def _each(texts: _Texts) -> list[_Texts]:
    """Return each text as a value by itself."""
    return [(text,) for text in texts]


def _levels(category: _Texts) -> list[_Texts]:
    """Return each level of a category with those above it."""
    return [category[:depth] for depth in range(1, len(category) + 1)]


def _refinement(value: str, count: int, parameter: str | None, wanted: str, children: list[Refinement]) -> Refinement:
    filters: dict[str, str | float] = {} if parameter is None else {parameter: wanted}
    return Refinement(value=value, count=count, filters=filters, children=children)


@lru_cache(VALUES_KNOWN_MAX)
def _compared(value: _Texts) -> _Texts:
    """Return what a value is compared by. A catalogue has few, and making one takes 3 us a text."""
    return tuple(map(name_key, value))


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
        counts = [_count(several, self._grouped) for several in within]
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
        counts = {least: _count([keys], self._grouped) for least, keys in self._keys.items()}
        return [
            Refinement(value=f"{least:.0f}", count=count, filters={"min_rating": least})
            for least, count in counts.items()
            if count
        ]
