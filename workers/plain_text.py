"""The plain text of an item: without markup, and of the attributes only the values that are words.

Stock, prices, times and addresses change again and again, as texts too. Were they part of an item's text, each change
would embed the item again, and search would find it by pieces of links.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from typing import TYPE_CHECKING
from unicodedata import normalize

import orjson

from schemas.currencies import CURRENCIES
from schemas.texts import visible, with_ascii_digits
from workers.passing_texts import (
    AROUND_A_PRICE,
    CHOICE,
    COUNT,
    DAY_NAME,
    DAY_UNSPACED,
    FROM_NOW,
    MONTH,
    NEWS,
    NEWS_UNSPACED,
    SPAN,
    SPAN_UNSPACED,
    WEEKDAY,
)
from workers.sources.markup import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_ELEMENT = re.compile(
    r"</?(?:a|abbr|article|aside|b|big|blockquote|body|br|button|caption|center|code|dd|del|div|dl|dt|em|figure|font|form"
    r"|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|label|li|link|main|mark|meta|nav|ol|p|pre|s|script|section|small"
    r"|span|strong|style|sub|sup|svg|table|tbody|td|tfoot|th|thead|tr|u|ul|video|wbr)(?:\s[^<>]*)?/?>|<!--",
    re.IGNORECASE,
)
"""Only the names of HTML make a text markup, so that `x<y mug` keeps its words."""
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_SIGN_OF_MONEY = r"(?:[A-Z]{0,2}[$€£¥₩₹₺₽₴₦₱₪₫₸₡₵฿]|kr\.?|zł|Kč|лв\.?|руб\.?|Rs\.?|元|円|원)"
_NUMBER = re.compile(
    rf"(?:([A-Z]{{3}})\s?)?{_SIGN_OF_MONEY}?\s?(?:#\s?|[+-])?[0-9][0-9.,;|' ]*(?:[eE][+-]?[0-9]{{1,3}}|[-–—])?"
    rf"\s?(?:%|{_SIGN_OF_MONEY}|([A-Z]{{3}}))?"
)
"""A number, a percentage or a price, as `HK$12`, `5 kr`, `12.-` and `CHF 5` are written."""
_ZONE = r"(?:[Zz]|UTC|GMT)?(?: ?[+-][0-9:]{2,6}(?: [A-Z]{3,5})?)?(?:\[[\w/+-]+\])?(?: \([\w ]+\))?"
"""An offset from UTC with the names of zones that Go, Java and JavaScript add."""
_CLOCK = rf"(?:[0-9]{{1,2}}:[0-9:.,]+ ?(?:[AaPp][Mm])? ?{_ZONE}|[0-9]{{1,2}} ?[AaPp]\.?[Mm]\.?)"
_DAY = (
    r"(?:[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}Z?|[0-9]{4}-?W[0-9]{2}(?:-?[1-7])?|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4}"
    r"|/Date\([0-9+-]+\)/|[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日)"
)
_DAY_OF_MONTH = rf"(?:[0-9]{{1,2}}\.?[- ]{MONTH}|{MONTH} [0-9]{{1,2}})"
_SHORT_DATE = r"(?:[0-3]?[0-9]/[01]?[0-9]|[01]?[0-9]/[0-3]?[0-9])/[0-9]{2}"
_SHORT_DAY = rf"(?:{_DAY_OF_MONTH}|{_SHORT_DATE})"
"""A day without its year, or with two digits of it: alone it may be a name (`Mark 4`) or sizes (`10/12/14`)."""
_YEAR = r"(?:[- ]|,? )[0-9]{4}"
_OF_CLOCK = rf",?[Tt ]{_CLOCK}"
_NAMED_DAY = (
    rf"(?:(?=[0-9]){_SHORT_DATE}{_OF_CLOCK}|{_DAY_OF_MONTH}(?:{_YEAR}(?:{_OF_CLOCK})?|{_OF_CLOCK})"
    rf"|{DAY_NAME},? {_SHORT_DAY}(?:{_YEAR})?(?:{_OF_CLOCK})?)"
)
_DURATION = r"P(?=[0-9T])(?:[0-9]+[YMWD])*(?:T(?:[0-9.]+[HMS])+)?"
_IN_C = rf"[a-z]{{3}} {MONTH} +[0-9]{{1,2}} [0-9:]{{5,8}}(?: [a-z]{{3,5}})? [0-9]{{4}}"
_BASIC = r"[0-9]{8}T[0-9]{4,6}(?:\.[0-9]+)?(?:Z|[+-][0-9:]{2,5})?"
_MOMENT = (
    rf"(?:(?=\D{{0,20}}[0-9])(?:{_DAY}(?:{_OF_CLOCK})?|{_CLOCK}|{_DURATION}|{_BASIC}|{_NAMED_DAY}|{_IN_C})|{FROM_NOW})"
)
_MOMENTS = rf"(?:{_MOMENT}(?:(?:/|--)(?!\Z)|\Z)){{1,2}}"
_TIME = re.compile(
    rf"(?:(?!{CHOICE})(?P<news>{NEWS})[: ]+(?P<weekday>{WEEKDAY}(?:,? (?!\Z)|\Z))?)?"
    rf"(?:{_MOMENTS}|(?(news)(?:{SPAN}|now|{_SHORT_DAY})|(?!))|(?(weekday)\Z|(?!)))"
    rf"|(?:{SPAN_UNSPACED}|{DAY_UNSPACED}){NEWS_UNSPACED}",
    re.IGNORECASE,
)
"""A day, as RFC 3339, ISO 8601, RFC 1123, C and people write it, with or without a time of day, or that alone; a
duration; a moment by its distance from now; an interval of two of them; and what happens then."""
_ADDRESS = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//\S+|www\.\S+|(?:data|mailto|tel|gid|urn):\S+|[^\s@]+@[^\s@]+\.[^\s@]+"
    r"|(?!\S*\s)\.{0,2}/\S+[./]\S+|(?!\S*\s)(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,12}/\S*[./?=]\S+"
    r"|(?!\S*\s)[^\s/]+\.(?:jpe?g|png|gif|webp|avif|svg|pdf|mp4)(?:\?\S*)?",
    re.IGNORECASE,
)
"""An address of the web, of mail, of a telephone, or of a file. Those of files would try each sign of a long text."""
_DIGEST = re.compile(
    r"(?:(?:sha|md)-?[0-9]{1,3}[:-]|[0-9]{1,6}-)?[0-9a-fA-F]{16,}"
    r"|(?=(?:[^0-9]*[0-9]){3})[0-9A-Za-z]{24,}|(?:W/)?\"(?=[^\"]*[0-9])(?=[^\"]*[0-9a-fA-F]{6})[0-9a-fA-F:._-]+(?:gzip|br)?\""
    r"|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[A-Za-z0-9+/_.-]{40,}={0,2}"
)
"""A digest, a random id, a revision of CouchDB, and an ETag."""
_SIGNS = re.compile(r"[\W_]+")
_NO_WORDS = (_ADDRESS, _DIGEST, _SIGNS)
_DIGIT = re.compile("[0-9]")
PASSING_CHARACTERS_MAX = 80
"""A longer text is no time, no count and no price: their patterns take some microseconds."""
_METADATA = "_"
"""The beginning of names in which a pipeline or a database writes about the row, such as `_rev` and `_dlt_id`."""
NAMES_KNOWN_MAX, VALUES_KNOWN_MAX = 8_192, 8_192
"""The sizes of the caches that remember how names and values of attributes were classified, since a catalogue repeats
them."""
_YES_OR_NO = frozenset(("true", "false", "yes", "no", "null", "none", "n/a"))
_JSON_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?')
"""A text in JSON, and the colon behind one that is a name."""
_IDENTIFIERS = frozenset(
    (
        *("mpn", "mpns", "sku", "skus", "ean", "eancode", "isbn", "upc", "gtin", "jan", "asin", "barcode", "barcodes"),
        *("model", "modelno", "modelnumber", "modelname", "partno", "partnumber", "articleno", "articlenumber"),
        *("itemno", "itemnumber", "oem", "oemnumber", "artikelnummer", "artikelnr", "artnr", "referencia"),
    )
)
"""Attributes, by their letters, whose digits are names that people search for."""


def plain(text: str) -> str:
    """Return the text without markup: words stay whole within a tag such as `<b>`, and apart where a block ends."""
    if "<" in text and _ELEMENT.search(text):
        return text_of(text) or ""
    return _ENTITY.sub(lambda entity: unescape(entity[0]), text) if "&" in text else text


def attributes_text(attributes: dict[str, object]) -> str:
    """Return the texts among the values as one, as `attribute_texts` gives them."""
    return ", ".join(attribute_texts(attributes))


def attribute_texts(attributes: dict[str, object]) -> Iterator[str]:
    """Iterate over the texts among the values, in the order of the attribute names.

    The names would be the same words in most items, and a bare number or a yes means nothing without its name: search
    finds less with either (measured on the judged electronics queries).
    """
    for name in sorted(attributes):
        if isinstance(value := attributes[name], (str, list, dict)):  # Most others are numbers.
            yield from _texts(name, value)


def _texts(name: str, value: object) -> Iterator[str]:
    if name.startswith(_METADATA):
        return
    if isinstance(value, str):
        if value[:1] in ("[", "{"):
            yield from _texts_in_json(name, value)
        elif _is_identifier(name) or _says_something(value):
            yield plain(value)
    elif isinstance(value, list):
        for element in value:
            yield from _texts(name, element)
    elif isinstance(value, dict):
        for inner in sorted(value):
            yield from _texts(inner, value[inner])


def _texts_in_json(name: str, value: str) -> Iterator[str]:
    """Iterate over the texts in nested values that are kept as JSON, and that may have been cut."""
    try:
        nested = orjson.loads(value)
    except orjson.JSONDecodeError:
        nested = [found[1] for found in _JSON_TEXT.finditer(value) if not found[2]]
    if isinstance(nested, (list, dict)):
        yield from _texts(name, nested)


@lru_cache(NAMES_KNOWN_MAX)
def _is_identifier(name: str) -> bool:
    return re.sub("[^a-z]", "", name.lower()) in _IDENTIFIERS


@lru_cache(VALUES_KNOWN_MAX)
def _says_something(text: str) -> bool:
    stripped = text.strip() if text.isascii() else with_ascii_digits(normalize("NFKC", visible(text))).strip()
    if stripped.lower() in _YES_OR_NO or any(pattern.fullmatch(stripped) for pattern in _NO_WORDS):
        return False
    if _is_number(stripped):
        return False
    if len(stripped) > PASSING_CHARACTERS_MAX:
        return True
    said = stripped.rstrip("! …")
    if _TIME.fullmatch(said):
        return False
    has_number = _DIGIT.search(said) is not None  # Counts and prices have one.
    return not (has_number and (COUNT.fullmatch(said) or _is_number(AROUND_A_PRICE.sub("", said))))


def _is_number(text: str) -> bool:
    number = _NUMBER.fullmatch(text)
    return number is not None and all(code is None or code in CURRENCIES for code in number.groups())
