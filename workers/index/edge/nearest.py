"""The nearest points of a Qdrant Edge shard to a dense vector, with filters that few or most points pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qdrant_edge import CountRequest, QuantizationSearchParams, Query, QueryRequest, SearchParams

from workers.index.columns import is_told
from workers.index.conditions import AnyOf, Except, Within
from workers.index.edge import filters as where
from workers.index.edge.operations import accepted, ids_of
from workers.index.interface import DENSE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from qdrant_edge import EdgeShard, Filter, ScoredPoint

    from workers.index.conditions import Condition
    from workers.index.edge.columns import KnownColumns
    from workers.index.ranking import Scored

CANDIDATES = SearchParams(quantization=QuantizationSearchParams(rescore=True, oversampling=2.0))
"""Twice as many candidates as results are found by four bits of each number, and scored by their whole vectors."""
SPARE = 1.5
"""The points that are ranked, as a multiple of those that would be needed if the nearest passed as often as all."""
ENOUGH_SHARE = 0.75
"""The share of the ranked points that is checked first, since the id of a point takes as long as half of its ranking.
"""


class BroadRange(NamedTuple):
    """The limits from which a range is broad: how many points it has, and which share of all points they are.

    Qdrant estimates how many in 0.03 ms. Edge checks each condition on every point that passes the first one: a price
    range with 19,000 of 20,000 points takes 2.5 ms, 5 with a currency beside it and 7 with an availability too, while
    the detour takes 2.3 to 2.5. So the more conditions there are, the fewer points make a range broad. For less than
    half of the points, and for keywords, it is as fast to ask for the filter itself.
    """

    points_min: int = 18_000
    """The fewest points of a range alone; those of several conditions are divided by their number."""
    share_min: float = 0.5


BROAD = BroadRange()


def nearest(
    shard: EdgeShard,
    known: KnownColumns,
    vector: NDArray[np.float32],
    asked: Sequence[Condition],
    limit: int,
    score_min: float | None = None,
    broad: BroadRange = BROAD,
) -> list[Scored]:
    """Return the ids and cosines of the nearest points that satisfy the conditions, the best first.

    `score_min`: the least cosine of a point; None for any. With a broad range all points are ranked first, and the best
    are checked: those that pass are the beginning of the filtered ranking. Where they are too few, the filter is asked
    as it is. `known`: the columns of the shard, by which points are checked where they are at hand.
    """
    wanted = _ranked_first(shard, asked, limit, broad)
    if wanted:
        ranked = _query(shard, vector, None, wanted, score_min)
        passing = _passing(ranked, known, asked, limit)
        if passing is None:
            among = where.among([point.id for point in ranked], asked)
            passing = _scored(_query(shard, vector, among, limit, score_min))
        if len(passing) >= limit or len(ranked) < wanted:
            return passing[:limit]
    return _scored(_query(shard, vector, where.all_of(asked) if asked else None, limit, score_min))


def _ranked_first(shard: EdgeShard, asked: Sequence[Condition], limit: int, broad: BroadRange) -> int:
    """Return how many of the nearest points it takes for enough to pass; 0 if there is no broad range."""
    if not any(map(_has_range, asked)):
        return 0
    passing = shard.count(CountRequest(exact=False, filter=where.all_of(asked)))
    if passing < broad.points_min / len(asked):
        return 0
    share = passing / shard.count(CountRequest(exact=False))
    return round(SPARE * limit / share) if share >= broad.share_min else 0


def _passing(
    ranked: Sequence[ScoredPoint], known: KnownColumns, asked: Sequence[Condition], limit: int
) -> list[Scored] | None:
    """Return the points that satisfy the conditions, at least `limit` of them if so many do; None if the columns at
    hand do not tell."""
    if not all(map(is_told, asked)):
        return None
    passing: list[Scored] = []
    enough = round(len(ranked) * ENOUGH_SHARE)
    for part in (ranked[:enough], ranked[enough:]):
        scored = _scored(part)
        columns = known.at_hand([point for point, _ in scored])
        if columns is None:
            return None
        places, satisfying = columns.places, columns.satisfying_all(asked).tolist()
        passing += [each for each in scored if each[0] in places and satisfying[places[each[0]]]]
        if len(passing) >= limit:
            break
    return passing


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
    passing: Filter | None,
    limit: int,
    score_min: float | None = None,
) -> list[ScoredPoint]:
    request = QueryRequest(
        limit=limit,
        query=Query.Nearest(accepted(vector), using=DENSE),
        filter=passing,
        params=CANDIDATES,
        with_payload=False,
        score_threshold=score_min,
    )
    return shard.query(request)


def _scored(points: Sequence[ScoredPoint]) -> list[Scored]:
    return list(zip(ids_of(points), [point.score for point in points], strict=True))
