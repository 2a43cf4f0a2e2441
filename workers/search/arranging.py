"""Arranges all that a search found: sorted, grouped, and counted by the values of its items."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from workers.search.facets.drill_down import ALL_FILTERS
from workers.search.facets.facet_counts import COLUMN_OF, column_refinements, refinements
from workers.search.facets.found_items import compares_offers, found_items
from workers.search.facets.value_tallies import CountedItem
from workers.search.order.diversity import with_diversity
from workers.search.order.groups import group_key, grouped, ungrouped
from workers.search.order.ordering import BROWSED_HEAD_POINTS, browsed, in_order
from workers.search.order.pinning import pinned_first, placed, with_pins
from workers.search.order.sorting import in_order_of
from workers.search.prices.offer_prices import with_sellers_asked_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.queries import Filters, SearchRequest
    from schemas.refinements import Refinement
    from workers.index.interface import Index
    from workers.index.traits import Traits
    from workers.merchandising.factors import Moment
    from workers.search.facets.drill_down import FoundSets
    from workers.search.facets.found_items import FoundItems
    from workers.search.order.groups import Group
    from workers.search.order.ordering import Ordering
    from workers.search.order.pinning import Pin
    from workers.search.prices.turned_prices import Turned
    from workers.search.retrieval.retrievers import Ranked


class Listing(NamedTuple):
    """A page of the results, not rendered yet."""

    groups: list[Group]
    total: int
    found: int
    """The number of items that the search finds by itself: those that a pin alone shows are none of them."""
    is_exact: bool
    facets: dict[str, list[Refinement]]
    facets_are_exact: bool
    pins: list[Pin]
    teams: Mapping[str, str]
    """The ranking that a point came from, where two are compared."""


def arranges(request: SearchRequest) -> bool:
    """Return whether a page cannot be made without all that is found."""
    return bool(request.facets) or request.group or request.sort != "relevance"


async def browsed_page(index: Index, request: SearchRequest, filters: Filters, ordering: Ordering) -> Listing:
    """Return one page of all items that pass the filters. Raises Unavailable."""
    end = request.offset + request.limit
    if ordering.changes_nothing and not request.diversity:
        passing, total = await _browsed_and_counted(index, filters, request.limit, request.offset)
        return Listing(ungrouped(browsed(passing, weighed=False).whole), total, total, True, {}, True, [], {})
    passing, total = await _browsed_and_counted(index, filters, max(BROWSED_HEAD_POINTS, end), 0)
    ranked = browsed(passing, weighed=ordering.needs_traits)
    groups, pins, teams = await ordered_groups(index, ranked, filters, ordering, request.diversity)
    return Listing(groups[request.offset : end], total, total, True, {}, True, pins, teams)


async def _browsed_and_counted(index: Index, filters: Filters, limit: int, offset: int) -> tuple[list[str], int]:
    """Return a page of the items that pass the filters, and their number. A server is asked for both at once."""
    passing, total = await asyncio.gather(index.browse(filters, limit, offset), index.count(filters))
    return passing, total


async def ordered_groups(
    index: Index, ranked: Ranked, filters: Filters, ordering: Ordering, diversity: float = 0.0
) -> tuple[list[Group], list[Pin], Mapping[str, str]]:
    """Return the found items in the order of the search, each by itself; its pins and teams. Raises Unavailable."""
    ordered = await with_diversity(index, await in_order(index, ranked, ordering), diversity)
    whole, pins = await with_pins(index, ordered, ordering.rules.pins, filters)
    return placed(ungrouped(pinned_first(whole, pins)), pins, whole.exact), pins, whole.teams


async def arranged(
    index: Index, request: SearchRequest, sets: FoundSets, turned: Turned, ordering: Ordering
) -> Listing:
    """Return one page of the set that is found with all filters, and the refinements. Raises Unavailable."""
    items = await found_items(index, request, sets, turned, ordering)
    head = [point for point, _ in sets.ranked.head] if ordering.needs_traits else []
    found = ordering.ordered(sets.ranked, items.to_order(head, ordering))
    found = await with_diversity(index, found, request.diversity)
    # Items that were hidden meanwhile are neither shown nor counted.
    ranked = [each for each in pinned_first(found, sets.pins) if each.point_id in items.columns.places]
    ordered = in_order_of(request.sort, ranked, items.traits, turned)
    groups = placed(grouped(ordered, items.traits) if request.group else ungrouped(ordered), sets.pins, found.exact)
    return Listing(
        groups[request.offset : request.offset + request.limit],
        len(groups),
        sets.found,
        sets.counted[ALL_FILTERS].is_exact,
        await _facets(index, request, sets, items, turned, ordering.moment),
        all(each.is_exact for each in sets.counted.values()),
        sets.pins,
        found.teams,
    )


async def _facets(
    index: Index, request: SearchRequest, sets: FoundSets, items: FoundItems, turned: Turned, moment: Moment
) -> dict[str, list[Refinement]]:
    places = {name: items.places_in(found) for name, found in sets.counted.items()}
    points = list(items.columns.places)
    facets: dict[str, list[Refinement]] = {}
    for name in request.facets:
        of_set = places.get(name, places[ALL_FILTERS])
        if name in COLUMN_OF and not request.group and not compares_offers(name, request):
            facets[name] = column_refinements(name, items.columns, of_set)
            continue
        among: Mapping[str, Traits] = {points[place]: items.traits[points[place]] for place in of_set.tolist()}
        if name == "seller":
            among = await with_sellers_asked_for(index, among, request, moment)
        facets[name] = refinements(name, _counted(among, turned, grouped=request.group))
    return facets


def _counted(items: Mapping[str, Traits], turned: Turned, *, grouped: bool) -> list[CountedItem]:
    return [
        CountedItem(item, turned.get(point, item.price), group_key(point, item) if grouped else point)
        for point, item in items.items()
    ]
