"""The terms of a query, and how much each of them is worth."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from workers.words.chunks import chunks, dimensions, is_unspaced, terms
from workers.words.folding import spelled_out
from workers.words.head_nouns import head_nouns
from workers.words.identity import title_term
from workers.words.stems import SNOWBALL, singular, stem
from workers.words.written import chunks_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PART_WEIGHT = 0.3
"""The weight of a part of a compound beside the whole: `wi` and `fi` of wi-fi are a fraction of one word."""
STEM_WEIGHT = 0.5
JOINED_WEIGHT = 0.5
"""The weight of neighbouring words run together: `note book` finds notebook, and `wh 1000 xm5` wh-1000xm5."""
JOINED_MAX = 4
HEAD_NOUN_WEIGHT = 0.3
"""The weight of a head noun of the query that is one of the item, beside the word itself. From 0.1 to 0.4 search finds
nearly the same (deploy/decisions/0051)."""
FUNCTION_WEIGHT = 0.2
TITLE_WEIGHT = 10.0
"""The weight of a whole title: an item whose title is the query goes before all others."""
CHUNKS_MAX = 64
"""The chunks of a query that are looked up. A whole page as a query would take long and find nothing better."""
FUNCTION_WORDS = frozenset(
    (
        *("an", "and", "are", "as", "at", "by", "for", "from", "in", "into", "is", "of", "on", "or", "per", "the"),
        *("this", "to", "with", "your"),
        *("das", "dem", "den", "der", "des", "die", "ein", "eine", "für", "im", "mit", "oder", "und", "von", "zum"),
        *("aux", "avec", "des", "du", "en", "et", "la", "le", "les", "ou", "par", "pour", "sur", "un", "une"),
        *("con", "de", "del", "el", "il", "los", "las", "para", "per", "por"),
    )
)
"""Words that say little where another word follows. No letter is one of them: it may be a size or a vitamin."""


@lru_cache(1_024)
def query_terms(text: str) -> Mapping[str, float]:
    """Return the terms of a query with their weights, > 0. Empty if the query has neither a letter nor a digit."""
    found = chunks_of(text)[:CHUNKS_MAX]
    weights: dict[str, float] = defaultdict(float)
    for number, chunk in enumerate(found, start=1):
        share = FUNCTION_WEIGHT if chunk in FUNCTION_WORDS and number < len(found) else 1.0
        for term, weight in _weighted(chunk):
            weights[term] += share * weight
    together = (term for _, _, term in joined(found))
    for term in chain(together, dimensions(found), _spelled_otherwise(text, found)):
        weights[term] += JOINED_WEIGHT
    weights.update(dict.fromkeys(head_nouns(text), HEAD_NOUN_WEIGHT))
    if found:
        weights[title_term(text)] = TITLE_WEIGHT
    return weights


def _weighted(chunk: str) -> Iterator[tuple[str, float]]:
    whole, parts = terms(chunk)
    yield from ((term, 1.0) for term in whole)
    if is_unspaced(chunk):
        return  # Single characters of a run are in hundreds of other words.
    yield from ((term, PART_WEIGHT) for term in parts)
    if chunk.isalpha():
        # A query does not say its language; a stem that no item of that language has costs nothing.
        yield from ((stem(chunk, language), STEM_WEIGHT) for language in SNOWBALL)


def joined(found: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Iterate over neighbours `found[start:end]` run together, as the terms of a compound are: start, end, term."""
    for length in range(2, JOINED_MAX + 1):
        for start in range(len(found) - length + 1):
            span = found[start : start + length]
            if not any(map(is_unspaced, span)):
                yield start, start + length, singular("".join(filter(str.isalnum, "".join(span))))


def _spelled_otherwise(text: str, found: Sequence[str]) -> Iterator[str]:
    """Iterate over the whole terms of words with umlauts in the other spelling."""
    for chunk in chunks(spelled_out(text) or "")[:CHUNKS_MAX]:
        if chunk not in found:
            yield from terms(chunk).whole
