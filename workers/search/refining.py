"""Counts the refinements of what is found: the values of a field, each with how many items have it."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from schemas.currencies import DECIMALS
from schemas.refinements import ATTRIBUTE, Refinement
from schemas.texts import attribute_values, name_key
from workers.search.price_ranges import price_ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

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


def refinements(name: str, counted: Sequence[CountedItem]) -> list[Refinement]:
    """Return the refinements of one field of `schemas.refinements`: values most frequent first, ranges in order."""
    match name:
        case "price":
            return _prices(counted)
        case "rating":
            return _ratings(counted)
        case "category":
            said = _by_value((item.category, key) for item, _, key in counted)
            return _tree(said, _levels, name)
        case "brand":
            return _tree(_by_value((_one(item.brand), key) for item, _, key in counted), _each, name)
        case "seller":
            return _tree(_by_value((item.sellers, key) for item, _, key in counted), _each, name, exact=True)
        case "availability":
            return _tree(_by_value((_one(item.availability), key) for item, _, key in counted), _each, name)
    attribute = name.removeprefix(ATTRIBUTE)
    said = _by_value((tuple(attribute_values(item.attributes.get(attribute))), key) for item, _, key in counted)
    # A filter is NAME:VALUE, so it cannot say a name that has a colon itself.
    return _tree(said, _each, None if ":" in attribute else "attribute", prefix=f"{attribute}:")


def _by_value(said: Iterable[tuple[_Texts, str]]) -> Mapping[_Texts, list[str]]:
    """Return the keys of the items that have the same texts. Found items have few different ones."""
    by_value: dict[_Texts, list[str]] = defaultdict(list)
    for texts, key in said:
        by_value[texts].append(key)
    return by_value


def _one(text: str | None) -> _Texts:
    return (text,) if text else ()


def _each(texts: _Texts) -> list[_Texts]:
    """Return each text as a value by itself."""
    return [(text,) for text in texts]


def _levels(category: _Texts) -> list[_Texts]:
    """Return each level of a category with those above it."""
    return [category[:depth] for depth in range(1, len(category) + 1)]


def _tree(
    said: Mapping[_Texts, list[str]],
    values_of: Callable[[_Texts], list[_Texts]],
    parameter: str | None,
    *,
    exact: bool = False,
    prefix: str = "",
) -> list[Refinement]:
    """Return the values, those of a level below the one above, each as most items write it.

    `said`: the keys of the items by their texts; `values_of`: the values that texts are. `exact`: whether names that
    differ in case are two. `prefix`: what a filter has before the value.
    """
    counted: dict[_Texts, set[str]] = defaultdict(set)
    written: dict[_Texts, Counter[str]] = defaultdict(Counter)
    for texts, keys in said.items():
        for value in values_of(texts):
            compared = value if exact else _compared(value)
            counted[compared].update(keys)
            written[compared][value[-1]] += len(keys)
    shown = {value: min(texts, key=lambda text: (-texts[text], text)) for value, texts in written.items()}
    below: dict[_Texts, list[_Texts]] = defaultdict(list)
    for value in shown:
        below[value[:-1]].append(value)

    def level(parent: _Texts) -> list[Refinement]:
        best = sorted(below[parent], key=lambda value: (-len(counted[value]), shown[value]))[:VALUES_MAX]
        return [
            _refinement(shown[each], len(counted[each]), parameter, f"{prefix}{shown[each]}", level(each))
            for each in best
        ]

    return level(())


def _refinement(value: str, count: int, parameter: str | None, wanted: str, children: list[Refinement]) -> Refinement:
    filters: dict[str, str | float] = {} if parameter is None else {parameter: wanted}
    return Refinement(value=value, count=count, filters=filters, children=children)


@lru_cache(VALUES_KNOWN_MAX)
def _compared(value: _Texts) -> _Texts:
    """Return what a value is compared by. A catalogue has few, and making one takes 3 us a text."""
    return tuple(map(name_key, value))


def _prices(counted: Sequence[CountedItem]) -> list[Refinement]:
    currency = next((each.item.currency for each in counted if each.item.currency is not None), "")
    decimals = DECIMALS.get(currency, DECIMALS_USUAL)
    ranges = price_ranges([price for _, price, _ in counted if price is not None], decimals)
    starts = [-inf if each.least is None else each.least for each in ranges]
    keys: list[set[str]] = [set() for _ in ranges]
    for _, price, key in counted:
        if price is not None:
            keys[bisect_right(starts, price) - 1].add(key)
    found = [_range(*each, len(of_range)) for each, of_range in zip(ranges, keys, strict=True)]
    return [each for each in found if each.filters]  # One range of all prices would narrow nothing.


def _range(least: float | None, most: float | None, count: int) -> Refinement:
    bounds = {"min_price": least, "max_price": most}
    filters: dict[str, str | float] = {name: bound for name, bound in bounds.items() if bound is not None}
    value = "-".join("" if bound is None else f"{bound:.15g}" for bound in (least, most))
    return Refinement(value=value, count=count, filters=filters)


def _ratings(counted: Sequence[CountedItem]) -> list[Refinement]:
    rated = [(item.rating, key) for item, _, key in counted if item.rating is not None]
    counts = {least: len({key for rating, key in rated if rating >= least}) for least in RATINGS}
    return [
        Refinement(value=f"{least:.0f}", count=count, filters={"min_rating": least})
        for least, count in counts.items()
        if count
    ]
