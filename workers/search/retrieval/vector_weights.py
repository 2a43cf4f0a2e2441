"""The weight of vectors beside words, by the kind of the query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.words.chunks import is_quantity
from workers.words.written import chunks_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.queries import QueryKind
    from workers.index.interface import Found

PLAIN_WEIGHT = 2.0
"""The weight of a cosine beside the share of the best score by words. From 1 to 3 search finds nearly the same."""
NUMBERED_WEIGHT = 0.1
"""The weight where the query has a part number: a model reads it in pieces, and finds its neighbours as well. With 0.25
and more they come before items that say the number (deploy/decisions/0032)."""
BRAND_WEIGHT = 0.0
"""The weight where the query is a brand: all its items fit, and a vector of a name says nothing."""
PART_NUMBER_CHARACTERS_MIN = 4
ENOUGH_POINTS = 20
"""Two pages. With 10 to 50 search finds nearly the same."""


VECTOR_WEIGHTS: dict[QueryKind, float] = {
    "plain": PLAIN_WEIGHT,
    "part_number": NUMBERED_WEIGHT,
    "brand": BRAND_WEIGHT,
    "filters": 0.0,
}
"""The weight of the cosines for `workers.search.retrieval.fusion.fuse`, by the kind of the query."""


def query_kind(query: str, *, is_brand: bool) -> QueryKind:
    """Return the kind of a query."""
    if is_brand:
        return "brand"
    return "part_number" if any(map(_is_part_number, chunks_of(query))) else "plain"


def left_to_vectors(words: Sequence[Found], words_best: float) -> float:
    """Return the share of their weight that vectors keep beside a ranking by words, from 0 to 1.

    The better the twentieth point is by words, compared with the best score of all, the less is left for vectors to
    find, and the more they would only shuffle (deploy/decisions/0051).
    """
    if len(words) < ENOUGH_POINTS:
        return 1.0
    return 1 - min(1.0, words[ENOUGH_POINTS - 1].score / (words_best or words[0].score))


def _is_part_number(chunk: str) -> bool:
    """Return whether the chunk has letters and digits, or many digits, and is no quantity."""
    if is_quantity(chunk):
        return False
    bare = "".join(filter(str.isalnum, chunk))
    has_digit, has_letter = any(map(str.isdigit, bare)), any(map(str.isalpha, bare))
    return len(bare) >= PART_NUMBER_CHARACTERS_MIN and has_digit and (has_letter or bare == chunk)
