"""Reciprocal rank fusion: one ranking of several legs, whose scores cannot be compared."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

RANK_CONSTANT = 60
"""k of Cormack, Clarke and Büttcher, SIGIR 2009: how little the first places weigh more than the next."""


class Ranked(NamedTuple):
    """A point in a ranking."""

    point_id: str
    score: float


def fuse(*legs: Sequence[str]) -> list[Ranked]:
    """All points of the legs, best first. A point's score is the sum of 1 / (k + rank) over the legs that have it.

    Each leg is a list of point ids without duplicates, best first; ranks count from 1. Ties go by point id, so that
    the order of the legs changes nothing.
    """
    ranks: dict[str, list[int]] = defaultdict(list)
    for leg in legs:
        for rank, point in enumerate(leg, start=1):
            ranks[point].append(rank)
    # Sorted ranks: floats add up otherwise in another order, and equal scores would differ in their last bit.
    scored = [Ranked(point, sum(1 / (RANK_CONSTANT + rank) for rank in sorted(of))) for point, of in ranks.items()]
    return sorted(scored, key=lambda each: (-each.score, each.point_id))
