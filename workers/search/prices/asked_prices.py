"""Finds out which prices a search asks for: those of the index, or those of some offers, and in which currency."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, cast

from schemas.queries import Filters
from workers.search.prices.currency import compared_currency
from workers.search.prices.offer_prices import Asked, OfferPrices
from workers.search.prices.turned_prices import compares_prices, turned_prices

if TYPE_CHECKING:
    from workers.index.interface import Index
    from workers.search.prices.turned_prices import Turned


class Priced(NamedTuple):
    """An index with the prices that a search asks for."""

    of: Index
    turned: Turned
    """The prices of the moment that it lacks."""
    currency: str | None
    """The currency of the prices that are compared and shown; None if each item has its own."""


async def with_prices(
    index: Index, asked: Filters, shop_currency: str | None, now_ms: int, *, ordering: bool = False
) -> Priced:
    """Return the index of a search: one that compares offers if the search asks for other prices than the index has.

    `asked`: the search, or its filters. `ordering`: lower prices go first among the best hits. Raises Unavailable, and
    RefusedRequest if prices of several currencies would be compared.
    """
    comparing = compares_prices(asked) is not None
    turned, mixed, currency = await asyncio.gather(
        _turned(index, shop_currency, now_ms, comparing=comparing),
        _mixed(index, asked.currency, shop_currency),
        compared_currency(index, asked, shop_currency, ordering=ordering),
    )
    shown = currency if comparing else asked.currency or shop_currency
    filters = Filters(**asked.model_dump(include=set(Filters.model_fields)))
    if mixed or (asked.seller is not None and (comparing or ordering or asked.currency is not None)):
        offers = OfferPrices(index, Asked(filters, currency, now_ms), turned, mixed=mixed)
        return Priced(cast("Index", offers), {}, shown)
    return Priced(index, turned, shown)


async def _turned(index: Index, shop_currency: str | None, now_ms: int, *, comparing: bool) -> Turned:
    return await turned_prices(index, shop_currency, now_ms) if comparing else {}


async def _mixed(index: Index, currency: str | None, shop_currency: str | None) -> bool:
    """Return whether items have offers in this currency and their price in another one."""
    if currency is None or currency == shop_currency:
        return False
    return shop_currency is not None or await index.has_other_prices(currency)
