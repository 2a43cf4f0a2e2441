"""Rarity: the weight of a word that few items say, by the numbers of the catalogue."""

from __future__ import annotations

import math
from typing import Protocol

RARITY_MIN = 0.5
"""The least rarity that another word for a typed one counts with: weights would grow without a bound where most items
say it."""


class ItemCounts(Protocol):
    """Knows how many items say a word. `workers.vocabulary.Vocabulary` does."""

    @property
    def items(self) -> int:
        """The number of items that are known."""

    def items_with(self, chunk: str) -> int:
        """Return the number of items that have this chunk, in any form that search takes for it."""


class _Nothing:
    items = 0

    def items_with(self, _: str) -> int:
        return 0


NO_COUNTS: ItemCounts = _Nothing()
"""Nothing is known, so that all words are equally rare."""


def rarity(having: int, items: int) -> float:
    """Return the inverse document frequency of what so many of the items have, as Qdrant computes it, > 0.

    ln(1 + (N - n + 0.5) / (n + 0.5)), of Robertson and Zaragoza, 2009. 1.0 if no items are known.
    """
    if not items:
        return 1.0
    having = min(having, items)
    return math.log1p((items - having + 0.5) / (having + 0.5))
