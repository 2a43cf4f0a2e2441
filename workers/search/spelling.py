"""Corrects a query where the catalogue lacks one of its words, as the index and the vocabulary know now."""

from __future__ import annotations

import asyncio
from collections import ChainMap
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from schemas.queries import Filters
from workers.vocabulary.correction import WORDS_MAX, nearest, unknown_words
from workers.words.identity import id_term, words_alone
from workers.words.query import FUNCTION_WORDS, query_terms
from workers.words.rarity import NO_COUNTS
from workers.words.written import chunks_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.index.interface import Index
    from workers.vocabulary.vocabulary import Vocabulary
    from workers.words.rarity import ItemCounts

FEW_HITS = 3
"""The number of hits, by words or by vectors, below which a query has found almost nothing."""


MEANT_WEIGHT = 0.8
"""The worth of a word that was probably meant beside one that was typed: that of a synonym."""


class QueryRules(Protocol):
    """The rules of a shop about the words of its queries, as `workers.words.synonyms.Synonyms` has them."""

    def terms(self, text: str, catalogue: ItemCounts = NO_COUNTS) -> Mapping[str, float]:
        """Return the terms that a query is searched for with, with their weights, > 0."""

    def without_stop(self, text: str) -> str:
        """Return the query without the phrases that it is searched for without; never an empty text."""

    def knows(self, word: str) -> bool:
        """Return whether a folded word is one of the rules."""


class Spelling:
    """Knows which words of a query may be mistyped."""

    def __init__(self, vocabulary: Vocabulary, rules: QueryRules) -> None:
        self._vocabulary = vocabulary
        self._rules = rules

    def unknown(self, text: str) -> dict[str, str]:
        """Return the words of a query that no title, brand or category has, as they are typed, by what they are folded.

        A word of the synonyms is not mistyped, nor is another form of a word that the catalogue has. There are none
        while no item is known yet.
        """
        if not self._vocabulary:
            return {}
        unknown = unknown_words(text, self._vocabulary).items()
        return dict(islice((each for each in unknown if not self._knows(each[0])), WORDS_MAX))

    def _knows(self, word: str) -> bool:
        return self._rules.knows(word) or bool(self._vocabulary.forms(word))

    async def corrections(self, index: Index, text: str) -> dict[str, str]:
        """Return the words of the catalogue that were meant, by the words of the query, folded, that it lacks.

        A word in a description or an attribute, or a product_id, is known to the index alone, and never corrected.
        Raises Unavailable.
        """
        unknown = self.unknown(text)
        asked = (index.search_terms(_all_terms(typed), Filters(), 1) for typed in unknown.values())
        found = await asyncio.gather(*asked)
        missing = [word for word, there in zip(unknown, found, strict=True) if not there]
        near = {word: other for word in missing if (other := nearest(word, self._vocabulary)) is not None}
        return {word: " ".join(map(self._vocabulary.written, other.split())) for word, other in near.items()}

    async def meant(self, index: Index, text: str, corrections: Mapping[str, str]) -> dict[str, float]:
        """Return the terms of the corrections with their weights, if an item has one of them together with another word
        of the query. Otherwise return none, since only the spelling would speak for them. Raises Unavailable.

        An item that says one of these words has at most the best score of the terms of that word.
        """
        rest = (each for each in chunks_of(text) if each not in corrections and each not in FUNCTION_WORDS)
        others = words_alone(query_terms(" ".join(rest)))
        meant = [words_alone(query_terms(each)) for each in corrections.values()]
        said = [each for each in (others, *meant) if each]
        together, *alone = await asyncio.gather(*map(index.best_by_terms, (dict(ChainMap(*said)), *said)))
        weights = dict(ChainMap(*meant)).items()
        return (
            {term: MEANT_WEIGHT * weight for term, weight in weights} if together > max(alone, default=together) else {}
        )

    async def finds(self, index: Index, corrected: str, filters: Filters) -> bool:
        """Return whether an item that passes the filters has a word of a corrected query. Raises Unavailable."""
        return bool(await index.search_terms(self._rules.terms(corrected), filters, 1))


def _all_terms(word: str) -> Mapping[str, float]:
    return {**query_terms(word), id_term(word): 1.0}
