"""Negations in the text of a query: `not over 500` asks for the opposite of `over 500`, `not sony` for no Sony."""

from __future__ import annotations

import re

from workers.words.chunks import SIGN

_NEGATIONS = (
    "no|not|never|nothing|none|nor|neither|without|cannot|[a-z]+n['’]t"
    "|nicht|nichts|nie|niemals|ohne|kein(?:e[rnms]?)?"
    "|pas|jamais|rien|sans|aucune?|nunca|nada|ning[uú]n[ao]?|sin|non|mai|niente|senza|nessun[ao]?"
    "|niet|geen|nooit|zonder|não|nem|sem|nenhuma?|bez"
)
_BETWEEN = (
    "much|far|too|way|very|so|any|anything|all|that|is|are|be|to|at|for|from|cost(?:s|ing)?|go(?:es|ing)?|priced"
    "|viel|weit|zu|sehr|so|deutlich|von|für|bei|kosten|kostet|beaucoup|trop|très|bien|à|de|du|mucho|muy|molto|troppo"
)
"""Words that may stand between a negation and what it denies: `not much over 500`, `doesn't cost more than 500`."""
_WORDS_BETWEEN_MAX = 2
CHARACTERS_BEFORE = 40
"""The characters before a phrase in which its negation is looked for: where many phrases look at the whole text before
them, they take the square of its length."""
_UNSPACED = (
    "(?:[不唔没沒未無无非勿莫]|(?<![特分個个級级類类區区性])[別别])"
    "(?:有|能|要|得|可以?|會|会|想|好|在|是|應|应|該|该|太|很|夠|够|算)?"
)
_NEGATION = re.compile(
    rf"(?:(?<!{SIGN})(?:{_NEGATIONS})(?:\s+(?:{_BETWEEN})){{0,{_WORDS_BETWEEN_MAX}}}\s+|(?:最[高低多少])?{_UNSPACED}\s*)$",
    re.IGNORECASE,
)
"""`最高` before a negation belongs to the bound: `最高不超过500`."""


def negation_before(text: str, at: int) -> int | None:
    """Return where the negation of what begins at this place begins; None if nothing denies it."""
    found = _NEGATION.search(text, max(0, at - CHARACTERS_BEFORE), at)
    return None if found is None else found.start()
