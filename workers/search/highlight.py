"""Finds the words of a hit by which a query found it: by the same terms, so stems, units and Chinese scripts match."""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import chain, pairwise
from typing import TYPE_CHECKING, NamedTuple

from schemas.highlights import Fragment, Highlights
from workers.plain_text import plain
from workers.words.chunks import chunks, is_unspaced, run_together, terms
from workers.words.folding import spelled_out
from workers.words.query import FUNCTION_WEIGHT, FUNCTION_WORDS
from workers.words.stems import SNOWBALL, stem
from workers.words.surface import Word, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from schemas.answers import Hit

TEXT_CHARACTERS_MAX = 5_000
"""The part of a description that is looked through, in some 2 ms."""
EXCERPT_CHARACTERS = 240
BEFORE_CHARACTERS = 40
"""The characters before the first match that an excerpt shows."""
CHUNKS_KNOWN_MAX = 10_000
"""The most chunks whose terms are remembered, some 400 bytes each."""


class TextSpan(NamedTuple):
    """A part of a text: `text[start:end]`."""

    start: int
    end: int


def highlighted(hits: Iterable[Hit], wanted: Mapping[str, float]) -> list[Hit]:
    """Return the hits with their matches. `wanted` are the terms that were searched for, with their weights."""
    return [hit.model_copy(update={"highlights": highlights(hit, wanted)}) for hit in hits]


def highlights(hit: Hit, wanted: Mapping[str, float]) -> Highlights:
    """Return the matches of a hit; see `highlighted`."""
    title, description = hit.title or "", plain(hit.description or "")[:TEXT_CHARACTERS_MAX]
    language = _language(title, hit.titles)  # A description is shown in the language of the title, where it has it.
    found = matches(title, language, wanted)
    in_description = matches(description, language, wanted)
    excerpt = _excerpt(description, in_description)
    return Highlights(
        title=fragments(title, TextSpan(0, len(title)), found),
        description=fragments(description, excerpt, in_description) if in_description else [],
    )


def matches(text: str, language: str, wanted: Mapping[str, float]) -> list[TextSpan]:
    """Return the parts of a text that have one of the terms, in order and without overlaps."""
    asked = {term for term, weight in wanted.items() if weight > FUNCTION_WEIGHT or term not in _function_terms()}
    found = list(words(text))
    spans = set(chain.from_iterable(_in_word(word, text, language, asked) for word in found))
    for one, other in pairwise(found):  # `iphone15` finds iPhone 15.
        if run_together(one.chunk, other.chunk) in asked:
            spans |= {TextSpan(one.start, one.end), TextSpan(other.start, other.end)}
    return _joined(sorted(spans))


@cache
def _function_terms() -> frozenset[str]:
    """Return the terms of words that say little, which are marked only where they count as any other word does."""
    stems = {stem(word, language) for word in FUNCTION_WORDS for language in SNOWBALL}
    return frozenset(stems.union(*(terms(word).whole for word in FUNCTION_WORDS)))


def fragments(text: str, part: TextSpan, spans: Iterable[TextSpan]) -> list[Fragment]:
    """Return a part of a text in fragments; the spans within it are fragments that matched."""
    made, at = list[Fragment](), part.start
    for start, end in spans:
        if part.start <= start and end <= part.end:
            made += [Fragment(text=text[at:start], matched=False), Fragment(text=text[start:end], matched=True)]
            at = end
    return [each for each in (*made, Fragment(text=text[at : part.end], matched=False)) if each.text]


def _in_word(word: Word, text: str, language: str, asked: set[str]) -> Iterator[TextSpan]:
    """Iterate over the matching parts of a word: of an unspaced run each pair of characters, of any other word the
    whole."""
    if is_unspaced(word.chunk) and word.end - word.start == len(word.chunk):
        yield from _in_run(word, asked)
    elif not asked.isdisjoint(_said(word.chunk, text[word.start : word.end], language)):
        yield TextSpan(word.start, word.end)


def _in_run(word: Word, asked: set[str]) -> Iterator[TextSpan]:
    run = word.chunk
    for place, char in enumerate(run):
        if char in asked:
            yield TextSpan(word.start + place, word.start + place + 1)
        if run[place : place + 2] in asked and place + 1 < len(run):
            yield TextSpan(word.start + place, word.start + place + 2)


@lru_cache(CHUNKS_KNOWN_MAX)
def _said(chunk: str, written: str, language: str) -> frozenset[str]:
    """Return the terms by which a chunk can be found, as `workers.words.item` gives them to an item."""
    found = {*chain(*terms(chunk))}
    for other in chunks(spelled_out(written) or ""):
        found |= {*chain(*terms(other))}
    if chunk.isalpha() and language in SNOWBALL:
        found.add(stem(chunk, language))
    return frozenset(found)


def _language(title: str, titles: Mapping[str, str]) -> str:
    """Return the language of a title, without its variant."""
    return next((tag.split("-")[0] for tag, text in sorted(titles.items()) if text == title), "und")


def _joined(spans: Sequence[TextSpan]) -> list[TextSpan]:
    """Return the spans with those that overlap or touch as one."""
    made = list[TextSpan]()
    for span in spans:
        if made and span.start <= made[-1].end:
            made[-1] = TextSpan(made[-1].start, max(made[-1].end, span.end))
        else:
            made.append(span)
    return made


def _excerpt(text: str, spans: Sequence[TextSpan]) -> TextSpan:
    """Return the part of a text with the most matches, of equal ones the first, from blank to blank."""
    if len(text) <= EXCERPT_CHARACTERS or not spans:
        return TextSpan(0, len(text))
    first = max(spans, key=lambda span: (sum(_within(span, other) for other in spans), -span.start))
    start = max(0, first.start - BEFORE_CHARACTERS)
    end = min(len(text), max(start + EXCERPT_CHARACTERS, first.end))
    if start:
        start = text.find(" ", start, first.start) + 1 or first.start
    if end < len(text):
        end = max(text.rfind(" ", start, end), first.end)
    return TextSpan(start, end)


def _within(first: TextSpan, other: TextSpan) -> bool:
    return first.start <= other.start and other.end <= first.start + EXCERPT_CHARACTERS - BEFORE_CHARACTERS
