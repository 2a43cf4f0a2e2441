"""Folding: texts that a reader takes for the same become the same characters."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import opencc

from schemas.texts import visible, with_ascii_digits
from workers.words.vowel_marks import without_marks

HAN_FIRST, HAN_LAST = 0x3400, 0x9FFF
"""The Chinese characters of the Basic Multilingual Plane. Shops hardly use those beyond it that have two forms."""
_ACCENTS = re.compile("[\u0300-\u036f]+")
"""The accents of Latin, Greek and Cyrillic letters. Those of other scripts are in `workers.words.vowel_marks`."""
_UMLAUT = re.compile("[äöü]", re.IGNORECASE)
_TWO_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_FRACTIONS = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
_SIGNS = {
    **dict.fromkeys("™℠©®", " "),  # NFKC would make letters of them: "iPhone™" would be "iphonetm".
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("’‘ʼ`´", "'"),
    **dict.fromkeys("“”„″〃", '"'),
    "×": "x",
    "№": "no",
    **dict(zip("٫٬", ".,", strict=True)),  # The signs in numbers of Arabic digits.
    # NFKC would make the number 11/2 of 1½.
    **{sign: " " + unicodedata.normalize("NFKC", sign).replace("⁄", "/") for sign in _FRACTIONS},
}
_HIRAGANA, _KATAKANA_OFFSET = (*range(0x3041, 0x3097), 0x309D, 0x309E), 0x60
"""The letters of hiragana, and how far those of katakana are behind them."""
_LETTERS = {
    "⁄": "/",
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ı": "i",
    "著": "着",
    "俱": "具",
    **dict(zip("么暱渖缐讬谘迳钜锺镟馀麹麺䌽鍊", "么昵沈线托咨径巨钟旋余曲面彩链", strict=True)),
}
"""Signs that Unicode does not decompose further, and Chinese ones whose forms OpenCC keeps apart: 钜 becomes 鉅 in
Traditional, and that is 巨 in Simplified; 鍊 is 链 within words such as 項鍊 and 拉鍊 alone."""

_VARIANTS = ("tw", "hk", "t")
"""OpenCC's names of the Traditional standards. Hong Kong writes 衞 where others write 衛."""


def folded(text: str) -> str:
    """Return the text in lower case, without differences of width, accent, ligature, digits, kana or Chinese script,
    without characters that nobody sees, and with vowels that are marks as letters.
    """
    if text.isascii():
        return text.lower()
    seen = with_ascii_digits(visible(text)).translate(_signs())
    compatible = unicodedata.normalize("NFKC", seen).casefold()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", compatible))
    return unicodedata.normalize("NFC", bare).translate(_letters())


def spelled_out(text: str) -> str | None:
    """Return the folded text with each umlaut as two letters, as on a keyboard without umlauts; None if it has none."""
    if text.isascii() or not _UMLAUT.search(composed := unicodedata.normalize("NFC", text)):
        return None
    return folded(composed.lower().translate(_TWO_LETTERS))


@cache
def _signs() -> dict[int, str]:
    return {ord(sign): other for sign, other in _SIGNS.items()}


@cache
def _letters() -> dict[int, str]:
    """Return the table of letters, each Traditional character with its Simplified one, hiragana with katakana, and
    those with marks.

    Characters are mapped one by one. OpenCC converts a phrase by the words beside it, so a part of a title would not
    always become a part of the converted title.
    """
    han = "\n".join(chr(code) for code in range(HAN_FIRST, HAN_LAST + 1))
    table: dict[int, str] = {}
    for variant in _VARIANTS:
        converted = opencc.OpenCC(f"{variant}2s").convert(han)
        table |= {ord(one): other for one, other in zip(han, converted, strict=True) if one != other}
    table |= {code: chr(code + _KATAKANA_OFFSET) for code in _HIRAGANA}
    return table | without_marks() | {ord(one): other for one, other in _LETTERS.items()}
