"""Taste: one vector of the items that somebody likes, viewed and dislikes, and the weight of each item in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

VIEWED_WEIGHT = 0.5
"""The weight of all views beside that of all likes: people who look at an item need not like it."""
RECENCY = 0.8
"""The weight of a view beside the next later one."""
DISLIKED_WEIGHT = 0.25
"""The weight of all dislikes: gamma of Rocchio, with which they turn a taste and never make it."""
LENGTH_MIN = 1e-6
"""A shorter sum has no direction: what is liked and disliked says the same."""


class Given(NamedTuple):
    """The items that a taste is made from, by product_id, each once."""

    liked: tuple[str, ...] = ()
    viewed: tuple[str, ...] = ()
    """The last one was viewed last."""
    disliked: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """All items of the taste, liked or not. None of them may be recommended."""
        return (*self.liked, *self.viewed, *self.disliked)


def weights(given: Given) -> dict[str, float]:
    """Return how much each item counts: > 0 for one that is liked or was viewed, < 0 for one that is disliked.

    The weights of a group are those of its mean (Rocchio, 1971), so many views do not outweigh one like. An item that
    is liked and was viewed has both.
    """
    recency = [RECENCY**age for age in range(len(given.viewed) - 1, -1, -1)]
    found = _shares(given.liked, [1.0] * len(given.liked), 1.0)
    for product_id, weight in _shares(given.viewed, recency, VIEWED_WEIGHT).items():
        found[product_id] = found.get(product_id, 0.0) + weight
    return found | _shares(given.disliked, [1.0] * len(given.disliked), -DISLIKED_WEIGHT)


def taste(weight_of: Mapping[str, float], vectors: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32] | None:
    """Return the weighted sum of the vectors, float32 `(dimension,)`, L2-normalised.

    Each vector is float32 `(dimension,)`, L2-normalised. None if no item with a weight > 0 has a vector. Where the sum
    has no direction, dislikes are left out.
    """
    liked = _sum({each: weight for each, weight in weight_of.items() if weight > 0}, vectors)
    if liked is None:
        return None
    whole = _sum(weight_of, vectors)
    return liked if whole is None else whole


def _sum(weight_of: Mapping[str, float], vectors: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32] | None:
    summed = [weight * vectors[each] for each, weight in weight_of.items() if each in vectors]
    length = float(np.linalg.norm(total := np.sum(summed, axis=0))) if summed else 0.0
    return None if length < LENGTH_MIN else (total / length).astype(np.float32)


def _shares(product_ids: Sequence[str], parts: Sequence[float], weight: float) -> dict[str, float]:
    return {each: weight * part / sum(parts) for each, part in zip(product_ids, parts, strict=True)}
