"""The words of an item that a shopper may begin to type."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from workers.plain import plain
from workers.words.chunks import is_quantity, is_unspaced
from workers.words.identity import brand_key
from workers.words.query import FUNCTION_WORDS
from workers.words.surface import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.points import Content

WORDS_PER_ITEM_MAX = 64
CHARACTERS_MAX = 32
UNSPACED_MAX = 8
"""A longer run of Chinese or another unspaced script is a sentence and no word."""


def catalogue_words(content: Content) -> dict[str, str]:
    """Return the words of a visible item, each folded and as it is written in lower case; none if it is hidden."""
    found = (pair for text in _texts(content) for pair in _words(text))
    return dict(islice(found, WORDS_PER_ITEM_MAX))


def catalogue_brand(content: Content) -> str | None:
    """Return the brand of a visible item as `brand_key` gives it; None if it has none or is hidden."""
    shown = content["brand"] if content["status"] == "visible" else None
    return brand_key(shown) or None if shown else None


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
    for word in words(text):
        if is_word(word.chunk):
            yield word.chunk, text[word.start : word.end].lower()
