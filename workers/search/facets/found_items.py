"""Reads the values of found items by which a search sorts, groups and counts them: columns, and traits where needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from workers.index.columns import columns_of, is_told
from workers.search.facets.facet_counts import COLUMN_OF

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from schemas.queries import SearchRequest
    from workers.index.columns import Columns
    from workers.index.interface import Index
    from workers.index.traits import Traits
    from workers.search.facets.drill_down import FoundSet, FoundSets
    from workers.search.order.cheap import PricedItem
    from workers.search.order.ordering import Ordering
    from workers.search.prices.turned_prices import Turned


class FoundItems(NamedTuple):
    """The visible items among those that a search found, at the prices of its moment."""

    columns: Columns
    traits: Mapping[str, Traits]
    """The traits of the points for which columns do not do, which may be none."""

    def to_order(self, points: Iterable[str], ordering: Ordering) -> Mapping[str, PricedItem]:
        """Return the prices of these points, or the traits where an order needs them."""
        return self.columns.prices(points) if ordering.needs_prices_alone else self.traits

    def places_in(self, found: FoundSet) -> NDArray[np.intp]:
        """Return the places of the items of a set that satisfy its conditions."""
        points = [point for point in found.points if point in self.columns.places]
        for condition in found.narrowed_by:
            if not is_told(condition):
                points = [point for point in points if condition.holds(self.traits[point].__getattribute__, point)]
        places = self.columns.places_of(points)
        told = [condition for condition in found.narrowed_by if is_told(condition)]
        return places[self.columns.satisfying_all(told)[places]] if told else places


async def found_items(
    index: Index, request: SearchRequest, sets: FoundSets, turned: Turned, ordering: Ordering
) -> FoundItems:
    """Return the values that a search needs of the items that it found. Raises Unavailable."""
    points, whole = sets.points, _needs_traits(request, sets)
    needed = points if whole else [] if ordering.needs_prices_alone else [point for point, _ in sets.ranked.head]
    if needed and index.is_remote:  # One request gives all, columns too.
        traits = await index.traits(points, sales=ordering.needs_sales)
        return FoundItems(columns_of(traits).turned(turned), traits)
    traits = await index.traits(needed, sales=ordering.needs_sales) if needed else {}
    # An item may be hidden between the two questions.
    columns = await index.columns([point for point in points if point in traits] if whole else points)
    return FoundItems(columns.turned(turned), traits)


def compares_offers(name: str, request: SearchRequest) -> bool:
    """Return whether a field is counted by the offers of each item: sellers, where prices are bounded."""
    return name == "seller" and (request.min_price, request.max_price, request.currency) != (None, None, None)


def _needs_traits(request: SearchRequest, sets: FoundSets) -> bool:
    """Return whether a search sorts, groups or counts by what columns do not have."""
    return (
        request.group
        or request.sort != "relevance"
        or any(name not in COLUMN_OF or compares_offers(name, request) for name in request.facets)
        or not all(is_told(condition) for found in sets.counted.values() for condition in found.narrowed_by)
    )
