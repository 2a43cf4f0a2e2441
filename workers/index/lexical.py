"""The lexical vectors of both backends: the term weights of BM25. Qdrant's IDF modifier supplies the other factor."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from workers.words.identity import brand_term, gtin_term, id_term, title_term

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.words.item import Words

SATURATION = 0.6
"""k1 of Robertson and Zaragoza, 2009: how soon it counts no more that an item says a term again."""
LENGTH_SHARE = 0.8
"""b of the same: how much a long item must say a term more often than a short one."""
LENGTH_AVERAGE = 75.0
"""The length that items are compared with. Between 40 and 150 search finds the same (deploy/decisions/0031)."""
INDEX_BYTES = 4
INDICES_KNOWN_MAX = 400_000
"""The most terms whose index is remembered, some 150 bytes each."""


class Sparse(NamedTuple):
    """A sparse vector: the indices of its terms, each once, and their weights."""

    indices: list[int]
    values: list[float]


def document(words: Words) -> Sparse:
    """Return the weight of each term of an item: its saturated frequency."""
    least = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * words.length / LENGTH_AVERAGE)
    worth = {count: count * (SATURATION + 1) / (count + least) for count in set(words.counts.values())}
    return weighted({term: worth[count] for term, count in words.counts.items()})


def brand(text: str) -> Sparse:
    """Return the vector of items whose brand is this text."""
    return weighted({brand_term(text): 1.0})


def names(text: str) -> Sparse:
    """Return the vector of items that have this title, brand, product_id or GTIN."""
    return weighted(dict.fromkeys((title_term(text), brand_term(text), id_term(text), gtin_term(text)), 1.0))


def identity(text: str) -> Sparse:
    """Return the vector of items that have this product_id, which score twice, or this GTIN."""
    return weighted({gtin_term(text): 1.0, id_term(text): 2.0})


@lru_cache(INDICES_KNOWN_MAX)
def index(term: str) -> int:
    """Return the index of a term: 32 bits of its digest.

    Of 100,000 terms, as 40,000 items have, about one pair shares an index: n**2 / 2**33.
    """
    return int.from_bytes(hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=INDEX_BYTES).digest())


def weighted(weights: Mapping[str, float]) -> Sparse:
    """Return the vector of terms with these weights; of terms that share an index, the last one counts."""
    sparse = Sparse([*map(index, weights)], [*weights.values()])
    if len(set(sparse.indices)) == len(sparse.indices):
        return sparse
    found = dict(zip(*sparse, strict=True))
    return Sparse([*found], [*found.values()])
