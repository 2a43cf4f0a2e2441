"""Sorting: the order of what is found, by a value of the items. Items without the value come last."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from schemas.refinements import ATTRIBUTE
from workers.merchandising.factors import number_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.queries import SortBy
    from workers.index.interface import Found
    from workers.index.traits import Traits
    from workers.search.prices.turned_prices import Turned

SORT_FIELDS: Mapping[SortBy, tuple[str, ...]] = {
    "relevance": (),
    "price_asc": ("price",),
    "price_desc": ("price",),
    "rating": ("rating", "review_count"),
    "newest": ("updated_at_ms",),
}
"""The fields of a payload that an order of this name compares."""
OF_ATTRIBUTES = ("attributes",)
LAST = (inf,)
"""The key of an item without the value. Values are finite."""


def in_order_of(sort: SortBy, found: Sequence[Found], traits: Mapping[str, Traits], turned: Turned) -> list[Found]:
    """Return the points in this order; equal ones, and those without the value, stay in the order in which they are.

    `traits` has those of all the points. `turned`: prices that go before those of the traits.
    """
    if sort == "relevance":
        return list(found)
    keys = sort_keys(sort, {point: traits[point] for point, _ in found}, turned)
    return [found[place] for place in sorted(range(len(found)), key=keys.__getitem__)]


def fields_of(sort: SortBy) -> tuple[str, ...]:
    """Return the fields of a payload that an order compares."""
    return SORT_FIELDS.get(sort, OF_ATTRIBUTES)


def sort_keys(sort: SortBy, items: Mapping[str, Traits], turned: Turned) -> list[tuple[float, ...]]:
    """Return the numbers to sort each item by, the lowest first. `turned` as above."""
    if sort.startswith(ATTRIBUTE):
        name = sort.removeprefix(ATTRIBUTE)
        numbers = [number_in(item.attributes.get(name)) for item in items.values()]
        return [LAST if number is None else (-number,) for number in numbers]
    if sort == "rating":
        rated = [(item.rating, item.review_count) for item in items.values()]
        return [LAST if rating is None else (-rating, -count) for rating, count in rated]
    if sort == "newest":
        return [LAST if item.changed_at_ms is None else (-item.changed_at_ms,) for item in items.values()]
    prices = [turned.get(point, item.price) for point, item in items.items()]
    if sort == "price_asc":
        return [LAST if price is None else (price,) for price in prices]
    return [LAST if price is None else (-price,) for price in prices]
