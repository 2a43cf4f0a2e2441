"""Arranges all items that pass the filters of a search without a query: sorted, grouped and counted, however many.

They are read a part at a time, in the order of the index, and others have their turn on the event loop in between.
Nothing is kept of them but the page and the counts (deploy/decisions/0063).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from schemas.errors import RefusedRequest
from workers.search.arranging import Listing
from workers.search.browsing.first_items import FirstGroups, FirstItems
from workers.search.browsing.index_order import EQUAL_MAX, is_indexed, ordered_page
from workers.search.browsing.sellers_order import sellers_page
from workers.search.facets.drill_down import ALL_FILTERS
from workers.search.facets.facet_counts import tally
from workers.search.facets.value_tallies import CountedItem
from workers.search.order.diversity import with_diversity
from workers.search.order.groups import group_key
from workers.search.order.ordering import BROWSED_HEAD_POINTS, browsed, in_order
from workers.search.order.pinning import placed, with_pins
from workers.search.order.sorting import fields_of, sort_keys
from workers.search.prices.offer_prices import OfferPrices, with_sellers_asked_for
from workers.search.retrieval.retrievers import Ranked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.queries import Filters, SearchRequest
    from workers.index.interface import Index
    from workers.index.traits import Traits
    from workers.merchandising.factors import Moment
    from workers.search.facets.facet_counts import Tally
    from workers.search.order.ordering import Ordering
    from workers.search.order.pinning import Pin
    from workers.search.prices.turned_prices import Turned


TALLY_FIELDS = {
    "brand": ("brand",),
    "category": ("category",),
    "seller": ("sellers",),
    "availability": ("availability",),
    "price": ("price", "currency"),
    "rating": ("rating",),
}
"""The fields of a payload by which items are counted; attributes are all in one field."""
GROUP_FIELDS = ("product_id", "item_group_id")


class BrowseBounds(NamedTuple):
    """The bounds on the items that a search without a query reads."""

    items_max: int = 100_000
    """The most items that pass the filters, if they are to be sorted, grouped or counted."""
    equal_max: int = EQUAL_MAX
    """The most items of one price or rating that are put in order for a page of an order that the index has."""


BOUNDS = BrowseBounds()


async def browsed_listing(
    index: Index,
    request: SearchRequest,
    several: Mapping[str, Filters],
    turned: Turned,
    ordering: Ordering,
    bounds: BrowseBounds = BOUNDS,
) -> Listing:
    """Return one page of all items that pass the filters, and the refinements.

    `several`: all filters under ALL_FILTERS, and by facet those without its own ones. Raises RefusedRequest if more
    than `bounds.items_max` pass and the index alone cannot say the page, and Unavailable.
    """
    listing = await _indexed_page(index, request, several[ALL_FILTERS], turned, bounds)
    if listing is not None:
        return listing
    await _check_numbers(index, request, several, bounds.items_max)
    order = await _order(index, request, several[ALL_FILTERS], turned, ordering)
    page = (FirstGroups if request.group else FirstItems)(request.offset + request.limit + len(order.pins))
    tallies = {name: tally(name, grouped=request.group) for name in request.facets}
    for name, filters in several.items():
        own = {facet: each for facet, each in tallies.items() if (facet if facet in several else ALL_FILTERS) == name}
        shown = (page, order) if name == ALL_FILTERS else None
        await _read(index, filters, own, shown, _Counting(request, ordering.moment, turned))
    groups = placed(page.groups(order.scores), order.pins, [])
    facets = {name: each.refinements() for name, each in tallies.items()}
    end = request.offset + request.limit
    listed = groups[request.offset : end]
    return Listing(listed, page.total, page.total_items, True, facets, True, order.pins, order.teams)


async def _indexed_page(
    index: Index, request: SearchRequest, filters: Filters, turned: Turned, bounds: BrowseBounds
) -> Listing | None:
    if isinstance(index, OfferPrices):
        return await sellers_page(index, request, filters)
    return (
        await ordered_page(index, request, filters, bounds.equal_max) if is_indexed(request, filters, turned) else None
    )


async def _check_numbers(index: Index, request: SearchRequest, several: Mapping[str, Filters], items_max: int) -> None:
    if any(await asyncio.gather(*(_exceed(index, filters, items_max) for filters in several.values()))):
        field = "facets" if request.facets else "group" if request.group else "sort"
        raise RefusedRequest(
            field,
            f"more than {items_max:,} items pass the filters, which is too many for it: add a filter or a query",
        )


async def _exceed(index: Index, filters: Filters, items_max: int) -> bool:
    # Where offers are compared, an exact count reads as many of them as what it guards.
    if isinstance(index, OfferPrices) and await index.count_candidates(filters) <= items_max:
        return False
    return await index.count(filters) > items_max


async def _read(
    index: Index,
    filters: Filters,
    tallies: Mapping[str, Tally],
    shown: tuple[FirstItems, _Order] | None,
    counting: _Counting,
) -> None:
    """Count all items that pass these filters, and add them to the page if they are to be shown."""
    fields = {field for name in tallies for field in TALLY_FIELDS.get(name, ("attributes",))}
    if shown is not None:
        fields |= set(shown[1].fields)
    if counting.request.group:
        fields |= set(GROUP_FIELDS)
    async for part in index.browse_traits(filters, sorted(fields)):
        keys = [group_key(point, item) for point, item in part.items()] if counting.request.group else list(part)
        counted = counting.counted(part, keys) if tallies else []
        for name, each in tallies.items():
            each.add(counted if name != "seller" else counting.counted(await counting.sold(index, part), keys))
        if shown is not None:
            page, order = shown
            page.add(part, keys, order.places_of(part, page.total_items))


class _Counting(NamedTuple):
    """The search whose items are counted, and its prices."""

    request: SearchRequest
    moment: Moment
    turned: Turned

    def counted(self, part: Mapping[str, Traits], keys: Sequence[str]) -> list[CountedItem]:
        """Return the items as they are counted, each with its key."""
        return [
            CountedItem(item, self.turned.get(point, item.price), key)
            for key, (point, item) in zip(keys, part.items(), strict=True)
        ]

    async def sold(self, index: Index, part: Mapping[str, Traits]) -> Mapping[str, Traits]:
        """Return the items with the sellers by which they are counted."""
        return await with_sellers_asked_for(index, part, self.request, self.moment)


class _Order(NamedTuple):
    """The order of the items that pass the filters."""

    request: SearchRequest
    places: Mapping[str, int]
    """The places in the order of relevance of those points that it does not leave as the index has them."""
    scores: Mapping[str, float]
    pins: list[Pin]
    teams: Mapping[str, str]
    turned: Turned

    @property
    def fields(self) -> Sequence[str]:
        """The fields of a payload that items are sorted by."""
        return fields_of(self.request.sort)

    def places_of(self, part: Mapping[str, Traits], before: int) -> list[tuple[float, ...]]:
        """Return the values that these items are sorted by, the lowest first. `before` items were read before them."""
        sort = self.request.sort
        if sort == "relevance":
            later = len(self.places) + before
            return [(self.places.get(point, later + number),) for number, point in enumerate(part)]
        return sort_keys(sort, part, self.turned)


async def _order(index: Index, request: SearchRequest, filters: Filters, turned: Turned, ordering: Ordering) -> _Order:
    """Return the order that is asked for. Weights and rules decide the order of the first items; pins come
    before all."""
    if request.sort != "relevance" or (ordering.changes_nothing and not request.diversity):
        return _Order(request, {}, {}, [], {}, turned)
    first = browsed(await index.browse(filters, BROWSED_HEAD_POINTS, 0), weighed=ordering.needs_traits)
    ranked = await with_diversity(index, await in_order(index, first, ordering), request.diversity)
    _, pins = await with_pins(index, Ranked([], [], []), ordering.rules.pins, filters)
    places = {point: place for place, (point, _) in enumerate(ranked.head)}
    places |= {pin.point_id: place - len(pins) for place, pin in enumerate(pins)}
    return _Order(request, places, dict(ranked.head), pins, ranked.teams, turned)
