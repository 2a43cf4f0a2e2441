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
"""The fewest letters of a word that may differ from its correction by two edits."""
HEAD_LETTERS_MIN = 5
"""The fewest letters of the head of a compound. Shorter words are the end of many by chance."""
PART_LETTERS_MIN = 3
"""The fewest letters of a part of a compound. Two are in nearly every word."""
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
    """Return the word of the vocabulary that a folded word means, or the two words that it is made of; None if no word
    is near.

    A word that is one edit away goes before two words that a compound is made of, these before a compound that ends
    with the word, and this one before a word that is two edits away.

    Edits are insertions, deletions, substitutions and swaps of neighbours (optimal string alignment, Boytsov 2011). The
    fewest edits count first, then the number of items.
    """
    edits_max = 2 if len(word) >= TWO_EDITS_LETTERS_MIN else 1
    found = process.extract(word, vocabulary.words(), scorer=OSA.distance, score_cutoff=edits_max, limit=NEAREST_MAX)
    near = [(edits, other) for other, edits, _ in found if other.isalpha()]
    fewest = min((edits for edits, _ in near), default=None)
    if fewest != 1 and (other := _two_words(word, vocabulary) or _compound(word, vocabulary)) is not None:
        return other
    return next(iter(vocabulary.frequent((other for edits, other in near if edits == fewest), 1)), None)


def _two_words(word: str, vocabulary: Vocabulary) -> str | None:
    """Return the two words of the vocabulary that a compound is made of, with a blank between: `damen hose` of
    damenhose. Of several such pairs the rarer word decides.
    """
    cuts = range(PART_LETTERS_MIN, len(word) - PART_LETTERS_MIN + 1)
    pairs = [(_known(word[:cut], vocabulary), _known(word[cut:], vocabulary)) for cut in cuts]
    known = [(one, other) for one, other in pairs if one is not None and other is not None]
    if not known:
        return None
    return " ".join(max(known, key=lambda pair: min(map(vocabulary.items_with, pair))))


def _compound(word: str, vocabulary: Vocabulary) -> str | None:
    """Return the compound of this head that most items have: `kinderfahrrad` for fahrrad, as German puts the thing
    after its kind."""
    if len(word) < HEAD_LETTERS_MIN:
        return None
    longer = len(word) + PART_LETTERS_MIN
    ending = (each for each in vocabulary.words() if each.endswith(word) and len(each) >= longer and each.isalpha())
    return next(iter(vocabulary.frequent(ending, 1)), None)


def _known(part: str, vocabulary: Vocabulary) -> str | None:
    """Return the word of the vocabulary that a part of a compound is, without the s that German puts between them."""
    forms = (part, part.removesuffix("s"), singular(part))
    return next((form for form in forms if len(form) >= PART_LETTERS_MIN and form in vocabulary), None)


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
