"""The entry of an item in the vocabulary: the words that a shopper may type, and what else queries may name."""

from __future__ import annotations

from functools import lru_cache
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from schemas.texts import attribute_values
from workers.plain_text import plain
from workers.words.chunks import is_quantity, is_unspaced
from workers.words.identity import attribute_kind, attribute_term, brand_key
from workers.words.query import FUNCTION_WORDS
from workers.words.stems import SNOWBALL, stem
from workers.words.surface import words
from workers.words.written import chunks_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from schemas.points import Content

WORDS_PER_ITEM_MAX = 64
CHARACTERS_MAX = 32
CHUNKS_KNOWN_MAX = 16_384
"""The most chunks of which is remembered whether they are words."""
VALUES_PER_ATTRIBUTE_MAX = 32
"""The most colours or sizes of one item."""
UNSPACED_MAX = 8
"""A longer run of Chinese or another unspaced script is a sentence and no word."""


class Entry(NamedTuple):
    """The parts of an item that `Vocabulary.put` takes; all are empty where it is hidden."""

    words: Mapping[str, str]
    brand: str | None
    attributes: Mapping[str, str]
    stems: Collection[str]


def catalogue_entry(content: Content) -> Entry:
    """Return the entry of an item in the vocabulary."""
    return Entry(
        catalogue_words(content), catalogue_brand(content), dict(_attributes(content)), sorted(set(_stems(content)))
    )


def catalogue_words(content: Content) -> dict[str, str]:
    """Return the words of a visible item, each folded and as it is written in lower case; none if it is hidden."""
    found = (pair for text in _texts(content) for pair in _words(text))
    return dict(islice(found, WORDS_PER_ITEM_MAX))


def catalogue_brand(content: Content) -> str | None:
    """Return the brand of a visible item as `brand_key` gives it; None if it has none or is hidden."""
    shown = content["brand"] if content["status"] == "visible" else None
    return brand_key(shown) or None if shown else None


def _attributes(content: Content) -> Iterator[tuple[str, str]]:
    """Iterate over the colours and sizes of a visible item: the term of each, and NAME:VALUE."""
    if content["status"] != "visible":
        return
    for name, said in content["attributes"].items():
        if (kind := attribute_kind(name)) is not None:
            for value in islice(attribute_values(said), VALUES_PER_ATTRIBUTE_MAX):
                yield attribute_term(kind, brand_key(value)), f"{name}:{value}"


def _stems(content: Content) -> Iterator[str]:
    """Iterate over the terms of the stems in the titles of a visible item."""
    for language, text in content["title"].items() if content["status"] == "visible" else ():
        if (base := language.split("-")[0]) in SNOWBALL:
            yield from (stem(chunk, base) for chunk in chunks_of(plain(text)) if chunk.isalpha())


@lru_cache(CHUNKS_KNOWN_MAX)
def is_word(chunk: str) -> bool:
    """Return whether a chunk is worth to be completed: no number, no size, no single letter, no `and`."""
    if is_unspaced(chunk):
        return 1 < len(chunk) <= UNSPACED_MAX
    return (
        1 < len(chunk) <= CHARACTERS_MAX
        and any(map(str.isalpha, chunk))
        and not is_quantity(chunk)
        and chunk not in FUNCTION_WORDS
    )


def _texts(content: Content) -> Iterator[str]:
    if content["status"] == "visible":
        yield from chain(content["title"].values(), [content["brand"] or ""], content["category"])


def _words(text: str) -> Iterator[tuple[str, str]]:
    text = plain(text)
    if text.isascii():  # Folding changes the case alone, so words need no places.
        yield from ((chunk, chunk) for chunk in chunks_of(text) if is_word(chunk))
        return
    for word in words(text):
        if is_word(word.chunk):
            yield word.chunk, text[word.start : word.end].lower()
