"""A page of the items of some sellers, the cheapest first, from the order that the index has of the items' own prices.

No seller asks less for an item than the lowest price of all sellers. So once the own price of the last item that was
read is above the prices of a whole page, no item that comes later belongs on it, however many there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.index.conditions import FiltersAnd
from workers.index.interface import Found
from workers.search.arranging import Listing
from workers.search.browsing.index_order import PRICES
from workers.search.order.groups import ungrouped

if TYPE_CHECKING:
    from schemas.queries import Filters, SearchRequest
    from workers.search.prices.offer_prices import OfferPrices

FIRST_POINTS, DEEPER, POINTS_MAX = 256, 4, 4_096
"""The least number of points that are read at first, the factor by which more are read if they do not suffice, and the
greatest number."""


async def sellers_page(
    index: OfferPrices, request: SearchRequest, filters: Filters, first_points: int = FIRST_POINTS
) -> Listing | None:
    """Return one page, the cheapest first; None if the first `POINTS_MAX` points in the order of the index do not
    settle it. Raises Unavailable."""
    if request.sort != "price_asc" or request.facets or request.group or not index.is_bounded(filters):
        return None
    end, with_price = request.offset + request.limit, FiltersAnd(**filters.model_dump(), condition=PRICES)
    points = max(first_points, 2 * end)
    while points <= POINTS_MAX:
        cheapest = await index.browse_by(PRICES.field, with_price, points, descending=False)
        asked = await index.traits(cheapest)
        priced = sorted((item.price, point) for point, item in asked.items() if item.price is not None)
        if len(cheapest) < points:
            return await _listed(index, request, filters, priced) if len(priced) >= end else None
        own = await index.own_price(cheapest[-1])
        if own is not None and len(priced) >= end and priced[end - 1][0] < own:
            return await _listed(index, request, filters, priced)
        points *= DEEPER
    return None


async def _listed(
    index: OfferPrices, request: SearchRequest, filters: Filters, priced: list[tuple[float, str]]
) -> Listing:
    page = [Found(point, 0.0) for _, point in priced[request.offset : request.offset + request.limit]]
    total = await index.count(filters)
    return Listing(ungrouped(page), total, total, True, {}, True, [], {})
