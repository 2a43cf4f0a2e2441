"""Diversity: maximal marginal relevance (Carbonell and Goldstein, 1998) as a pure function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def diversified(scores: NDArray[np.float32], vectors: NDArray[np.float32], diversity: float, limit: int) -> list[int]:
    """Return the numbers of at most `limit` items, the one to show first first.

    `scores`: float32 `(n,)`, falling; `vectors`: float32 `(n, dimension)`, rows L2-normalised, or zeros where an item
    has none, which is then like no other. Each next item has the greatest (1 - diversity) x score - diversity x cosine
    to the nearest item before it; of equal ones the first. So 0 leaves the order as it is, and a smaller limit returns
    the beginning of what a greater one does.
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
