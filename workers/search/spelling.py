"""Corrects a query where the catalogue lacks one of its words, as the index and the vocabulary know now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from schemas.queries import Filters
from workers.vocabulary.correction import WORDS_MAX, nearest, unknown_words
from workers.words.query import query_terms

if TYPE_CHECKING:
    from workers.index.interface import Index
    from workers.vocabulary.vocabulary import Vocabulary

FEW_HITS = 3
"""With fewer items that have one of its words, a query has found almost nothing."""


class Spelling:
    """Knows which words of a query may be mistyped."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def unknown(self, text: str) -> list[str]:
        """Return the words of a query that no title, brand or category has; none while no item is known yet."""
        return [] if not self._vocabulary else unknown_words(text, self._vocabulary)[:WORDS_MAX]

    async def corrections(self, index: Index, text: str) -> dict[str, str]:
        """Return the words of the catalogue that were meant, by the words of the query, folded, that it lacks.

        A word in a description or an attribute is known to the index alone, and never corrected. Raises Unavailable.
        """
        unknown = self.unknown(text)
        found = await asyncio.gather(*(index.search_terms(query_terms(word), Filters(), 1) for word in unknown))
        missing = [word for word, there in zip(unknown, found, strict=True) if not there]
        near = {word: other for word in missing if (other := nearest(word, self._vocabulary)) is not None}
        return {word: self._vocabulary.written(other) for word, other in near.items()}


async def finds_few(index: Index, text: str, filters: Filters) -> bool:
    """Return whether next to no item that passes the filters has a word of the text. Raises Unavailable."""
    return len(await index.search_terms(query_terms(text), filters, FEW_HITS)) < FEW_HITS


async def finds_any(index: Index, text: str, filters: Filters) -> bool:
    """Return whether an item that passes the filters has a word of the text. Raises Unavailable."""
    return bool(await index.search_terms(query_terms(text), filters, 1))
