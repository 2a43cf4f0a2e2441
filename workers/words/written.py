"""The chunks of text as it is written."""

from __future__ import annotations

from functools import lru_cache

from workers.words.chunks import chunks
from workers.words.folding import folded

TEXTS_KNOWN_MAX = 512
"""The most texts whose chunks are remembered: those of some twenty items, each of which is asked for up to four times,
and brands and categories, which many items share."""
CHARACTERS_KNOWN_MAX = 2_000
"""The characters of the longest text that is remembered, whose chunks take some 25 KB."""


def chunks_of(text: str) -> tuple[str, ...]:
    """Return the words, part numbers, numbers, quantities and unspaced runs of a text, folded, in their order."""
    return _known(text) if len(text) <= CHARACTERS_KNOWN_MAX else _found(text)


def _found(text: str) -> tuple[str, ...]:
    return tuple(chunks(folded(text)))


_known = lru_cache(TEXTS_KNOWN_MAX)(_found)
