"""The places of the words of folded text in the text as it was written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from workers.words.chunks import places
from workers.words.folding import folded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_JOINING = (
    r"(?:[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    r"\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0730-\u074a\u07a6-\u07b0\u1160-\u11ff\u20d0-\u20ff\u3099"
    r"\u309a\ufe00-\ufe2f\uff9e\uff9f\u00ad\u200b-\u200f\u2060\ufeff]|(?![\w\s\u0964\u0965])[\u0900-\u0dff])"
)
_CLUSTER = re.compile(rf"(?P<plain>[\x00-\x7f]+(?!{_JOINING}))|.{_JOINING}*", re.DOTALL)
"""A run of plain characters; or any other one with those after it that Unicode may join to it, or that show nothing."""


class FoldedText(NamedTuple):
    """Folded text, and where each of its characters comes from."""

    text: str
    starts: Sequence[int]
    """The start, in the written text, of the character that the folded one at the same place comes from."""
    ends: Sequence[int]


class Word(NamedTuple):
    """A chunk of a text, and its place in the text as it was written: `text[start:end]`."""

    chunk: str
    start: int
    end: int


def words(text: str) -> Iterator[Word]:
    """Iterate over the chunks of a text with their places, in order.

    There are none where folding joins characters that stand apart, which hardly a text has.
    """
    found = folded_in_place(text)
    for start, end in places(found.text):
        yield Word(found.text[start:end], found.starts[start], found.ends[end - 1])


def folded_in_place(text: str) -> FoldedText:
    """Return the folded text with the place of each character, or an empty one if places cannot be told."""
    if text.isascii():
        return FoldedText(text.lower(), range(len(text)), range(1, len(text) + 1))
    pieces, starts, ends = list[str](), list[int](), list[int]()
    for cluster in _CLUSTER.finditer(text):
        start, end = cluster.span()
        pieces.append(piece := folded(cluster[0]))
        starts += range(start, end) if cluster["plain"] else [start] * len(piece)
        ends += range(start + 1, end + 1) if cluster["plain"] else [end] * len(piece)
    whole = "".join(pieces)
    return FoldedText(whole, starts, ends) if whole == folded(text) else FoldedText("", (), ())
