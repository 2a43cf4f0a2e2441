"""The prices of one moment: those that a filter, an order and a hit show must be the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.points import point_id
from schemas.queries import SearchRequest
from workers.index.conditions import FiltersNow
from workers.search.hits import UNSHOWABLE
from workers.state.prices import price_now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.points import Payload
    from schemas.queries import Filters
    from workers.index.interface import Index

    Turned = Mapping[str, float | None]
    """The prices now of the points whose sale window has turned and whose stored price is still the one before."""

TURNED_MAX = 1_000
"""The most such points of one search, some 20 us each. The sale lane reprices them within a quarter of a second; in
that time more than these are found by the price before."""
PRICE_SORTS = ("price_asc", "price_desc")


def compares_prices(asked: Filters) -> str | None:
    """Return the first parameter of a search, or of filters, for which prices are compared; None if there is none."""
    for bound in ("min_price", "max_price"):
        if getattr(asked, bound) is not None:
            return bound
    if not isinstance(asked, SearchRequest):
        return None
    if asked.sort in PRICE_SORTS:
        return "sort"
    return "facets" if "price" in asked.facets else None


async def turned_prices(index: Index, shop_currency: str | None, now_ms: int) -> Turned:
    """Return the prices at `now_ms` of the points whose stored price is of an earlier moment. Raises Unavailable."""
    due = await index.due_price_changes(None, now_ms, TURNED_MAX)
    return {point_id(payload["product_id"]): _price(payload, shop_currency, now_ms) for payload in due}


def filters_now(filters: Filters, turned: Turned) -> Filters:
    """Return the filters with bounds on the prices of the moment instead of the stored ones."""
    if not turned or (filters.min_price, filters.max_price) == (None, None):
        return filters
    passing = tuple(point for point, price in turned.items() if is_within(price, filters))
    return FiltersNow(**filters.model_dump(), turned=tuple(turned), passing=passing)


def _price(payload: Payload, shop_currency: str | None, now_ms: int) -> float | None:
    """Return the price now; None for a point that no answer can show either."""
    try:
        return price_now(payload["offers"], shop_currency, now_ms)[0]
    except UNSHOWABLE:
        return None


def is_within(price: float | None, filters: Filters) -> bool:
    """Return whether there is a price and it is within the bounds of the filters."""
    least, most = filters.min_price, filters.max_price
    return price is not None and (least is None or price >= least) and (most is None or price <= most)
