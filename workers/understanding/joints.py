"""Joints: the words and signs that tie a guess to the rest of a query, and mean nothing once the guess is taken out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.words.chunks import SIGN, is_unspaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.understanding.guesses import Guess

_JOINTS = "and|but|or|with|(?:that|which)(?: is| are)?|und|aber|oder|mit|et|mais|ou|avec|pero|con|ma"
"""Words before a guess. A letter alone may be a vitamin or a size."""
_LETTERS = "y|e|o|&|和|及|且|而且"
"""Further joints where nothing else is between two guesses."""
_PRICED = (
    "^prices?(?: is| range)?|(?:(?:with|at|for|in) )?(?:an?|the) price(?: range)?(?: of)?|priced"
    "|(?:(?:that|which) )?(?:costs?|costing)|(?:(?:mit|zum|im) )?(?:einem )?preis(?: von)?"
    "|(?:à un|d['’]un|au) prix(?: de)?|(?:(?:a un|con|de) )?precio(?: de)?|(?:(?:a un|al|di) )?prezzo(?: di)?"
    "|from|for|von|für|pour|por|per"
)
"""Words by which a price is named before its bound: `with a price under 50`. `price` alone may end a brand."""


def _before(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?:(?<!{SIGN})(?:{words})\s+)+$".replace(" ", r"\s+"), re.IGNORECASE)


_BEFORE, _BEFORE_A_PRICE = _before(_JOINTS), _before(f"{_PRICED}|{_JOINTS}")
_BETWEEN = re.compile(
    rf"[\s,;]*(?P<words>(?:(?:{_JOINTS}|{_LETTERS})(?![^\s,;])[\s,;]*)+)".replace(" ", r"\s+"), re.IGNORECASE
)
_BEHIND_UNSPACED = re.compile(r"(?<=\w)[的の](?=\S)")
"""`100元以下的燈`, `5000円以下のイヤホン`: without it, the joint would begin the next word."""
_OPENING, _CLOSING = re.compile(r"[(\[]\s*$"), re.compile(r"\s*[)\]]")
_END_OF_SENTENCE = re.compile(r"\s*[.!?]+(?=\s|$)")
CHARACTERS_BEFORE = 40
"""The characters before a guess in which joints are looked for."""


def with_joints(text: str, guesses: Sequence[Guess]) -> Iterator[Guess]:
    """Iterate over the guesses, which are in order, each that takes its words with the joints beside it."""
    at, is_taken = 0, False
    following = [*(each.start for each in guesses[1:]), len(text)]
    for guess, most in zip(guesses, following, strict=False):
        wide = _widened(text, guess, at, most, is_behind_another=is_taken) if guess.takes_words else guess
        at, is_taken = wide.end, wide.takes_words
        yield wide


def _widened(text: str, guess: Guess, least: int, most: int, *, is_behind_another: bool) -> Guess:
    start, end = guess.start, guess.end
    if (opening := _OPENING.search(text, least, start)) and (closing := _CLOSING.match(text, end, most)):
        start, end = opening.start(), closing.end()
    if (joint := _BEHIND_UNSPACED.match(text, end, most)) and is_unspaced(text[end - 1]):
        end = joint.end()
    if is_behind_another and (between := _BETWEEN.fullmatch(text, least, start)):
        start = between.start("words")
    is_price = not guess.filters.keys().isdisjoint(("min_price", "max_price"))
    if joint := (_BEFORE_A_PRICE if is_price else _BEFORE).search(text, max(least, start - CHARACTERS_BEFORE), start):
        start = joint.start()
    if (sentence := _END_OF_SENTENCE.match(text, end)) and sentence.end() <= most:
        end = sentence.end()
    return guess._replace(start=start, end=end)
