"""The nearest points of a Qdrant Edge shard to a dense vector, with filters that few or most points pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qdrant_edge import CountRequest, QuantizationSearchParams, Query, QueryRequest, SearchParams

from workers.index.edge import filters as where
from workers.index.edge.operations import accepted, id_of
from workers.index.interface import DENSE
from workers.index.layout import AnyOf, Except, IsOneOf, Within

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from qdrant_edge import EdgeShard

    from workers.index.layout import Condition
    from workers.index.ranking import Scored

CANDIDATES = SearchParams(quantization=QuantizationSearchParams(rescore=True, oversampling=2.0))
"""Twice as many candidates as results are found by four bits of each number, and scored by their whole vectors."""
SPARE = 1.5
"""The points that are ranked, as a multiple of those that would be needed if the nearest passed as often as all."""


class BroadRange(NamedTuple):
    """The least points, and the least share of all, that make a range broad, by Qdrant's estimate, which takes 0.01 ms.

    Qdrant Edge lists the points within a range one after another: 20 to 60 ms for 97,000 of 100,000 points, where a
    search without a filter takes 1. Of 18,000 points the list takes 1.2 ms and the detour 1.9, or 3.4 where it ends in
    the list after all. Below half of the points, and of keywords, it is as fast to ask for the filter itself.
    """

    points_min: int = 25_000
    share_min: float = 0.5


BROAD = BroadRange()


def nearest(
    shard: EdgeShard,
    vector: NDArray[np.float32],
    asked: Sequence[Condition],
    limit: int,
    score_min: float | None = None,
    broad: BroadRange = BROAD,
) -> list[Scored]:
    """Return the ids and cosines of the nearest points that satisfy the conditions, the best first.

    `score_min`: the least cosine of a point; None for any. With a broad range all points are ranked first, and the best
    are checked: those that pass are the beginning of the filtered ranking. Where they are too few, the filter is asked
    as it is.
    """
    ranked = _first_of_all(shard, vector, asked, limit, broad)
    if ranked:
        passing = _query(shard, vector, [IsOneOf(tuple(point for point, _ in ranked)), *asked], limit, score_min)
        if len(passing) == limit or (score_min is not None and ranked[-1][1] < score_min):
            return passing
    return _query(shard, vector, asked, limit, score_min)


def _first_of_all(
    shard: EdgeShard, vector: NDArray[np.float32], asked: Sequence[Condition], limit: int, broad: BroadRange
) -> list[Scored]:
    """Return as many of the nearest points as it takes for enough to pass; none if there is no broad range."""
    if not any(map(_has_range, asked)):
        return []
    passing = shard.count(CountRequest(exact=False, filter=where.all_of(asked)))
    if passing < broad.points_min:
        return []
    share = passing / shard.count(CountRequest(exact=False))
    return _query(shard, vector, (), round(SPARE * limit / share)) if share >= broad.share_min else []


def _has_range(condition: Condition) -> bool:
    match condition:
        case Within():
            return True
        case AnyOf(conditions):
            return any(isinstance(each, Except) for each in conditions)
    return False


def _query(
    shard: EdgeShard,
    vector: NDArray[np.float32],
    asked: Sequence[Condition],
    limit: int,
    score_min: float | None = None,
) -> list[Scored]:
    request = QueryRequest(
        limit=limit,
        query=Query.Nearest(accepted(vector), using=DENSE),
        filter=where.all_of(asked) if asked else None,
        params=CANDIDATES,
        with_payload=False,
        score_threshold=score_min,
    )
    return [(id_of(point), point.score) for point in shard.query(request)]
