"""Head nouns: the words by which a text names a thing itself, and not what the thing is for or comes with."""

from __future__ import annotations

from itertools import chain, pairwise
from typing import TYPE_CHECKING

from workers.words.chunks import is_unspaced, places
from workers.words.folding import folded
from workers.words.stems import singular

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

NOUN_MARK = "^"
"""The first character of the terms of head nouns. No word begins with it."""
LETTERS_MIN = 2
_ADDING = frozenset(
    (
        *("compatible", "fits", "for", "replaces", "with", "without"),
        *("für", "mit", "ohne"),
        *("avec", "de", "pour", "sans"),
        *("con", "del", "di", "para", "per", "sin"),
        *("met", "van", "voor", "zonder"),
    )
)
"""Words after which a text says what the thing fits or has: a keyboard for a tablet is no tablet."""
_ENDING = _ADDING | {
    "and",
    "as",
    "at",
    "by",
    "from",
    "in",
    "of",
    "on",
    "or",
    "to",
    "und",
    "von",
    "zum",
    "et",
    "en",
    "y",
}
"""Words before which the name of a thing ends."""


def head_nouns(text: str, leaving_out: Collection[str] = ()) -> Iterator[str]:
    """Iterate over the terms of the head nouns of a text, in their order, without those of the words `leaving_out`.

    A head noun is the last word of a name, as English, German and Chinese put the thing after its kind. A name ends
    with the text, before a sign, a number or one of certain words, and where capitals begin (`mouse USB`).
    """
    lower = folded(text)
    written = text if len(text) == len(lower) else lower
    adding = False
    end = (len(lower), len(lower))
    for (start, stop), following in pairwise(chain(places(lower), (end,))):
        chunk = lower[start:stop]
        adding = adding or chunk in _ADDING or written[start:stop].lower() in _ADDING
        sign = bool(lower[stop : following[0]].strip())
        if not adding and chunk.isalpha() and (sign or _ends(written[start:stop], written[slice(*following)])):
            noun = chunk[-2:] if is_unspaced(chunk) else singular(chunk)
            if len(noun) >= LETTERS_MIN and noun not in leaving_out and noun not in _ENDING:
                yield f"{NOUN_MARK}{noun}"
        adding = adding and not sign


def _ends(one: str, other: str) -> bool:
    """Return whether a name ends between two words that only a blank sets apart."""
    if not other.isalpha() or other.lower() in _ENDING:
        return True
    return (other[0].isupper() and not one[0].isupper()) or (other.isupper() and not one.isupper())
