"""A page of all items that pass the filters in the order of a number that the index has an index of.

It costs a page, however many items pass. Qdrant returns equal values in any order and omits items without the number
(docs/traps.md), so each of these groups is queried separately.
"""

from __future__ import annotations

import asyncio
import math
import sys
from typing import TYPE_CHECKING, NamedTuple

from schemas.event_numbers import PRICE_BELOW
from workers.index.conditions import FiltersAnd, FiltersNow, Lacks, Within
from workers.index.interface import Found
from workers.search.arranging import Listing
from workers.search.order.groups import ungrouped
from workers.search.order.sorting import in_order_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.queries import Filters, SearchRequest, SortBy
    from workers.index.interface import Index
    from workers.search.prices.turned_prices import Turned


EQUAL_MAX = 2_000
"""The most items of one price or rating that are put in order for a page. Where there are more, all items are read."""


class _IndexedOrder(NamedTuple):
    """An order by a field, and the numbers in it that an order compares: the others count as none."""

    within: Within
    descending: bool


PRICES = Within("price", 0, math.nextafter(PRICE_BELOW, 0))
"""The prices that an order compares."""
_INDEXED: Mapping[SortBy, _IndexedOrder] = {
    "price_asc": _IndexedOrder(PRICES, descending=False),
    "price_desc": _IndexedOrder(PRICES, descending=True),
    "rating": _IndexedOrder(Within("rating", -sys.float_info.max, sys.float_info.max), descending=True),
}


def is_indexed(request: SearchRequest, filters: Filters, turned: Turned) -> bool:
    """Return whether the index has the order of a search, which needs nothing of the items but their places.

    While prices have turned and are not written yet it has another one.
    """
    prices_turn = bool(turned) or isinstance(filters, FiltersNow)
    return request.sort in _INDEXED and not request.facets and not request.group and not prices_turn


async def ordered_page(
    index: Index, request: SearchRequest, filters: Filters, equal_max: int = EQUAL_MAX
) -> Listing | None:
    """Return one page in an order that the index has; None if too many are equal at its end. Raises Unavailable."""
    order, end = _INDEXED[request.sort], request.offset + request.limit
    field, with_number = order.within.field, _and(filters, order.within)
    total, points = await asyncio.gather(
        index.count(filters), index.browse_by(field, with_number, end, descending=order.descending)
    )
    traits = await index.traits(points)
    if len(points) == end and points[-1] in traits:
        number = getattr(traits[points[-1]], field)
        equal = await index.browse(_and(filters, Within(field, number, number)), equal_max + 1, 0)
        if len(equal) > equal_max:
            return None
        traits |= await index.traits([point for point in equal if point not in traits])
    ordered = in_order_of(request.sort, [Found(point, 0.0) for point in sorted(traits)], traits, {})
    if len(ordered) < end:
        without = await index.browse(_and(filters, Lacks(order.within)), end - len(ordered), 0)
        ordered = [*ordered, *(Found(point, 0.0) for point in without)]
    return Listing(ungrouped(ordered[request.offset : end]), total, total, True, {}, True, [], {})


def _and(filters: Filters, condition: Within | Lacks) -> Filters:
    return FiltersAnd(**filters.model_dump(), condition=condition)
