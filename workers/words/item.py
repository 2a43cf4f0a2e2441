"""The terms of an item, and how much each says of it."""

from __future__ import annotations

from collections import Counter
from itertools import chain, pairwise
from typing import TYPE_CHECKING, NamedTuple

from workers.plain import attribute_texts, plain
from workers.words.chunks import chunks, terms
from workers.words.folding import folded, spelled_out
from workers.words.identity import brand_term, identity_terms, title_term
from workers.words.stems import SNOWBALL, stem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from schemas.points import Content

ANALYSIS_VERSION = 4
"""The version of the analysis. It rises whenever an item or a query gets other terms, or a term another weight.

Version 1 was Qdrant's multilingual tokenizer, versions 2 and 3 took more times, numbers and addresses for words.
"""
TITLE_WEIGHT, CATEGORY_WEIGHT = 3, 2
"""How often a term of these fields counts; one of any other field counts once. Measured in deploy/decisions/0031."""
CHUNKS_KNOWN_MAX = 100_000
"""The most chunks whose terms are remembered, some 300 bytes each."""
_UNSTEMMED = ("und", "en")


class _Known(dict[str, tuple[str, ...]]):
    """The terms of each chunk, computed once: a catalogue says the same words again and again."""

    def __missing__(self, chunk: str) -> tuple[str, ...]:
        if len(self) >= CHUNKS_KNOWN_MAX:
            self.clear()
        found = self[chunk] = (*chain(*terms(chunk)),)
        return found


_known = _Known()


class Words(NamedTuple):
    """What an item says."""

    counts: Mapping[str, int]
    """The terms, each with the number of times that it counts."""
    length: int
    """The number of chunks (words, numbers ...), each as often as its field counts."""


def item_words(content: Content) -> Words:
    """Return the words of an item."""
    counts, length = Counter(_names(content)), 0
    for weight, language, text in _fields(content):
        found = chunks(folded(text := plain(text)))
        length += weight * len(found)
        counts.update(weight * list(_terms(text, language, found)))
    return Words(counts, length)


def identity_words(product_id: str) -> Words:
    """Return the words of an item that only a search for its id finds."""
    return Words(Counter(identity_terms(product_id, None)), 0)


def _fields(content: Content) -> Iterator[tuple[int, str, str]]:
    """Iterate over the texts of an item: (how often the field counts, language, text)."""
    yield from ((TITLE_WEIGHT, language, text) for language, text in _distinct(content["title"]))
    yield CATEGORY_WEIGHT, "und", " > ".join(content["category"])
    yield from ((1, language, text) for language, text in _distinct(content["description"]))
    yield 1, "und", content["brand"] or ""
    yield 1, "und", ", ".join(attribute_texts(content["attributes"]))


def _terms(text: str, language: str, found: list[str]) -> Iterable[str]:
    """Return the terms of a text, whose chunks were found, each as often as the text says it."""
    said = chain.from_iterable(map(_known.__getitem__, found))
    if text.isascii() and language in _UNSTEMMED:
        return said
    return chain(said, _other_spelling(text, found), _stems(found, language))


def _names(content: Content) -> Iterator[str]:
    """Iterate over the terms of identity, and in titles of each word with its number: `iphone15` finds iPhone 15."""
    yield from identity_terms(content["product_id"], content["gtin"])
    if content["brand"]:
        yield brand_term(content["brand"])
    for _, text in _distinct(content["title"]):
        yield title_term(text)
        for one, other in pairwise(chunks(folded(text))):
            if one.isalpha() and other[0].isdigit() and other.isalnum():
                yield f"{one}{other}"


def _distinct(texts: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """Return each text with its language; of those that say the same, such as both Chinese scripts, the first."""
    return {folded(texts[language]): (language, texts[language]) for language in sorted(texts, reverse=True)}.values()


def _stems(found: Iterable[str], language: str) -> Iterator[str]:
    if (base := language.split("-")[0]) in SNOWBALL:
        yield from (stem(chunk, base) for chunk in found if chunk.isalpha())


def _other_spelling(text: str, found: Iterable[str]) -> Iterator[str]:
    """Iterate over the terms of words with umlauts, as those type them whose keyboard has none."""
    known = set(found)
    for chunk in chunks(spelled_out(text) or ""):
        if chunk not in known:
            yield from _known[chunk]
