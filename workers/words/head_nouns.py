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
_COLORS = frozenset(
    (
        *("beige", "black", "blue", "brown", "gray", "green", "grey", "pink", "purple", "red", "silver", "white"),
        *("yellow", "blau", "braun", "gelb", "grau", "grun", "rot", "schwarz", "silber", "weiss"),
    )
)
"""Colours as titles end with them, folded, in the languages whose last word names the thing. Orange, gold and rose are
things as well."""
_TOGETHER = frozenset(
    ("bundle", "bundles", "combo", "kit", "kits", "multipack", "pack", "packs", "pair", "pairs", "set", "sets")
)
"""Words for things that are sold together: a battery pack is a battery, and a camera kit a camera."""
_GIVING_WAY = _COLORS | _TOGETHER
_SHADES = frozenset(
    ("bright", "cool", "dark", "deep", "hot", "matt", "matte", "neon", "pale", "pastel", "soft", "warm")
)
"""Words that say which of a colour, where they are before one: `Lipstick, Hot Pink`. None of them is a thing."""
_BEFORE_COLORS = _GIVING_WAY | _SHADES
_OF_NUMBERS = "0123456789.,"


def head_nouns(text: str, leaving_out: Collection[str] = ()) -> Iterator[str]:
    """Iterate over the terms of the head nouns of a text, in their order, without those of the words `leaving_out`.

    A head noun is the last word of a name, as English, German and Chinese put the thing after its kind. A name ends
    with the text, before a sign, a number or one of certain words, and where capitals begin (`mouse USB`). A last word
    that is a colour, or says that things are sold together, gives way to the one before it, and so does `dark` before a
    colour. What is counted (`7 Port`,
    `3 pcs`) comes after the other head nouns, since it is a part of the thing more often than the thing itself.
    """
    counted: list[str] = []
    for name, is_counted in _names(text):
        word = name[-1]
        if word in _GIVING_WAY:
            giving_way = _BEFORE_COLORS if word in _COLORS else _GIVING_WAY
            word = next((each for each in reversed(name) if each not in giving_way), name[0])
            if word in _SHADES:
                continue
        noun = word[-2:] if not word.isascii() and is_unspaced(word) else singular(word)
        if word in _COLORS or len(noun) < LETTERS_MIN or noun in leaving_out or noun in _ENDING:
            continue
        if is_counted:
            counted.append(f"{NOUN_MARK}{noun}")
        else:
            yield f"{NOUN_MARK}{noun}"
    yield from counted


def _names(text: str) -> Iterator[tuple[list[str], bool]]:
    """Iterate over the names in a text, but those of what the thing fits or has, each with its words, folded, and
    whether it is one word behind a number."""
    lower = folded(text)
    written = text if len(text) == len(lower) else lower
    accents = not text.isascii()
    adding = behind_number = False
    name: list[str] = []
    end = (len(lower), len(lower))
    for (start, stop), following in pairwise(chain(places(lower), (end,))):
        chunk, between = lower[start:stop], lower[stop : following[0]]
        adding = adding or chunk in _ADDING or (accents and written[start:stop].lower() in _ADDING)
        sign = between != " " and bool(between.strip())
        if not chunk.isalpha() or chunk in _ENDING:
            name, behind_number = [], not chunk.strip(_OF_NUMBERS)
        else:
            name.append(chunk)
            if sign or _ends(written[start:stop], written[following[0] : following[1]]):
                if not adding:
                    yield name, behind_number and len(name) == 1
                name, behind_number = [], False
        adding = adding and not sign


def _ends(one: str, other: str) -> bool:
    """Return whether a name ends between two words that only a blank sets apart."""
    if not other.isalpha():
        return True
    if other.islower():
        return other in _ENDING
    if other.lower() in _ENDING:
        return True
    return (other[0].isupper() and not one[0].isupper()) or (other.isupper() and not one.isupper())
