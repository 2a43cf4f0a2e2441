"""Diversity: maximal marginal relevance (Carbonell and Goldstein, 1998), and found items in that order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from workers.index.interface import Found, Index
    from workers.search.retrieval.retrievers import Ranked

DIVERSE_POINTS = 100
"""The items of a search that may change their places: as many for every page, so that no page repeats an item."""


def diversified(scores: NDArray[np.float32], vectors: NDArray[np.float32], diversity: float, limit: int) -> list[int]:
    """Return the numbers of at most `limit` items, the one to show first first.

    `scores`: float32 `(n,)`, falling; `vectors`: float32 `(n, dimension)`, rows L2-normalised, or zeros for an item
    without a vector, which then counts as unlike all others. Each next item has the greatest (1 - diversity) x score -
    diversity x cosine to the nearest item before it; of equal ones the first. So 0 leaves the order as it is, and a
    smaller limit returns the beginning of what a greater one does.
    """
    left = np.ones(len(scores), dtype=bool)
    nearest = np.zeros(len(scores), dtype=np.float64)
    chosen: list[int] = []
    while len(chosen) < min(limit, len(scores)):
        gain = (1 - diversity) * scores.astype(np.float64) - diversity * nearest
        best = int(np.argmax(np.where(left, gain, -np.inf)))
        cosines = (vectors @ vectors[best]).astype(np.float64)
        nearest = cosines if not chosen else np.maximum(nearest, cosines)
        left[best] = False
        chosen.append(best)
    return chosen


async def diverse(index: Index, found: Sequence[Found], diversity: float, limit: int) -> list[Found]:
    """Return at most `limit` of the found items, with their scores, in the order of `diversified`. Raises Unavailable.

    `found`: the best first.
    """
    if not diversity or not found:
        return list(found[:limit])
    vectors = await index.vectors([point for point, _ in found])
    nothing = np.zeros(index.model.dimension, dtype=np.float32)
    rows = np.stack([vectors.get(point, nothing) for point, _ in found])
    scores = np.array([score for _, score in found], dtype=np.float32)
    return [found[number] for number in diversified(scores, rows, diversity, limit)]


async def with_diversity(index: Index, ranked: Ranked, diversity: float) -> Ranked:
    """Return a ranking whose head begins with items that differ from one another. Raises Unavailable.

    Exact matches stay before all, and items that a rule buries behind the others of the head.
    """
    if not diversity:
        return ranked
    moved = min(DIVERSE_POINTS, len(ranked.head) - ranked.buried)
    first = await diverse(index, ranked.head[:moved], diversity, moved)
    return ranked._replace(head=[*first, *ranked.head[moved:]])
