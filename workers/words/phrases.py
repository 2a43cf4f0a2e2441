"""Phrases that a query has: runs of its words, compared as words of a search are, so `Sofas` is `sofa`."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from workers.words.chunks import is_unspaced, run_together, terms
from workers.words.stems import singular
from workers.words.written import chunks_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    PhraseKey = tuple[str, ...]
    """The key by which phrases are compared."""

WORDS_MAX = 6
"""The most words of a phrase."""
RUN_MAX = 16
"""The longest phrase that is found within a run of a script without blanks."""
EDGE_MAX, CHUNKS_MAX = 8, 16
"""The longest beginning or end of such a run that is a part of a phrase with other words, and the words of a query of
which each pair is tried so."""


class FoundPhrase(NamedTuple):
    """A phrase in a query: the chunks from `start` to `end`."""

    start: int
    end: int
    key: PhraseKey


def forms_of(phrase: str) -> PhraseKey:
    """Return the words of a phrase, each in the form by which it is compared."""
    return tuple(map(_form, chunks_of(phrase)))


def phrase_key(phrase: str) -> PhraseKey:
    """Return the key that a phrase is compared by: its words. Words that are also written as one count as one, so that
    `t shirt` is `t-shirt`, and `iphone 15` is `iphone15`."""
    found = chunks_of(phrase)
    return _key(tuple(map(_form, found)), _pairs(found))


def phrases_in(found: Sequence[str], keys: Container[PhraseKey]) -> Iterator[FoundPhrase]:
    """Iterate over the phrases that the chunks of a query have, also within a run without blanks."""
    forms, pairs = tuple(map(_form, found)), _pairs(found)
    for start, chunk in enumerate(found):
        for end in range(start + 1, min(start + WORDS_MAX, len(found)) + 1):
            if (key := _key(forms[start:end], pairs[start : end - 1])) in keys:
                yield FoundPhrase(start, end, key)
            elif end - start > 1 and len(found) <= CHUNKS_MAX:
                others = _in_runs(found[start], forms[start + 1 : end - 1], found[end - 1], forms[end - 1])
                yield from (FoundPhrase(start, start, other) for other in others if other in keys)
        if is_unspaced(chunk):
            yield from (FoundPhrase(start, start, (part,)) for part in _parts(chunk) if (part,) in keys)


def _in_runs(first: str, between: PhraseKey, last: str, form_of_last: str) -> Iterator[PhraseKey]:
    """Iterate over the phrases that begin within the first word, end within the last one, or both, where these are runs
    without blanks: `iphone 手機` in `iphone手機殼`."""
    if not is_unspaced(first) and not is_unspaced(last):
        return
    starts = [first[-n:] for n in range(1, min(len(first), EDGE_MAX) + 1)] if is_unspaced(first) else [_form(first)]
    ends = [last[:n] for n in range(1, min(len(last), EDGE_MAX) + 1)] if is_unspaced(last) else [form_of_last]
    yield from ((start, *between, end) for start in starts for end in ends)


def _pairs(found: Sequence[str]) -> list[str | None]:
    """Return, for each word but the last, the word that it and the next one are also written as; None for none."""
    return [None if is_unspaced(one) else run_together(one, other) for one, other in pairwise(found)]


def _key(forms: PhraseKey, pairs: Sequence[str | None]) -> PhraseKey:
    if not any(pairs):
        return forms
    key, at = list[str](), 0
    while at < len(forms):
        together = pairs[at] if at < len(pairs) else None
        key.append(forms[at] if together is None else together)
        at += 1 if together is None else 2
    return tuple(key)


def _parts(run: str) -> Iterator[str]:
    for start in range(len(run)):
        yield from (
            run[start:end] for end in range(start + 1, min(start + RUN_MAX, len(run)) + 1) if run[start:end] != run
        )


def _form(chunk: str) -> str:
    if is_unspaced(chunk):
        return chunk
    return singular(chunk) if chunk.isalpha() else "".join(terms(chunk).whole)
