"""Corrects words that the catalogue does not have to words that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rapidfuzz import process
from rapidfuzz.distance import OSA

from workers.words.chunks import is_unspaced
from workers.words.folding import spelled_out
from workers.words.query import FUNCTION_WORDS
from workers.words.stems import singular
from workers.words.surface import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workers.vocabulary.vocabulary import Vocabulary

LETTERS_MIN = 4
"""A shorter word is one edit from dozens of others."""
TWO_EDITS_LETTERS_MIN = 7
"""The least letters of a word that may differ from its correction by two edits."""
WORDS_MAX = 4
"""The most words of a query that are corrected. A query with more is of another catalogue."""
NEAREST_MAX = 64


def unknown_words(text: str, vocabulary: Vocabulary) -> dict[str, str]:
    """Return the words of a query that may be mistyped, as they are typed, by what they are folded.

    They are of letters alone, and not in the vocabulary, nor is their singular or the other spelling of an umlaut.
    """
    said = {word.chunk: text[word.start : word.end] for word in words(text) if _may_be_mistyped(word.chunk)}
    return {word: typed for word, typed in said.items() if not any(form in vocabulary for form in _forms(word, typed))}


def _forms(word: str, typed: str) -> Iterator[str]:
    yield word
    yield singular(word)
    if (other := spelled_out(typed)) is not None:
        yield other


def nearest(word: str, vocabulary: Vocabulary) -> str | None:
    """Return the word of the vocabulary that a folded word means; None if no word is near.

    Edits are insertions, deletions, substitutions and swaps of neighbours (optimal string alignment, Boytsov 2011). The
    fewest edits count first, then the number of items.
    """
    edits_max = 2 if len(word) >= TWO_EDITS_LETTERS_MIN else 1
    found = process.extract(word, vocabulary.words(), scorer=OSA.distance, score_cutoff=edits_max, limit=NEAREST_MAX)
    near = [(edits, other) for other, edits, _ in found if other.isalpha()]
    if not near:
        return None
    fewest = min(edits for edits, _ in near)
    return vocabulary.frequent((other for edits, other in near if edits == fewest), 1)[0]


def corrected(text: str, corrections: Mapping[str, str]) -> str:
    """Return the text as it is typed, with other words in the place of those that are corrected (folded)."""
    pieces, at = [], 0
    for word in words(text):
        if word.chunk in corrections:
            pieces += [text[at : word.start], corrections[word.chunk]]
            at = word.end
    return "".join([*pieces, text[at:]])


def _may_be_mistyped(chunk: str) -> bool:
    return len(chunk) >= LETTERS_MIN and chunk.isalpha() and not is_unspaced(chunk) and chunk not in FUNCTION_WORDS
