"""Finds the items that a search counts: with all of its filters, and without those of each counted field.

A field's own filter does not narrow its counts, so that a shopper sees what another value of it would find.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from schemas.queries import Filters
from workers.index.columns import is_told
from workers.index.conditions import conditions
from workers.index.interface import Found
from workers.search.order.pinning import with_pins
from workers.search.prices.offer_prices import OfferPrices
from workers.search.prices.turned_prices import filters_now
from workers.search.retrieval.fusion import HEAD_POINTS
from workers.search.retrieval.retrievers import Ranked, continued

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from schemas.queries import SearchRequest
    from schemas.rules import Rule
    from workers.index.conditions import Condition
    from workers.index.interface import Index
    from workers.search.order.pinning import Pin
    from workers.search.prices.turned_prices import Turned
    from workers.search.retrieval.retrievers import Retrieval, Retrieved

ALL_FILTERS = ""
"""The name of the set that is found with all filters, beside those without the filters of one field."""


class RetrievedSet(NamedTuple):
    """The items that a query finds with some filters, as the retrievers found them."""

    retrieved: Retrieved
    filters: Filters
    narrowed_by: tuple[Condition, ...] = ()
    """The conditions of filters that the retrievers were not given: items that do not satisfy them must be left out."""


class FoundSet(NamedTuple):
    """The items that a query finds with some filters, in no order."""

    points: list[str]
    is_exact: bool
    """True if the query finds no others."""
    narrowed_by: tuple[Condition, ...]
    """The conditions that some of the points may not satisfy."""


class FoundSets(NamedTuple):
    """The items that a search shows, and those that it counts."""

    ranked: Ranked
    """The items that are found with all filters, the best first."""
    pins: list[Pin]
    """The pins whose products may be shown. They are part of the ranking."""
    found: int
    """The number of items that the query finds, without those that only a pin shows."""
    counted: dict[str, FoundSet]
    """The items to be counted: with all filters, and by the name of a field without its own ones."""

    @property
    def points(self) -> list[str]:
        """The points of all sets, each once."""
        return list(dict.fromkeys(chain.from_iterable(each.points for each in self.counted.values())))


def filters_to_count(request: SearchRequest, turned: Turned) -> dict[str, Filters]:
    """Return all filters and, for each counted field that is filtered, the filters without that field's own."""
    filters = request.filters
    several = {ALL_FILTERS: filters_now(filters, turned)}
    for name in request.facets:
        own = filters.lifted_for(name)
        if name == "seller" and filters.min_price is not None:  # One seller may ask more than the lowest price.
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
    found, widest = await _narrow_and_wide(asked, filters, points, ahead)
    sets = {ALL_FILTERS: RetrievedSet(found, filters)}
    others = {name: each for name, each in several.items() if name != ALL_FILTERS}
    if widest.is_complete:
        return sets | {name: RetrievedSet(widest, each, tuple(conditions(each))) for name, each in others.items()}
    wider = zip(others.items(), await asked.found([*others.values()], points), strict=True)
    return sets | {name: RetrievedSet(each, filters) for (name, filters), each in wider}


async def _narrow_and_wide(asked: Retrieval, filters: Filters, points: int, ahead: int) -> tuple[Retrieved, Retrieved]:
    """Return the results with the filters, and those without any.

    What the filtered rankings have beyond their heads is taken from the others, if these are complete: to ask for up to
    1,000 points that pass takes several milliseconds. A server is asked for both at once.
    """
    if asked.asked.is_remote:
        found, widest = await asked.found([filters, Filters()], points, ahead)
        return found, widest
    head, whole = await asked.heads([filters, Filters()], min(HEAD_POINTS, points), ahead)
    widest = await asked.deeper(Filters(), whole, points)
    told = conditions(filters)
    if not (any(head.go_on) and widest.is_complete and all(map(is_told, told))):
        return await asked.deeper(filters, head, points), widest
    columns = await asked.asked.columns(widest.results)
    satisfying = columns.satisfying_all(told).tolist()
    passing = {point for point, place in columns.places.items() if satisfying[place]}
    return _with_rest_of(head, widest, passing), widest


def _with_rest_of(head: Retrieved, whole: Retrieved, passing: Container[str]) -> Retrieved:
    """Return results whose filters these points pass, beyond their head from complete results without filters."""
    rest = [
        [each for each in ranking if each.score >= least and each.point_id in passing]
        for ranking, least in zip((whole.words, whole.near), head.cutoff, strict=True)
    ]
    words_go_on, near_goes_on = head.go_on
    words = continued(head.words, rest[0], whole.points) if words_go_on else head.words
    near = continued(head.near, rest[1], whole.points) if near_goes_on else head.near
    return head._replace(words=words, near=near, points=whole.points)


async def found_sets(index: Index, several: Mapping[str, RetrievedSet], pins: Sequence[Rule]) -> FoundSets:
    """Return the items of each set, with the pinned ones that pass its filters. Raises Unavailable."""
    whole = several[ALL_FILTERS]
    ranked = whole.retrieved.ranked()
    shown, shown_pins = await with_pins(index, ranked, pins, whole.filters)
    counted = {ALL_FILTERS: FoundSet([point for point, _ in shown.whole], whole.retrieved.is_complete, ())}
    for name, each in several.items():
        if name != ALL_FILTERS:
            counted[name] = await _counted_set(index, each, pins)
    return FoundSets(shown, shown_pins, len(ranked.whole), counted)


async def _counted_set(index: Index, found: RetrievedSet, rules: Sequence[Rule]) -> FoundSet:
    points = found.retrieved.results
    if rules:
        unranked = Ranked([], [], [Found(point, 0.0) for point in points])
        points = [point for point, _ in (await with_pins(index, unranked, rules, found.filters))[0].whole]
    return FoundSet(points, found.retrieved.is_complete, found.narrowed_by)
