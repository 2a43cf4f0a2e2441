"""Amounts of money in the text of a query, and the currencies that their signs and words may mean."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from schemas.currencies import CURRENCIES, DECIMALS, SIGNS_OF_ONE
from workers.understanding.numerals import (
    LARGE_NUMERAL,
    NUMERAL,
    NUMERAL_BEHIND_DIGITS,
    TIMES,
    has_numerals,
    value_of,
)
from workers.words.chunks import SIGN, is_unspaced
from workers.words.quantities import number

if TYPE_CHECKING:
    from collections.abc import Iterable

_DOLLARS = ("USD", "HKD", "TWD", "SGD", "AUD", "CAD", "NZD", "MXN", "MOP")
_YUAN = ("CNY", "HKD", "TWD", "MOP")
_DOLLARS_OF = {"australian": "AUD", "canadian": "CAD", "new zealand": "NZD", "singapore": "SGD", "taiwan": "TWD"}
_WORDS_OF_ONE = {
    **dict.fromkeys(("baht", "บาท"), "THB"),
    **dict.fromkeys(("dong", "đồng"), "VND"),
    **dict.fromkeys(("hryvnia", "грн"), "UAH"),
    **dict.fromkeys(("lei", "leu"), "RON"),
    **dict.fromkeys(("ringgit", "rm"), "MYR"),
    **dict.fromkeys(("rupiah", "rp"), "IDR"),
    **dict.fromkeys(("shekel", "shekels"), "ILS"),
    **dict(zip(("forint", "leva", "naira", "rand", "reais"), ("HUF", "BGN", "NGN", "ZAR", "BRL"), strict=True)),
}
SIGNS: dict[str, tuple[str, ...]] = {
    **{sign: (code,) for sign, code in SIGNS_OF_ONE.items()},
    "$": _DOLLARS,
    "＄": _DOLLARS,
    "¥": ("JPY", "CNY"),
    "￥": ("JPY", "CNY"),
}
"""The currencies by sign, a sign alone standing for several."""
WORDS: dict[str, tuple[str, ...]] = {
    **{code.lower(): (code,) for code in sorted(CURRENCIES)},
    **dict.fromkeys(("dollar", "dollars", "bucks"), _DOLLARS),
    **dict.fromkeys(("euro", "euros"), ("EUR",)),
    **dict.fromkeys(("quid", "英鎊", "英镑"), ("GBP",)),
    **dict.fromkeys(("yen", "日元", "日圓", "円"), ("JPY",)),
    **dict.fromkeys(("yuan", "rmb", "人民幣", "人民币"), ("CNY",)),
    **dict.fromkeys(("港幣", "港币", "港元", "港紙", "蚊"), ("HKD",)),
    **dict.fromkeys(("美元", "美金"), ("USD",)),
    **dict.fromkeys(("歐元", "欧元"), ("EUR",)),
    **dict.fromkeys(("新台幣", "新台币", "台幣", "台币"), ("TWD",)),
    **dict.fromkeys(("元", "圓", "塊", "块", "塊錢", "块钱"), _YUAN),
    **dict.fromkeys(("zł", "zloty", "zlotych", "złotych", "złote"), ("PLN",)),
    **dict.fromkeys(("kč",), ("CZK",)),
    **dict.fromkeys(("kr", "kronor", "kroner"), ("SEK", "NOK", "DKK", "ISK")),
    **dict.fromkeys(("franken", "francs", "swiss francs", "fr"), ("CHF",)),
    **dict.fromkeys(("us dollar", "us dollars", "american dollars"), ("USD",)),
    **dict.fromkeys(("hk dollar", "hk dollars", "hong kong dollar", "hong kong dollars"), ("HKD",)),
    **{f"{of} {word}": (code,) for of, code in _DOLLARS_OF.items() for word in ("dollar", "dollars")},
    **dict.fromkeys(("british pounds", "pounds sterling"), ("GBP",)),
    **dict.fromkeys(("rupee", "rupees", "rs", "रुपये", "रुपए"), ("INR", "PKR", "LKR", "NPR", "MUR")),
    **dict.fromkeys(("peso", "pesos"), ("MXN", "PHP", "ARS", "CLP", "COP", "UYU", "DOP", "CUP")),
    **dict.fromkeys(("ruble", "rubles", "rouble", "roubles", "руб", "рубль", "рублей", "рубля"), ("RUB", "BYN")),
    **dict.fromkeys(("lira", "liras", "tl"), ("TRY",)),
    **dict.fromkeys(("dirham", "dirhams", "درهم"), ("AED", "MAD")),
    **dict.fromkeys(("riyal", "riyals", "rial", "rials", "ريال"), ("SAR", "QAR", "OMR", "YER", "IRR")),
    **dict.fromkeys(("won", "원"), ("KRW",)),
    **{word: (code,) for word, code in _WORDS_OF_ONE.items()},
}
"""The currencies by word, in lower case. `pounds` is none of them, since it is a weight as well."""
_ALSO_WORDS = frozenset(
    (
        *("ALL", "AMD", "BAM", "BOB", "CHE", "COP", "COU", "CUP", "GEL"),
        *("MAD", "MOP", "MUR", "PEN", "RON", "RUB", "SOS", "TOP", "TRY"),
    )
)
"""The codes that stand for something else in a query (`up to 12 cup coffee maker`): currencies in capitals alone.

CAD, HUF and ILS are words as well, but behind a sum they are currencies in any letters.
"""
PRICE_MAX = 1e12
"""A greater number is no price."""

_NUMBER_BEHIND = (
    r"(?:\d{1,3}(?:['’]\d{3})+(?:\.\d{1,2})?|\d{1,2}(?:,\d\d)+,\d{3}|\d{1,12}(?:[.,]\d{1,3})*)(?![.,]?\d|['’]\d{3})"
)
_NUMBER = rf"(?<![.,'’]){_NUMBER_BEHIND}"
"""A number, with the apostrophes between its groups that the Swiss write, `1'000 CHF`, or in the groups of India,
`1,00,000`."""
_MANY = f"(?:\\s?(?:(?:k|lakhs?|crores?)(?!{SIGN})|[{''.join(TIMES)}]))"
"""The pattern of a word for thousands behind a number: `$1.5k`, `2千元`, `1.5萬以下`, `1 lakh`."""
_TIMES = {**TIMES, "k": 1_000, "lakh": 100_000, "lakhs": 100_000, "crore": 10_000_000, "crores": 10_000_000}
_SIGN_BEFORE = "|".join(map(re.escape, sorted(SIGNS, key=len, reverse=True)))
_CODE_IN_CAPITALS = f"(?-i:{'|'.join(sorted(_ALSO_WORDS))})"
_CODE_BEFORE = "|".join((*sorted(CURRENCIES - _ALSO_WORDS), _CODE_IN_CAPITALS))
_LONGEST_FIRST = sorted(WORDS.keys() - {code.lower() for code in _ALSO_WORDS}, key=len, reverse=True)
_WORD_AFTER = "|".join((*(word for word in _LONGEST_FIRST if not is_unspaced(word[0])), _CODE_IN_CAPITALS))
_WON = "원(?=\\s|이하|미만|이내|까지|이상|초과|부터|에서|[-~]|$)"
"""The sign of won as words of bounds follow it without a blank; `원두` is coffee."""
_UNSPACED_AFTER = "|".join((*(word for word in _LONGEST_FIRST if is_unspaced(word[0]) and word != "원"), _WON))
_BEFORE = rf"(?:(?:{_SIGN_BEFORE})\s?|(?:{_CODE_BEFORE})\s|(?:rs(?!\.?\s?(?:232|422|485)(?!\d))|rm|rp|kr|fr)\.?\s?)"
"""`RS 232` is a plug."""
_AFTER = rf"(?:\s?(?:{_SIGN_BEFORE}|(?:{_WORD_AFTER})(?!{SIGN})|{_UNSPACED_AFTER}))"
GROUPED = r"(?<![.,\d])\d{1,3}(?:\s\d{3})+(?:[.,]\d{1,2})?(?![.,]?\d)"
"""A number with blanks between its groups, which only a currency behind it tells from several numbers: `1 000 €`."""
_DASH = r"(?:[.,][-–—]+(?!\d))?"
"""The decimals of a price without any: `500,- €`."""
_GROUPED_BEHIND = rf"{GROUPED}(?:(?<=000)|(?=\s*(?:$|[,;.!?)-]|(?:and|to|or|und|bis|et|à|a|y|e)\s)))"
"""The same behind a currency, where no unit follows: of `$50 500 ml` the price is 50."""
_ANY_NUMBER = f"(?:{NUMERAL_BEHIND_DIGITS}|{GROUPED}|{_NUMBER})"
AMOUNT_IN_CURRENCY = (
    rf"(?<!{SIGN})(?:{_BEFORE}(?:{_GROUPED_BEHIND}|{_NUMBER_BEHIND}|{NUMERAL}){_MANY}?{_DASH}{_AFTER}?"
    rf"|{_ANY_NUMBER}{_MANY}?{_DASH}{_AFTER}|{NUMERAL}{_AFTER})(?!{SIGN})"
)
"""The pattern of an amount with a sign or word of a currency."""
AMOUNT = (
    rf"(?:{AMOUNT_IN_CURRENCY}|(?<!{SIGN})(?:{NUMERAL_BEHIND_DIGITS}|{_NUMBER}(?:{_MANY}|{_DASH}))(?!{SIGN})"
    rf"|{LARGE_NUMERAL})"
)
"""The pattern of an amount, with or without a sign or word of a currency."""
_WORD = re.compile(r"[^\W\d_]{2,}")
_PARTS = re.compile(
    rf"(?P<before>\D*?)\s?(?P<number>{NUMERAL_BEHIND_DIGITS}|{GROUPED}|{_NUMBER_BEHIND}|{NUMERAL})(?P<many>{_MANY})?"
    rf"{_DASH}\s?(?P<after>\D*)",
    re.DOTALL | re.IGNORECASE,
)
_INDIAN = re.compile(r"\d{1,2}(?:,\d\d)+,\d{3}")


class Amount(NamedTuple):
    """An amount of money."""

    value: float
    """Finite, > 0."""
    currencies: tuple[str, ...]
    """The currencies that its sign or word may mean; empty where it has none."""


def with_small_letters(text: str) -> str:
    """Return a text that is all in capitals in small letters, in which a code that is also a word is no currency.

    A text whose only word with capitals is the code is given back as it is: `灯 500 TRY 以下`.
    """
    small = text.lower()
    if not text.isupper() or len(small) != len(text):
        return text
    with_capitals = [word for word in _WORD.findall(text) if word != word.lower()]
    return small if len(with_capitals) > 1 else text


def amount(written: str) -> Amount | None:
    """Return the amount in a text that matches `AMOUNT`; None if its number can be no price."""
    if (parts := _PARTS.fullmatch(written)) is None:
        return None
    currencies = _named(parts["before"]) or _named(parts["after"])
    value = _price(parts["number"], currencies, _TIMES[parts["many"].strip().lower()] if parts["many"] else 1)
    return None if value is None else Amount(value, currencies)


def meant(candidates: Iterable[str], present: Iterable[str]) -> list[str]:
    """Return the candidates in which the catalogue has prices."""
    there = set(present)
    return [each for each in candidates if each in there]


def _named(written: str) -> tuple[str, ...]:
    bare = " ".join(written.split()).rstrip(".")
    return SIGNS.get(bare.upper()) or WORDS.get(bare.lower()) or ()


def _price(written: str, currencies: tuple[str, ...], times: int) -> float | None:
    """Return the number, multiplied; 1.500 is fifteen hundred, as hardly any price has three decimals but those of a
    currency that has three. None if it is none."""
    written = re.sub(r"[\s'’]", "", written)
    if _INDIAN.fullmatch(written):
        written = written.replace(",", "")
    whole, point, thousands = written.partition(".")
    is_grouped = not currencies or any(DECIMALS.get(code) != len(thousands) for code in currencies)
    if point and len(thousands) == 3 and "," not in whole and whole.strip("0") and is_grouped:
        written = whole + thousands
    try:
        value = round(value_of(written) if has_numerals(written) else times * float(number(written)), 6)
    except ValueError:
        return None
    return value if 0 < value <= PRICE_MAX else None
