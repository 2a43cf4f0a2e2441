"""The cut-off: where a ranking stops to be an answer to the query. It is the same whatever the filters."""

from __future__ import annotations

from typing import NamedTuple

WORDS_SHARE_MIN = 0.4
"""The share of the best score by words that makes an item a result. Up to 0.5 no relevant item of the judged queries is
lost; at 0.3 `chocolate cake` finds all chocolate, at 0.4 nine items (deploy/decisions/0047)."""
COSINE_SHARE_MIN = 0.8
"""The share of the best cosine that makes an item a result. Up to 0.9 no relevant item of these queries is lost."""


class Cutoff(NamedTuple):
    """The least scores of a result. An item needs one of them."""

    words_min: float
    """The least score by BM25."""
    cosine_min: float


EVERYTHING = Cutoff(0.0, -1.0)
"""Every item of a ranking is a result."""


def cutoff(words_best: float, cosine_best: float | None, related_min: float) -> Cutoff:
    """Return the cut-off of a query, by the best scores of any visible item, whether it passes the filters or not.

    So an item that is found stays found when a filter that it passes is added, and a refinement finds as many items as
    its count says. `words_best` leaves out the points of an item for its names and head nouns; `related_min` is the
    cosine below which the model knows two texts to be unrelated. `cosine_best` is None where the query has no vector.
    """
    if cosine_best is None:
        return Cutoff(WORDS_SHARE_MIN * words_best, related_min)
    return Cutoff(WORDS_SHARE_MIN * words_best, max(related_min, COSINE_SHARE_MIN * cosine_best))
