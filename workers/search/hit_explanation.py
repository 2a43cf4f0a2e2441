"""Explains the place of a hit: its place in each leg, and the factors of its weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.explanations import HitExplanation, LegReport
from workers.index.traits import traits_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.points import Payload
    from workers.index.interface import Found
    from workers.search.legs import Legs
    from workers.search.ordering import Ordering


class HitExplainer:
    """Explains the hits of one search. `legs`: None where filters alone found them."""

    def __init__(self, legs: Legs | None, ordering: Ordering) -> None:
        self._legs = legs
        self._fused = legs.ranked().whole if legs is not None else []
        self._ordering = ordering

    def explain(self, point: str, payload: Payload) -> HitExplanation:
        """Return why the item of this point is where it is."""
        legs, (weights, moment) = self._legs, self._ordering
        item = traits_of(payload)
        factors = weights.reports(item, moment) if weights is not None and item is not None else {}
        weight = weights.weight(item, moment) if weights is not None and item is not None else 1.0
        return HitExplanation(
            exact=legs is not None and point in legs.exact,
            by_words=leg_report(legs.words if legs is not None else [], point),
            by_vectors=leg_report(legs.near if legs is not None else [], point),
            fused=leg_report(self._fused, point),
            weight=weight,
            factors=factors,
        )


def leg_report(found: Sequence[Found], point: str) -> LegReport:
    """Return the place of a point in a ranking."""
    for rank, each in enumerate(found, start=1):
        if each.point_id == point:
            return LegReport(rank=rank, score=round(each.score, 4), ranked=len(found))
    return LegReport(rank=None, score=None, ranked=len(found))
