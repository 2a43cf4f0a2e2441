"""Numbers that Chinese, Japanese and Korean write with characters: 一千五百, 1万5千, 2만 5천."""

from __future__ import annotations

import re
from typing import Final

TIMES: Final = {"百": 100, "千": 1_000, "萬": 10_000, "万": 10_000, "백": 100, "천": 1_000, "만": 10_000}
"""The powers of ten that also stand behind digits."""
_TEN_THOUSANDS = ("萬", "万", "만")
_POWERS = {"十": 10, **TIMES}
_DIGITS = {char: value for value, chars in enumerate(("零〇", "一", "二兩两", *"三四五六七八九")) for char in chars}
_NUMERAL = "".join((*_DIGITS, *_POWERS))
_BEGIN = rf"(?<![{_NUMERAL}\d.,\uac00-\ud7af])"
NUMERAL: Final = f"(?:{_BEGIN}[{_NUMERAL}]+)"
"""The pattern of a number without digits. A Korean word may end with one of these characters."""
LARGE_NUMERAL: Final = f"(?:{_BEGIN}(?=[{_NUMERAL}]*[百千萬万])[{_NUMERAL}]+)"
"""The pattern of a number without digits that counts at least hundreds: `十` without a currency may be anything."""
NUMERAL_BEHIND_DIGITS: Final = r"(?:(?<![.,\d])\d{1,4}(?:[萬万만千천]\s?\d{1,4})+[百千백천]?)"
"""The pattern of a number that goes on behind its ten thousands or thousands: `1万5千`, `1만 5000`, `3천5백`."""
_ANY = re.compile(f"[{_NUMERAL}]")


def has_numerals(written: str) -> bool:
    """Return whether a number is written with such characters, at least in part."""
    return _ANY.search(written) is not None


def value_of(written: str) -> float:
    """Return the value of a number that matches a pattern of this module.

    A power of ten without a digit counts once (`千元`), and a single last digit behind one counts tenths of it
    (`一千五` is 1,500).
    """
    total = section = power = 0
    digit: int | None = None
    for char in filter(str.strip, written):
        if char in _TEN_THOUSANDS:
            total, section, digit, power = total + (section + (digit or 0) or 1) * 10_000, 0, None, 10_000
        elif (times := _POWERS.get(char)) is not None:
            section, digit, power = section + (1 if digit is None else digit) * times, None, times
        else:
            value = _DIGITS[char] if char in _DIGITS else int(char)
            digit, power = (value, 0 if char in "零〇" else power) if digit is None else (10 * digit + value, 0)
    if digit is not None and power:
        digit *= power // 10
    return float(total + section + (digit or 0))
