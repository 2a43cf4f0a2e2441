"""Finds the items that a search counts: with all of its filters, and without those of each counted field.

A field's own filter does not narrow its counts, so that a shopper sees what another value of it would find.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from schemas.queries import Filters
from workers.index.conditions import conditions
from workers.search.offer_prices import OfferPrices
from workers.search.pinning import with_pins
from workers.search.turned_prices import filters_now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.queries import SearchRequest
    from schemas.rules import Rule
    from workers.index.conditions import Condition
    from workers.index.interface import Found, Index
    from workers.index.traits import Traits
    from workers.search.pinning import Pin
    from workers.search.retrievers import Ranked, Retrieval, Retrieved
    from workers.search.turned_prices import Turned

ALL_FILTERS = ""
"""The name of the set that is found with all filters, beside those without the filters of one field."""


class RetrievedSet(NamedTuple):
    """The items that a query finds with some filters, as the retrievers found them."""

    retrieved: Retrieved
    filters: Filters
    narrowed_by: tuple[Condition, ...] = ()
    """The conditions of filters that the retrievers were not given: items that do not satisfy them must be left out."""


class FoundSet(NamedTuple):
    """The items that a query finds with some filters."""

    ranked: Ranked
    """The best first."""
    pins: list[Pin]
    """The pins whose products may be shown. They are part of the ranking."""
    is_exact: bool
    """True if the query finds no others."""
    found: int
    """The number of items that the query finds, without those that only a pin shows."""
    narrowed_by: tuple[Condition, ...]
    """The conditions that some of the items of the ranking may not satisfy."""

    def visible(self, traits: Mapping[str, Traits]) -> list[Found]:
        """Return the items of the ranking that satisfy the conditions. `traits`: those of its visible points."""
        seen = [each for each in self.ranked.whole if each.point_id in traits]
        return [each for each in seen if self._has(each.point_id, traits[each.point_id])] if self.narrowed_by else seen

    def _has(self, point: str, item: Traits) -> bool:
        return all(condition.holds(item.__getattribute__, point) for condition in self.narrowed_by)


def filters_to_count(request: SearchRequest, turned: Turned) -> dict[str, Filters]:
    """Return all filters and, for each counted field that is filtered, the filters without that field's own."""
    filters = request.filters
    several = {ALL_FILTERS: filters_now(filters, turned)}
    for name in request.facets:
        own = filters.own(name)
        if name == "seller" and filters.min_price is not None:  # Of an item below it, a seller may ask more.
            own["min_price"] = None
        if own:
            several[name] = filters_now(filters.model_copy(update=own), turned)
    return several


async def retrieved_sets(
    asked: Retrieval, several: Mapping[str, Filters], points: int, ahead: int
) -> dict[str, RetrievedSet]:
    """Ask the retrievers with each of the filters, for at most `points` points of a ranking.

    If the results without any filter end within that many points, they are read once and narrowed for each field, since
    a filter that most items pass makes a ranking by vector up to four times as slow. Raises Unavailable.
    """
    filters = several[ALL_FILTERS]
    # Where offers are compared, traits do not tell what satisfies a condition: they have one price alone.
    if len(several) == 1 or isinstance(asked.asked, OfferPrices):
        each_found = zip(several.items(), await asked.found([*several.values()], points, ahead), strict=True)
        return {name: RetrievedSet(found, filters) for (name, filters), found in each_found}
    found, widest = await asked.found([filters, Filters()], points, ahead)
    sets = {ALL_FILTERS: RetrievedSet(found, filters)}
    others = {name: each for name, each in several.items() if name != ALL_FILTERS}
    if widest.is_complete:
        return sets | {name: RetrievedSet(widest, each, tuple(conditions(each))) for name, each in others.items()}
    wider = zip(others.items(), await asked.found([*others.values()], points), strict=True)
    return sets | {name: RetrievedSet(each, filters) for (name, filters), each in wider}


async def found_sets(index: Index, several: Mapping[str, RetrievedSet], pins: Sequence[Rule]) -> dict[str, FoundSet]:
    """Return the items of each set, with the pinned ones that pass its filters. Raises Unavailable."""
    return {name: await _found_set(index, each, pins) for name, each in several.items()}


async def _found_set(index: Index, found: RetrievedSet, rules: Sequence[Rule]) -> FoundSet:
    ranked = found.retrieved.ranked()
    shown, pins = await with_pins(index, ranked, rules, found.filters)
    return FoundSet(shown, pins, found.retrieved.is_complete, len(ranked.whole), found.narrowed_by)
