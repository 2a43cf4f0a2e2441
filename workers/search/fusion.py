"""Reciprocal rank fusion: one ranking from those of two retrievers, whose scores cannot be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RANK_CONSTANT = 60
"""k of Cormack, Clarke and Büttcher, SIGIR 2009: the larger it is, the less the first ranks outweigh the next."""


class Ranked(NamedTuple):
    """A point in a ranking."""

    point_id: str
    score: float


def fuse(one: Sequence[str], other: Sequence[str] = ()) -> Iterator[Ranked]:
    """Return the points of both rankings, best first, scored by the sum of 1 / (k + rank) over rankings that have them.

    A ranking is a list of point ids without duplicates, best first; ranks count from 1. Ties are broken by point id, so
    that the order of the two arguments changes nothing.
    """
    scores = {point: 1 / (RANK_CONSTANT + rank) for rank, point in enumerate(one, start=1)}
    for rank, point in enumerate(other, start=1):
        scores[point] = scores.get(point, 0.0) + 1 / (RANK_CONSTANT + rank)
    return (Ranked(point, -below) for below, point in sorted((-score, point) for point, score in scores.items()))
