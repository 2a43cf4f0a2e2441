"""The terms of a query: of its words, of their synonyms, and of brands, colours and sizes beside other words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.understanding.guesses import Known
from workers.understanding.read import understand
from workers.words.chunks import terms
from workers.words.query import FUNCTION_WORDS, STEM_WEIGHT
from workers.words.rarity import RARITY_MIN, rarity
from workers.words.stems import SNOWBALL, stem
from workers.words.written import chunks_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workers.search.spelling import QueryRules
    from workers.vocabulary.vocabulary import Vocabulary

_LETTERS, _DIGIT = re.compile(r"[a-z]+"), re.compile(r"\d")
BOOST_WEIGHT = 0.5
"""The weight of a whole brand, colour or size beside its words, which are searched for as well."""


def _without_letters(found: Mapping[str, float], said: Sequence[str]) -> Mapping[str, float]:
    """Return the terms without letters that are a part of a number: of `zz-x4411` nobody means whatever says x.

    The letter of `vitamin-c` tells it from other vitamins.
    """
    letters = {term for term in found if len(term) == 1 and term.isalpha() and term.isascii()}
    if letters:
        letters.difference_update(*(_LETTERS.findall(chunk) for chunk in said if _DIGIT.search(chunk) is None))
    return {term: weight for term, weight in found.items() if term not in letters} if letters else found


class QueryTerms:
    """Gives the terms that a query is searched for with."""

    def __init__(self, rules: QueryRules, vocabulary: Vocabulary) -> None:
        self._rules = rules
        self._vocabulary = vocabulary

    def __call__(self, text: str) -> Mapping[str, float]:
        """Return the terms with their weights, > 0."""
        known, said = self._vocabulary, chunks_of(text)
        found = _without_letters(self._rules.terms(text, known), said)
        guesses = understand(text, Known(brands=known.brands, attributes=known.attributes)).guesses
        boosts = {each.term: BOOST_WEIGHT for each in guesses if each.term is not None}
        lowered = {term: share * found[term] for term, share in self._stem_shares(said) if term in found}
        forms = {term: weight for term, weight in self._forms(said) if term not in found}
        return {**found, **lowered, **forms, **boosts} if boosts or lowered or forms else found

    def _forms(self, said: Sequence[str]) -> Iterator[tuple[str, float]]:
        """Iterate over the terms of other forms of the words, in texts that name no language, with their weights.

        Each is worth the share of its word that a stem is worth, however rare either is.
        """
        for chunk in said:
            for form in self._vocabulary.forms(chunk) if chunk not in FUNCTION_WORDS else ():
                weight = STEM_WEIGHT * self._rarity(chunk) / max(RARITY_MIN, self._rarity(form))
                yield from ((term, weight) for term in terms(form).whole)

    def _stem_shares(self, said: Sequence[str]) -> Iterator[tuple[str, float]]:
        """Iterate over the stems that are rarer than their words, each with the share of its weight that it keeps.

        So no stem is worth more than its word, where few items are in its language.
        """
        known = self._vocabulary
        for chunk in said if known.stems else ():
            for term in (stem(chunk, language) for language in SNOWBALL if chunk.isalpha()):
                if having := known.stems.get(term):
                    share = self._rarity(chunk) / rarity(having, known.items)
                    if share < 1:
                        yield term, share

    def _rarity(self, chunk: str) -> float:
        return rarity(self._vocabulary.items_with(chunk), self._vocabulary.items)
