"""The order in which a search shows what it found: by relevance, times the weights of the items."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from workers.index.interface import Found
from workers.search.legs import Ranked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.index.interface import Index
    from workers.index.traits import Traits
    from workers.merchandising.factors import Moment
    from workers.merchandising.weights import ItemWeights

BROWSED_HEAD_POINTS = 1_000
"""How many items of a search without a query are weighed, from the first one in the order of the index."""
BROWSED_RELEVANCE = 1.0
_SCORE = itemgetter(1)


class Ordering(NamedTuple):
    """How one search orders what it found."""

    weights: ItemWeights | None
    moment: Moment

    @property
    def needs_traits(self) -> bool:
        """Whether the order depends on the traits of what was found."""
        return self.weights is not None

    def ordered(self, ranked: Ranked, traits: Mapping[str, Traits]) -> Ranked:
        """Return the parts of a ranking with the head by relevance times weight, items of equal ones by relevance.

        Exact matches stay before all. What lies beyond the head follows in its order, so that no page repeats an item.
        `traits` has those of the visible points of the head; the others are left out.
        """
        if self.weights is None:
            return ranked
        weight, moment = self.weights.weight, self.moment
        head = [Found(point, score * weight(traits[point], moment)) for point, score in ranked.head if point in traits]
        head.sort(key=_SCORE, reverse=True)
        least = head[-1].score / ranked.head[-1].score if head and ranked.head[-1].score else 0.0
        return Ranked(ranked.exact, head, [Found(point, score * least) for point, score in ranked.rest])


async def in_order(index: Index, ranked: Ranked, ordering: Ordering) -> Ranked:
    """Return a ranking in the order of a search. Traits are read if the order depends on them. Raises Unavailable."""
    points = [point for point, _ in ranked.head] if ordering.needs_traits else []
    return ordering.ordered(ranked, await index.traits(points) if points else {})


def browsed(points: Sequence[str], *, weighed: bool) -> Ranked:
    """Return what filters alone found, in the order of the index, as a ranking in which all are equally relevant."""
    relevance = BROWSED_RELEVANCE if weighed else 0.0
    head = [Found(point, relevance) for point in points[:BROWSED_HEAD_POINTS]]
    return Ranked([], head, [Found(point, 0.0) for point in points[BROWSED_HEAD_POINTS:]])
