"""The phrases by which people ask for a price, a rating, stock or a seller."""

from __future__ import annotations

import re

from workers.understanding.amounts import AMOUNT, AMOUNT_IN_CURRENCY
from workers.words.chunks import SIGN

_MOST = (
    "(?:no|not) (?:more than|over|above)|less than|cheaper than|lower than|up to|at most|under|below|max|maximum"
    "|unter|höchstens|bis zu|maximal|weniger als|nicht (?:mehr als|über)|moins de|pas plus de|jusqu'à|au plus"
    "|menos de|no más de|hasta|como máximo|meno di|non più di|fino a|al massimo"
)
_LEAST = (
    "(?:no|not) (?:less than|under|below)|more than|higher than|at least|starting at|over|above|min|minimum"
    "|über|mindestens|mehr als|nicht (?:weniger als|unter)|plus de|pas moins de|à partir de|au moins"
    "|más de|no menos de|a partir de|al menos|più di|non meno di|almeno"
)
"""Phrases with their negations, which begin earlier: `no más de` is the other bound than `más de`."""
_MOST_IN_CURRENCY, _LEAST_IN_CURRENCY = "bis|sous|sotto i", "ab|dès|desde"
"""Words that say a bound before a sum of money alone: `bis 42` may be a size."""
_NOT = "".join(rf"(?<!{word}\x20)" for word in ("not", "no", "non", "nicht", "pas", "never", "sin", "senza"))
"""No word that says the opposite of what follows."""
_MOST_BEFORE = "低於|低于|不超過|不超过|少於|少于|最多|<=|≤|<"
_LEAST_BEFORE = "高於|高于|超過|超过|多於|多于|至少|>=|≥|>"
_MOST_AFTER = "或?以下|以內|以内|之內|之内|或更少|or (?:less|under|below|cheaper)|and (?:under|below)"
_LEAST_AFTER = "或?以上|起|(?:and|&|or) (?:up|above|over|more|higher)"
_BETWEEN = (("between", "and|to|-"), ("from", "to"), ("zwischen", "und"), ("entre", "et|y"), ("tra", "e"))
_TO = "[-–~～至到]|to"
_NUMERALS = "一二三四五"

_WORD = f"(?<!{SIGN})"
_END = f"(?!{SIGN})"
_A, _B = f"(?P<a>{AMOUNT})", f"(?P<b>{AMOUNT})"


def _compiled(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE) for pattern in patterns)


PRICE_BETWEEN = _compiled(
    *(rf"{_WORD}(?:{first}) {_A}\s*(?:{second})\s*{_B}" for first, second in _BETWEEN),
    rf"{_A}\s*(?:{_TO})\s*{_B}(?:之間|之间)?",
)
"""An amount `a`, another one `b`."""
PRICE_MOST = _compiled(
    rf"{_WORD}(?:{_MOST}) {_A}",
    rf"{_WORD}(?:{_MOST_IN_CURRENCY}) (?P<a>{AMOUNT_IN_CURRENCY})",
    rf"(?<![-=])(?:{_MOST_BEFORE})\s*{_A}",
    rf"{_A}\s*(?:{_MOST_AFTER}){_END}",
)
PRICE_LEAST = _compiled(
    rf"{_WORD}(?:{_LEAST}) {_A}",
    rf"{_WORD}(?:{_LEAST_IN_CURRENCY}) (?P<a>{AMOUNT_IN_CURRENCY})",
    rf"(?<![-=])(?:{_LEAST_BEFORE})\s*{_A}",
    rf"{_A}\s*(?:{_LEAST_AFTER}){_END}",
)

_STARS = "(?:stars?|sterne|étoiles|estrellas)"
_GRADE = rf"{_WORD}(?P<a>[1-5](?:[.,]\d)?)"
RATING = _compiled(
    rf"(?:rated )?{_GRADE}[\s-]*{_STARS} (?:and|&|or) (?:up|above|over|more|higher|better){_END}",
    rf"(?:rated )?{_GRADE}\s*\+\s*{_STARS}{_END}",
    rf"(?:rated )?{_GRADE}[\s-]*{_STARS}\s*\+",
    rf"{_WORD}(?:rated )?(?:at least|over|above|min|minimum|more than) {_GRADE}[\s-]*{_STARS}{_END}",
    rf"{_WORD}rated (?:at least |over |above )?{_GRADE}(?:\s*\+| and (?:up|above)){_END}",
    rf"{_WORD}(?:ab|mindestens) {_GRADE} sternen?{_END}",
    rf"(?P<a>[{_NUMERALS}]|{_GRADE.replace('?P<a>', '?:')})\s*[顆颗]?星[級级]?(?:或|及)?(?:以上|起)",
)
"""A grade `a` of 1 to 5."""
IN_STOCK = _compiled(
    rf"{_WORD}{_NOT}(?:in stock|available now|auf lager|en stock|en existencias?|disponibile subito){_END}",
    "(?<![沒没無无非未不])(?<![沒没]有)(?:現貨|现货|有貨|有货)",
)
CHEAP_WORDS = _compiled(
    rf"{_WORD}{_NOT}(?:cheap(?:est)?|inexpensive|affordable|low-priced|billige?[rsn]?|günstige?[rsn]?|pas cher"
    rf"|barat[oa]s?|economic[oa]){_END}",
    "(?<!不)便宜",
)
SELLER = _compiled(rf"{_WORD}(?:sold by|by|from|at|bei|von|chez|vendu par) (?P<a>\S.*)")[0]
"""The words after which the name of a seller may follow."""
PERSONS = re.compile(
    r"(?:men|women|man|woman|adults?|kids?|child(?:ren)?|boys?|girls?|people|seniors?|babies|toddlers?|age[sd]?|aged"
    r"|歲|岁)\s*$",
    re.IGNORECASE,
)
"""The number after `men over` is an age and no price."""
AFTER_A_BARE_NUMBER = re.compile(
    rf"\s*(?:$|[,;.!?)]|(?:and|with|for|from|by|or|on|und|mit|für|avec|pour|con|para){_END})", re.IGNORECASE
)
"""The text that may follow a number without a currency. Any other word may be its unit."""


def grade(written: str) -> float:
    """Return the grade of a rating, from 1 to 5."""
    if written in _NUMERALS:
        return float(1 + _NUMERALS.index(written))
    return min(float(written.replace(",", ".")), 5.0)
