"""Prices as a shopper asks for them: those of the sellers, or in the currency, that a search names, at its moment.

The index keeps one price of an item: the lowest of all sellers in one currency. Where a search asks for another one,
the index gives what may pass its filters, and the offers of those items are compared here (deploy/decisions/0066).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from schemas.queries import Filters
from workers.index.conditions import FiltersNow, FiltersOfOffers
from workers.search.hits import UNSHOWABLE
from workers.search.turned_prices import filters_now, is_within, turned_prices
from workers.state.prices import lowest_price, offers_by, price_now

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from schemas.points import Offer
    from workers.index.interface import Found, Index
    from workers.index.traits import Traits
    from workers.merchandising.factors import Moment
    from workers.search.turned_prices import Turned

WIDER, DEEPER = 2, 4
"""The points that are ranked at first, as a multiple of those that are asked for, and then of the time before."""
READ_POINTS = 256
"""The points whose offers are read between two turns of others, in some 2 ms."""


class Asked(NamedTuple):
    """The search whose prices are compared, and its moment."""

    filters: Filters
    shop_currency: str | None
    now_ms: int


class OfferPrices:
    """An index for one search, in which the price of an item is that of the offers which the search asks for.

    It has all that an index has. Rankings are read on until enough items pass.
    """

    def __init__(self, index: Index, asked: Asked, turned: Turned, *, mixed: bool) -> None:
        """`turned`: the prices of the moment that the index lacks. `mixed`: items have offers in the currency of the
        search and their price in another one."""
        self._index = index
        self._asked = asked
        self._turned = turned
        self._mixed = mixed
        self._prices: dict[tuple[object, object], dict[str, float | None]] = {}
        """The prices that were computed, by sellers and currency. So many offers would be slow to keep and to free."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._index, name)

    async def search_dense(
        self, vector: NDArray[np.float32], filters: Filters, limit: int, score_min: float | None = None
    ) -> list[Found]:
        """Return the nearest points that pass."""

        async def nearest(wide: Filters, points: int) -> list[Found]:
            return await self._index.search_dense(vector, wide, points, score_min)

        return await self._ranked(nearest, filters, limit)

    async def search_terms(
        self, terms: Mapping[str, float], filters: Filters, limit: int, score_min: float | None = None
    ) -> list[Found]:
        """Return the points with these terms that pass."""

        async def saying(wide: Filters, points: int) -> list[Found]:
            return await self._index.search_terms(terms, wide, points, score_min)

        return await self._ranked(saying, filters, limit)

    async def find_exact(self, identifier: str, filters: Filters) -> list[str]:
        """Return the points of this identifier that pass."""
        return await self._passing(await self._index.find_exact(identifier, self._wide(filters)), filters)

    async def browse(self, filters: Filters, limit: int, offset: int) -> list[str]:
        """Return a page of the visible items that pass."""
        if not self._compares(filters):
            return await self._index.browse(self._wide(filters), limit, offset)
        passing: list[str] = []
        async for part in self._parts(filters, []):
            passing += part
            if len(passing) >= offset + limit:
                break
        return passing[offset : offset + limit]

    async def count(self, filters: Filters) -> int:
        """Return how many visible items pass."""
        if not self._compares(filters):
            return await self._index.count(self._wide(filters))
        return sum([len(part) async for part in self._parts(filters, [])])

    async def browse_traits(self, filters: Filters, fields: Sequence[str]) -> AsyncIterator[dict[str, Traits]]:
        """Iterate over the traits of all visible items that pass, with their prices."""
        async for part in self._parts(filters, fields):
            yield await self._priced(part)

    async def traits(self, point_ids: Sequence[str], *, sales: bool = False) -> dict[str, Traits]:
        """Return the traits of the visible points among these, with their prices."""
        return await self._priced(await self._index.traits(point_ids, sales=sales))

    async def _ranked(
        self, ask: Callable[[Filters, int], Awaitable[list[Found]]], filters: Filters, limit: int
    ) -> list[Found]:
        wide = self._wide(filters)
        if not self._compares(filters):
            return await ask(wide, limit)
        points = WIDER * limit
        while True:
            found = await ask(wide, points)
            passing = set(await self._passing([point for point, _ in found], filters))
            kept = [each for each in found if each.point_id in passing]
            if len(kept) >= limit or len(found) < points:
                return kept[:limit]
            points *= DEEPER

    async def _parts(self, filters: Filters, fields: Sequence[str]) -> AsyncIterator[dict[str, Traits]]:
        async for part in self._index.browse_traits(self._wide(filters), fields):
            yield {point: part[point] for point in await self._passing(list(part), filters)}

    async def _passing(self, points: Sequence[str], filters: Filters) -> list[str]:
        """Return the points among these, which pass the wide filters, whose offers pass as well."""
        if not self._compares(filters):
            return list(points)
        prices = await self._prices_of(points, filters)
        return [point for point in points if is_within(prices[point], filters)]

    async def _priced(self, items: Mapping[str, Traits]) -> dict[str, Traits]:
        prices = await self._prices_of(list(items), self._asked.filters)
        currency = self._asked.filters.currency or self._asked.shop_currency
        return {
            point: item._replace(price=prices[point], currency=currency or item.currency)
            for point, item in items.items()
        }

    async def _prices_of(self, points: Sequence[str], filters: Filters) -> Mapping[str, float | None]:
        known = self._prices.setdefault((filters.seller, filters.currency), {})
        missing = [point for point in points if point not in known]
        currency, now_ms = filters.currency or self._asked.shop_currency, self._asked.now_ms
        async for part, offers in _offers_in_parts(self._index, missing):
            known.update({point: _lowest(offers.get(point, ()), filters.seller, currency, now_ms) for point in part})
        return known

    def _compares(self, filters: Filters) -> bool:
        """Return whether the offers decide which items pass these filters."""
        if filters.seller is None and not self._mixed:
            return False
        bounds = (filters.min_price, filters.max_price)
        return bounds != (None, None) or (filters.seller is not None and filters.currency is not None)

    def _wide(self, filters: Filters) -> Filters:
        """Return filters that all items pass which pass these, and that the index can compare."""
        if not self._mixed and filters.seller is None:
            return filters_now(filters, self._turned)
        if self._mixed:
            unbounded = filters.model_copy(update={"min_price": None, "max_price": None})
            return FiltersOfOffers(**unbounded.model_dump())
        upper, turned = filters.model_copy(update={"min_price": None}), tuple(self._turned)
        if upper.max_price is None or not turned:
            return upper  # No seller asks less than the lowest price.
        return FiltersNow(**upper.model_dump(), turned=turned, passing=turned)


async def with_sellers_asked_for(
    index: Index, items: Mapping[str, Traits], asked: Filters, moment: Moment
) -> Mapping[str, Traits]:
    """Return the items with those sellers alone whose own prices pass the filters of a search: what a count by sellers
    counts, since a search for one seller compares its price. Raises Unavailable."""
    if (asked.min_price, asked.max_price, asked.currency) == (None, None, None):
        return items
    offers: dict[str, Sequence[Offer]] = {}
    async for _, read in _offers_in_parts(index, list(items)):
        offers |= read

    def passes(point: str, seller: str) -> bool:
        currency = moment.shop_currency or items[point].currency
        return is_within(_lowest(offers.get(point, ()), (seller,), currency, moment.now_ms), asked)

    return {
        point: item._replace(sellers=tuple(each for each in item.sellers if passes(point, each)))
        for point, item in items.items()
    }


def _lowest(
    offers: Sequence[Offer], sellers: Collection[str] | None, currency: str | None, now_ms: int
) -> float | None:
    """Return the lowest price now; None also for offers that no answer can show."""
    try:
        if currency is None:
            price, _ = price_now(offers_by(offers, sellers), None, now_ms)
        else:
            price = lowest_price(offers, sellers, currency, now_ms)
    except UNSHOWABLE:
        return None
    return price if isinstance(price, int | float) else None


async def _offers_in_parts(
    index: Index, points: Sequence[str]
) -> AsyncIterator[tuple[Sequence[str], Mapping[str, Sequence[Offer]]]]:
    """Iterate over parts of the points and their offers. Others have their turn after each."""
    for start in range(0, len(points), READ_POINTS):
        part = points[start : start + READ_POINTS]
        yield part, await index.offers(part)
        await asyncio.sleep(0)


async def with_prices(index: Index, asked: Asked, *, comparing: bool, ordering: bool = False) -> tuple[Index, Turned]:
    """Return the index of a search, and the prices of the moment that it lacks: one that compares offers if the search
    asks for other prices than the index has.

    `comparing`: the search compares prices. `ordering`: lower ones go first. Raises Unavailable.
    """
    filters = asked.filters
    turned, mixed, currency = await asyncio.gather(
        _turned(index, asked, comparing=comparing),
        _mixed(index, filters.currency, asked.shop_currency),
        _compared_currency(index, asked, comparing=comparing),
    )
    asked = asked._replace(shop_currency=currency)
    if mixed or (filters.seller is not None and (comparing or ordering or filters.currency is not None)):
        return cast("Index", OfferPrices(index, asked, turned, mixed=mixed)), {}
    return index, turned


async def _turned(index: Index, asked: Asked, *, comparing: bool) -> Turned:
    return await turned_prices(index, asked.shop_currency, asked.now_ms) if comparing else {}


async def _compared_currency(index: Index, asked: Asked, *, comparing: bool) -> str | None:
    """Return the currency in which the prices of sellers are compared where the search names none: the shop's, or that
    of all items' prices."""
    if asked.shop_currency is not None or asked.filters.currency is not None or asked.filters.seller is None:
        return asked.shop_currency
    found = await index.currencies() if comparing else []
    return found[0] if len(found) == 1 else None


async def _mixed(index: Index, currency: str | None, shop_currency: str | None) -> bool:
    """Return whether items have offers in this currency and their price in another one."""
    if currency is None:
        return False
    if shop_currency is not None:
        return currency != shop_currency
    with_price, with_offer = Filters(currency=currency), FiltersOfOffers(currency=currency)
    counts = await asyncio.gather(index.count(with_price), index.count(with_offer))
    return counts[0] != counts[1]
