"""The terms of a query: of its words, of their synonyms, and of the brands that it names beside other words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.understanding.guesses import BRAND, Known
from workers.understanding.read import understand
from workers.words.identity import brand_term

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.search.spelling import QueryRules
    from workers.vocabulary.vocabulary import Vocabulary

BRAND_WEIGHT = 0.5
"""The weight of the whole brand beside its words, which are searched for as well."""


class QueryTerms:
    """Gives the terms that a query is searched for with."""

    def __init__(self, rules: QueryRules, vocabulary: Vocabulary) -> None:
        self._rules = rules
        self._vocabulary = vocabulary

    def __call__(self, text: str) -> Mapping[str, float]:
        """Return the terms with their weights, > 0."""
        found = self._rules.terms(text)
        guesses = understand(text, Known(brands=self._vocabulary.brands)).guesses
        brands = [brand_term(text[each.start : each.end]) for each in guesses if each.boost == BRAND]
        return {**found, **dict.fromkeys(brands, BRAND_WEIGHT)} if brands else found
