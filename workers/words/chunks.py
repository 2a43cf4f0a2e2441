"""Chunks: the pieces that folded text is cut into, and the terms of each."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, NamedTuple

from workers.words.quantities import ROMAN, UNITS, number, other_reading, quantity
from workers.words.stems import singular

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003fffd"
)
"""Thai, Lao, Burmese, Khmer, Chinese, Japanese and Korean: words are not, or not always, set apart by blanks."""
SIGN = f"(?-i:[^\\W_{UNSPACED}])"
"""A letter or digit of a script that sets words apart.

`-i` because no unspaced script has capitals: with `i`, re.compile looks at each of the 131,000 characters of the last
range, which takes 5 ms for each SIGN of a pattern, 0.2 s in all when an index worker starts.
"""
_NUMBER = r"\d++(?:[.,]\d++)*+"
_UNIT = "|".join(re.escape(name) for name in sorted(UNITS, key=len, reverse=True))
_KINDS = (
    "[a-z]++(?=[ ,]|$)",  # Most words are taken by this one, in a third of the time.
    f"{_NUMBER}[ -]?(?:{_UNIT})(?!(?!x\\d){SIGN}|-\\d|(?<=in) ?\\d)",  # `5 in 1` is no size.
    f"{_NUMBER} ?x(?= ?\\d)",
    f"{_NUMBER}(?!{SIGN}|[-/+&'_]{SIGN})",
    f"[a-z][+#]{{1,2}}(?![+#]|{SIGN})",
    f"{SIGN}++(?:(?:['&+/._-]|(?<=\\d),(?=\\d)){SIGN}++)*+",
    f"[{UNSPACED}]++",
)
"""A word, a quantity, how often (6x330ml), a number, a grade (A++), a part number or compound, an unspaced run.

Each takes all it can, so the next one never begins within a word.
"""
_FIND = re.compile("|".join(_KINDS))
_UNSPACED = re.compile(f"[{UNSPACED}]")
_TIMES = re.compile(f"({_NUMBER}) ?x")
_LEADING_NUMBER = re.compile(_NUMBER)
_AMOUNT = re.compile(f"({_NUMBER})[ -]?({_UNIT})")
_JOINT = re.compile(r"['&+/.,_-]+")
_SIGNED = re.compile(r"[a-z][+#]+")
_LETTERS_OR_DIGITS = re.compile(r"[^\W\d_]+|\d+")
SEGMENTS_JOINED_MAX = 4
SHORT_WORDS_MAX = 4
"""The most letters of two words that may be one word."""
INITIALS_MAX = 3
"""The most letters of each part of a name such as AC/DC, which is also written as one word."""
CHARACTERS_MAX = 64
"""Nobody types a longer word, and one text may be a single word of a million letters."""


class Terms(NamedTuple):
    """The terms of a chunk."""

    whole: tuple[str, ...]
    """The terms of the whole chunk."""
    parts: tuple[str, ...] = ()
    """The terms of its parts, by which it can be found as well."""


def chunks(folded: str) -> list[str]:
    """Return the words, part numbers, numbers, quantities and unspaced runs of folded text, in their order."""
    return _FIND.findall(folded)


def places(folded: str) -> Iterator[tuple[int, int]]:
    """Iterate over the places of the chunks of folded text, each as (start, end)."""
    return map(re.Match.span, _FIND.finditer(folded))


def terms(chunk: str) -> Terms:
    """Return the terms of a chunk."""
    if chunk.isalpha() and chunk.isascii():
        if chunk in ROMAN:
            return Terms((chunk,), (ROMAN[chunk],))
        return Terms((singular(chunk[:CHARACTERS_MAX]),))
    if is_unspaced(chunk):
        return _grams(chunk)
    if chunk[0].isdigit():
        if re.fullmatch(_NUMBER, chunk):
            return _number(chunk)
        if times := _TIMES.fullmatch(chunk):
            return Terms((number(times[1]),))
        if found := _AMOUNT.fullmatch(chunk):
            return _quantity(*found.groups())
    if _SIGNED.fullmatch(chunk):
        return Terms((chunk,), (chunk[0],))
    return _compound(chunk[:CHARACTERS_MAX])


def is_unspaced(chunk: str) -> bool:
    """Return whether the chunk is a run of a script that does not set words apart."""
    return _UNSPACED.match(chunk) is not None


def is_quantity(chunk: str) -> bool:
    """Return whether the chunk is a number with a unit."""
    return _AMOUNT.fullmatch(chunk) is not None


def run_together(one: str, other: str) -> str | None:
    """Return the term of two neighbours in a title that people also write as one word, and None for other neighbours.
    They are a word and its number (`iphone15`), a letter and a word (T Shirt), or two short words (Wi Fi)."""
    if not one.isalpha():
        return None
    if other[0].isdigit():
        return f"{one}{other}" if other.isalnum() else None
    if len(one) > 1 and len(other) > 1 and len(one) + len(other) > SHORT_WORDS_MAX:
        return None
    if not other.isalpha() or is_unspaced(one) or is_unspaced(other):
        return None
    return singular(f"{one}{other}")


def dimensions(found: Iterable[str]) -> Iterator[str]:
    """Iterate over the terms of numbers that are multiplied, in their order: `10x20` of a poster of 10 x 20 cm."""
    for one, other in pairwise(found):
        if one[-1] == "x" and (times := _TIMES.fullmatch(one)) and (size := _LEADING_NUMBER.match(other)):
            yield f"{number(times[1])}x{number(size[0])}"


def _number(written: str) -> Terms:
    other = other_reading(written)
    return Terms((number(written),), () if other is None else (other,))


def _quantity(written: str, unit: str) -> Terms:
    amount, other = number(written), other_reading(written)
    return Terms((_amount(amount, unit),), (amount,) if other is None else (amount, _amount(other, unit), other))


def _amount(amount: str, unit: str) -> str:
    return quantity(amount, unit) if amount.count(".") < 2 else f"{amount}{unit}"


def _grams(run: str) -> Terms:
    """Return the pairs of neighbours, and the single characters as parts: a dictionary would cut a title and a part of
    it at different places."""
    pairs = tuple(one + other for one, other in pairwise(run))
    return Terms(pairs, tuple(run)) if pairs else Terms((run,))


def _compound(chunk: str) -> Terms:
    """Return a part number or compound run together, and its parts: AB-1234/5 as ab12345, ab, ab1234, 1234 ..."""
    segments = list(filter(None, _JOINT.split(chunk.removesuffix("'s"))))  # A chunk that was cut may end with a sign.
    pure = all(segment.isalpha() for segment in segments)
    if pure and "/" in chunk:  # black/white: alternatives, not one word
        is_name = max(map(len, segments)) <= INITIALS_MAX
        return Terms(tuple(singular(segment) for segment in segments), ("".join(segments),) if is_name else ())
    if "&" in chunk:  # AT&T is not att
        segments = list(filter(None, re.split(r"(&)|['+/.,_-]+", chunk.removesuffix("'s"))))
        segments = ["and" if segment == "&" else segment for segment in segments]
    whole = "".join(segments)
    if len(segments) == 1 and pure:
        return Terms((singular(whole),))
    spans = combinations(range(len(segments) + 1), 2)
    joined = ["".join(segments[start:end]) for start, end in spans if end - start <= SEGMENTS_JOINED_MAX]
    pieces = [piece for segment in segments for piece in _LETTERS_OR_DIGITS.findall(segment)]
    pieces += map(number, re.findall(_NUMBER, chunk))  # 802.11 of 802.11ac
    parts = dict.fromkeys(singular(part) for part in [*joined, *pieces])
    parts.pop(whole := singular(whole), None)
    return Terms((whole,), tuple(parts))
