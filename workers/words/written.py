"""The chunks of text as it is written."""

from __future__ import annotations

from functools import lru_cache

from workers.words.chunks import chunks
from workers.words.folding import folded

TEXTS_KNOWN_MAX = 512
"""The most texts whose chunks are remembered: those of some twenty items, each of which is asked for up to four times,
and brands and categories, which many items share. A long description has some 10 KB of them."""


@lru_cache(TEXTS_KNOWN_MAX)
def chunks_of(text: str) -> tuple[str, ...]:
    """Return the words, part numbers, numbers, quantities and unspaced runs of a text, folded, in their order."""
    return tuple(chunks(folded(text)))
