"""Prices as a shopper asks for them: those of the sellers, or in the currency, that a search names, at its moment.

The index keeps one price of an item: the lowest of all sellers in one currency. Where a search asks for another one,
the index gives what may pass its filters, and the offers of those items are compared here (deploy/decisions/0066).
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from workers.index.conditions import FiltersNow, FiltersOfOffers
from workers.index.price_lists import lowest_by_seller, lowest_listed
from workers.search.prices.turned_prices import filters_now, is_within

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from schemas.queries import Filters
    from workers.index.columns import Columns
    from workers.index.interface import Found, Index
    from workers.index.price_lists import PriceList
    from workers.index.traits import Traits
    from workers.merchandising.factors import Moment
    from workers.search.prices.turned_prices import Turned

SHARE_AT_FIRST = 0.6
"""The share of the points of a ranking that is taken to pass before one was read."""
SPARE = 1.2
"""The points that are ranked, as a multiple of those that would be needed if as many passed as of those before."""
DEEPER_MAX = 8
"""The most points that are ranked, as a multiple of those of the time before."""
READ_POINTS = 512
"""The points whose prices are read between two turns of others: in 0.4 ms if they are known, else in some 3."""


class Asked(NamedTuple):
    """The search whose prices are compared, and its moment."""

    filters: Filters
    currency: str | None
    """The currency in which prices are compared; None if no item has a price."""
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
        """The prices that were computed, by sellers and currency."""
        self._share = SHARE_AT_FIRST
        """The share of the points of a ranking that passes, by the last one that was read."""

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

    async def count_candidates(self, filters: Filters) -> int:
        """Return how many visible items may pass: those whose offers a count compares."""
        return await self._index.count(self._wide(filters))

    async def browse_traits(self, filters: Filters, fields: Sequence[str]) -> AsyncIterator[dict[str, Traits]]:
        """Iterate over the traits of all visible items that pass, with their prices."""
        async for part in self._parts(filters, fields):
            yield await self._priced(part)

    async def traits(self, point_ids: Sequence[str], *, sales: bool = False) -> dict[str, Traits]:
        """Return the traits of the visible points among these, with their prices."""
        return await self._priced(await self._index.traits(point_ids, sales=sales))

    async def columns(self, point_ids: Sequence[str]) -> Columns:
        """Return the columns of the visible points among these, with their prices."""
        columns = await self._index.columns(point_ids)
        prices = await self._prices_of(list(columns.places), self._asked.filters)
        return columns.priced(prices, self._asked.currency)

    def is_bounded(self, filters: Filters) -> bool:
        """Return whether all items that pass the filters of the index pass these, and their own prices are lower bounds
        of those that are asked for."""
        return not self._mixed and not self._turned and not self._compares(filters)

    async def own_price(self, point_id: str) -> float | None:
        """Return the price that the index has of a visible point."""
        item = (await self._index.traits([point_id])).get(point_id)
        return None if item is None else item.price

    async def _ranked(
        self, ask: Callable[[Filters, int], Awaitable[list[Found]]], filters: Filters, limit: int
    ) -> list[Found]:
        wide = self._wide(filters)
        if not self._compares(filters):
            return await ask(wide, limit)
        points = limit
        while True:
            points = self._points_for(limit, points)
            found = await ask(wide, points)
            passing = set(await self._passing([point for point, _ in found], filters))
            kept = [each for each in found if each.point_id in passing]
            if len(kept) >= limit or len(found) < points:
                return kept[:limit]
            self._share = len(kept) / len(found)

    def _points_for(self, limit: int, before: int) -> int:
        """Return how many points of a ranking are to be read for so many to pass. `before`: that of the time before."""
        wanted = SPARE * limit / self._share if self._share else math.inf
        return round(min(max(wanted, before), DEEPER_MAX * before))

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
        prices, currency = await self._prices_of(list(items), self._asked.filters), self._asked.currency
        return {point: item.priced(prices[point], currency) for point, item in items.items()}

    async def _prices_of(self, points: Sequence[str], filters: Filters) -> Mapping[str, float | None]:
        sellers, currency = filters.seller, filters.currency or self._asked.currency
        known = self._prices.setdefault((sellers, currency), {})
        missing = [point for point in points if point not in known]
        async for part, lists in _lists_in_parts(self._index, missing):
            for point in part:
                known[point] = lowest_listed(lists.get(point, ()), sellers, currency, self._asked.now_ms)
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
    sold: dict[str, Traits] = {}
    async for part, lists in _lists_in_parts(index, list(items)):
        for point in part:
            item = items[point]
            currency = moment.shop_currency or item.currency
            lowest = lowest_by_seller(lists.get(point, ()), currency, moment.now_ms)
            passing = tuple([each for each in item.sellers if is_within(lowest.get(each), asked)])
            sold[point] = item if len(passing) == len(item.sellers) else item._replace(sellers=passing)
    return sold


async def _lists_in_parts(
    index: Index, points: Sequence[str]
) -> AsyncIterator[tuple[Sequence[str], Mapping[str, PriceList]]]:
    """Iterate over parts of the points and the prices of their offers. Others have their turn after each."""
    for start in range(0, len(points), READ_POINTS):
        part = points[start : start + READ_POINTS]
        yield part, await index.prices(part)
        await asyncio.sleep(0)
