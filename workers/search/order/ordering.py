"""The order in which a search shows what it found: relevance, times the weights of the items, and the shop's rules."""

from __future__ import annotations

from operator import itemgetter
from random import Random
from typing import TYPE_CHECKING, NamedTuple, cast

from workers.index.interface import Found
from workers.search.order.interleaving import team_draft
from workers.search.retrieval.retrievers import Ranked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.index.interface import Index
    from workers.index.traits import Traits
    from workers.merchandising.factors import Moment
    from workers.merchandising.rules import RulesInForce
    from workers.merchandising.weights import ItemWeights
    from workers.search.order.cheap import Cheap, PricedItem

BROWSED_HEAD_POINTS = 1_000
"""The items of a search without a query that are weighed, from the first one in the order of the index."""
BROWSED_RELEVANCE = 1.0
_SCORE = itemgetter(1)


class Rival(NamedTuple):
    """The second ranking where two are compared."""

    names: tuple[str, str]
    """The name of the ranking of the search, and of this one."""
    weights: ItemWeights | None
    seed: str
    """The seed that decides which ranking begins: all pages of a search must have the same."""

    def drafted(self, own: Ranked, others: Ranked) -> Ranked:
        """Return one ranking of both, whose heads are drafted by two teams."""
        coin = Random(self.seed)
        scores = [dict(own.head), dict(others.head)]
        drafted = team_draft(list(scores[0]), list(scores[1]), lambda: coin.random() < 0.5)
        head = [Found(each.point_id, scores[each.team][each.point_id]) for each in drafted]
        return Ranked(own.exact, head, own.rest, {each.point_id: self.names[each.team] for each in drafted})


class Ordering(NamedTuple):
    """The order of one search: its weights, its rules and its moment."""

    weights: ItemWeights | None
    rules: RulesInForce
    moment: Moment
    rival: Rival | None = None
    cheap: Cheap | None = None
    """The factor of a query that asks for something cheap; None for any other."""

    @property
    def needs_traits(self) -> bool:
        """True if the order depends on the found items: on their traits, or on their prices alone."""
        return self.cheap is not None or not self.needs_prices_alone

    @property
    def needs_prices_alone(self) -> bool:
        """True if no weight and no rule looks at the traits of an item."""
        rival = self.rival is not None and self.rival.weights is not None
        return not (rival or self.weights is not None or self.rules.buries or self.rules.boosts)

    @property
    def needs_sales(self) -> bool:
        """True if the order depends on the offers of items on sale."""
        of = (self.weights, self.rival.weights if self.rival is not None else None)
        return any(weights is not None and "price_drop" in weights.factors for weights in of)

    @property
    def changes_nothing(self) -> bool:
        """True if relevance alone orders."""
        return not self.needs_traits and not self.rules.pins and self.rival is None

    def weights_of(self, team: str | None) -> ItemWeights | None:
        """Return the weights that ranked a hit. `team`: the ranking that it came from, where two are compared."""
        if self.rival is not None and team == self.rival.names[1]:
            return self.rival.weights
        return self.weights

    def ordered(self, ranked: Ranked, items: Mapping[str, PricedItem]) -> Ranked:
        """Return the parts of a ranking with the head by relevance times weight, items of equal ones by relevance.

        Exact matches stay before all, and items that a rule buries come behind the others of the head. The points
        beyond the head follow in their order, so that no page repeats an item. `items` has the traits of the visible
        points of the head, or their prices where these are all that it needs; the others are left out. Where two
        rankings are compared, the heads of both are drafted into one.
        """
        own = self._weighed(ranked, items)
        if self.rival is None:
            return own
        return self.rival.drafted(own, self._replace(weights=self.rival.weights, rival=None)._weighed(ranked, items))

    def _weighed(self, ranked: Ranked, items: Mapping[str, PricedItem]) -> Ranked:
        if not self.needs_traits:
            return ranked
        seen = [each for each in ranked.head if each.point_id in items]
        traits = {} if self.needs_prices_alone else cast("Mapping[str, Traits]", items)
        buried = {point for point, _ in seen if self.rules.is_buried(traits[point])} if self.rules.buries else set()
        cheap = {} if self.cheap is None else self.cheap.factors({point: items[point] for point, _ in seen})
        worth = {point: self._worth(traits[point]) for point, _ in seen} if traits else {}
        scored = [Found(point, score * worth.get(point, 1.0) * cheap.get(point, 1.0)) for point, score in seen]
        scored.sort(key=_SCORE, reverse=True)
        shown = [each for each in scored if each.point_id not in buried]
        least = shown[-1].score if shown else 0.0
        head = shown + [Found(point, min(score, least)) for point, score in scored if point in buried]
        share = head[-1].score / ranked.head[-1].score if head and ranked.head[-1].score else 0.0
        rest = [Found(point, score * share) for point, score in ranked.rest]
        return Ranked(ranked.exact, head, rest, buried=len(head) - len(shown))

    def _worth(self, item: Traits) -> float:
        """Return the factor that the relevance of an item is multiplied by, at most 1."""
        weight = 1.0 if self.weights is None else self.weights.weight(item, self.moment)
        return weight * self.rules.boost(item) if self.rules.boosts else weight


async def in_order(index: Index, ranked: Ranked, ordering: Ordering) -> Ranked:
    """Return a ranking in the order of a search. Traits are read if the order depends on them. Raises Unavailable."""
    points = [point for point, _ in ranked.head] if ordering.needs_traits else []
    if not points or ordering.needs_prices_alone:
        return ordering.ordered(ranked, (await index.columns(points)).prices(points) if points else {})
    return ordering.ordered(ranked, await index.traits(points, sales=ordering.needs_sales))


def browsed(points: Sequence[str], *, weighed: bool) -> Ranked:
    """Return the items that filters alone found, in the order of the index, as a ranking in which all are equally
    relevant."""
    relevance = BROWSED_RELEVANCE if weighed else 0.0
    head = [Found(point, relevance) for point in points[:BROWSED_HEAD_POINTS]]
    return Ranked([], head, [Found(point, 0.0) for point in points[BROWSED_HEAD_POINTS:]])
