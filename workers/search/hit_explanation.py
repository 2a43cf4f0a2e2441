"""Explains the place of a hit: its place in each ranking, the factors of its weight, and rules."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from schemas.explanations import HitExplanation, RankingPlace
from schemas.weight_reports import FactorReport, RuleReport
from workers.index.traits import traits_of
from workers.merchandising.rules import boost_factor, is_about

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from schemas.points import Payload
    from workers.index.interface import Found
    from workers.index.traits import Traits
    from workers.merchandising.rules import RulesInForce
    from workers.search.order.ordering import Ordering
    from workers.search.order.pinning import Pin
    from workers.search.retrieval.retrievers import Retrieved


class HitExplainer:
    """Explains the hits of one search. `retrieved`: None where filters alone found them."""

    def __init__(self, retrieved: Retrieved | None, ordering: Ordering, pins: Sequence[Pin]) -> None:
        self._retrieved = retrieved
        self._fused = retrieved.ranked().whole if retrieved is not None else []
        self._ordering = ordering
        self._pins = pins

    def explain(self, point: str, payload: Payload, team: str | None = None) -> HitExplanation:
        """Return why an item is where it is. `team`: the ranking that it came from, where two are compared."""
        retrieved, item = self._retrieved, traits_of(payload)
        factors = self._factors(point, item, team)
        return HitExplanation(
            exact=retrieved is not None and point in retrieved.exact,
            by_words=place_in(retrieved.words if retrieved is not None else [], point),
            by_vectors=place_in(retrieved.near if retrieved is not None else [], point),
            fused=place_in(self._fused, point),
            weight=prod(each.factor for each in factors.values()),
            factors=factors,
            rules=[] if item is None else [*self._pinned(point), *_moved(self._ordering.rules, item)],
        )

    def _factors(self, point: str, item: Traits | None, team: str | None) -> dict[str, FactorReport]:
        """Return the factors by which the relevance of an item is multiplied, by name, but for those of rules."""
        ordering = self._ordering
        weights = ordering.weights_of(team)
        cheap = None if ordering.cheap is None else ordering.cheap.report(point)
        weighed = {} if item is None or weights is None else weights.reports(item, ordering.moment)
        return weighed | ({"cheap": cheap} if cheap is not None else {})

    def _pinned(self, point: str) -> list[RuleReport]:
        return [RuleReport(id=pin.rule_id, action="pin", factor=1.0) for pin in self._pins if pin.point_id == point]


def _moved(rules: RulesInForce, item: Traits) -> Iterator[RuleReport]:
    """Iterate over the rules that bury or boost an item, and over the rules that lower it because they boost others."""
    for rule in rules.buries:
        if rule.bury is not None and is_about(rule.bury, item):
            yield RuleReport(id=rule.id, action="bury", factor=1.0)
    for rule in rules.boosts:
        if (factor := boost_factor(rule, item)) != 1.0 or (rule.boost and is_about(rule.boost.items, item)):
            yield RuleReport(id=rule.id, action="boost", factor=factor)


def place_in(found: Sequence[Found], point: str) -> RankingPlace:
    """Return the place of a point in a ranking."""
    for rank, each in enumerate(found, start=1):
        if each.point_id == point:
            return RankingPlace(rank=rank, score=round(each.score, 4), ranked=len(found))
    return RankingPlace(rank=None, score=None, ranked=len(found))
