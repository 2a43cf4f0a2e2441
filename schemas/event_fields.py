"""The types of the fields of events: the accepted values, their form in memory, and the sentences of refusal."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache, partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from schemas.currencies import CURRENCIES
from schemas.texts import cleaned, cut, name_of
from schemas.times import TIME_MS_BELOW, ms_since_epoch

UTF8_BYTES_MAX = 4
PRODUCT_ID_BYTES_MAX = 256
SELLER_BYTES_MAX = 64
NAME_BYTES_MAX = 256
LINK_BYTES_MAX = 8 * 1024
"""Signed URLs take more than 1 KB."""
CATEGORY_LEVELS_MAX = 8
CATEGORY_BYTES_MAX = 128
LANGUAGES_MAX = 256
"""The most languages of a title or a description: all that ISO 639-1 knows, and then some."""
PROMOTION_LANGUAGES_MAX = 32
ATTRIBUTES_MAX = 256
TEXT_BYTES_MAX = 16 * 1024
"""The most bytes of one text in one language of one event. The state keeps less if there are several languages."""
PRICE_BELOW = 10**12
PRICE_DECIMALS_MAX = 6
VERSION_MAX = 2**64 - 1
"""The greatest integer of 64 bits: log sequence numbers and snowflakes are versions too."""
EXACT_BELOW = 2**53
"""A double holds every smaller whole number exactly."""
SECONDS_BELOW = 10**11
"""A smaller integer is a time in seconds: as milliseconds it would lie before March 1973."""

_DECIMAL_PATTERN = r"[0-9]{1,12}(\.[0-9]{1,6}0*)?"
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
"""Any decimal number, also one beyond `_DECIMAL_PATTERN`: the error then says that a price is negative or too great."""
_PRICE = re.compile(r"[0-9]{1,11}(\.[0-9]{1,4})?", re.ASCII)
"""The texts of prices that need no further check."""
_DIGITS = re.compile("[0-9]{1,20}")
_RFC3339_WITHOUT_OFFSET = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?")
_RFC3339 = re.compile(_RFC3339_WITHOUT_OFFSET.pattern + r"([Zz]|[+-][0-9]{2}:[0-9]{2})")
AVAILABILITIES = ("in_stock", "out_of_stock", "preorder", "backorder")
_AVAILABILITY_WORDS = {known.replace("_", ""): known for known in AVAILABILITIES} | {
    "availablefororder": "in_stock",
    "limitedavailability": "in_stock",
    "onlineonly": "in_stock",
    "instoreonly": "in_stock",
    "soldout": "out_of_stock",
    "discontinued": "out_of_stock",
    "presale": "preorder",
    "madetoorder": "backorder",
    "onbackorder": "backorder",
}
"""Our words by the letters of those of Google's feeds, of today and before, and of schema.org's ItemAvailability."""
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}([-_][A-Za-z0-9]{1,8}){0,3}", re.ASCII)
TAGS_CACHED_MAX = 1_024


def identifier(bytes_max: int, *, needed: bool = True) -> AfterValidator:
    """Return the validator of a text that names something. It is never cut, since a cut name is another name."""
    return AfterValidator(partial(checked_name, bytes_max=bytes_max, needed=needed))


def checked_name(text: str, bytes_max: int, *, needed: bool = True) -> str:
    """Return the text as it names something: composed (NFC), and without what nobody sees, so that names that look the
    same are the same. Raises ValueError if it cannot be a name.
    """
    text = name_of(text)
    if needed and not text:
        raise ValueError("is empty: send the id")
    if "\0" in text:
        raise ValueError("contains the character NUL: remove it")
    if len(text) * UTF8_BYTES_MAX > bytes_max and len(text.encode()) > bytes_max:
        raise ValueError(f"takes {len(text.encode())} bytes: at most {bytes_max} are allowed")
    return text


def decimal(value: Any, *, such_as: str = "19.99") -> Decimal:
    """Return the decimal in a string or a JSON number, without the noise of binary floats.

    Raises ValueError, whose sentence gives `such_as` as an example.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f'must be a decimal, as a number or as text like "{such_as}"')
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise ValueError(f'{_short(value)!r} is no decimal: send one like "{such_as}"')
    number = Decimal(value if isinstance(value, str) else repr(value))
    if not number.is_finite():
        raise ValueError("is not finite: send a decimal")
    if isinstance(value, float) and abs(number) < PRICE_BELOW:
        number = _without_noise(number)
    return number


def _without_noise(number: Decimal) -> Decimal:
    rounded = round(number, PRICE_DECIMALS_MAX)
    # A double carries 15 to 17 significant digits: a difference beyond them was not intended.
    return rounded if abs(rounded - number) <= abs(number) * Decimal("1e-14") else number


def _price(value: Any) -> float:
    if type(value) is int and 0 <= value < PRICE_BELOW:  # Two of three prices are whole or have two decimals.
        return float(value)
    if type(value) is float and 0 <= value < 1e6 and value == round(value, 2):
        return value + 0.0  # No negative zero.
    if type(value) is str and _PRICE.fullmatch(value):
        return float(value)
    number = decimal(value)
    if number < 0:
        raise ValueError(f"{_short(value)} is negative: send 0 or more")
    if number >= PRICE_BELOW:
        raise ValueError(f"{_short(value)} is too great: send less than {PRICE_BELOW}")
    if number != round(number, PRICE_DECIMALS_MAX):
        raise ValueError(f"{_short(value)} has too many decimals: send at most {PRICE_DECIMALS_MAX}")
    held = float(number) + 0.0  # No negative zero.
    if held >= PRICE_BELOW:
        raise ValueError(f"{_short(value)} is too great to be held with its decimals: send a lower price")
    return held


def _rating_hundredths(value: Any) -> int:
    if type(value) is int and 1 <= value <= 5:
        return value * 100
    number = decimal(value, such_as="4.5")
    if not 1 <= number <= 5:
        raise ValueError(f"{_short(value)} is outside 1 to 5: send one like 4.5")
    return int((number * 100).to_integral_value(ROUND_HALF_UP))


def _whole(value: Any) -> Any:
    """Return the int of a version that came as digits in a text, or as a number such as 7.0, which JSON Schema calls an
    integer.
    """
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 30 else text[:30] + "..."


@lru_cache(TAGS_CACHED_MAX)
def language_tag(text: str) -> str:
    """Return the language tag in the letter case of RFC 5646, section 2.1.1: tags that differ by case alone are one.

    An underscore counts as the hyphen, as in the names of locales. Raises ValueError if the text is not a language tag.
    """
    if not _LANGUAGE.fullmatch(text):
        raise ValueError(f"{_short(text)!r} is no language tag: send one like en or zh-Hant")
    language, *rest = text.replace("_", "-").lower().split("-")
    after_singleton = False
    tag = [language]
    for part in rest:
        after_singleton = after_singleton or len(part) == 1
        if not after_singleton and len(part) == 2:
            tag.append(part.upper())
        elif not after_singleton and len(part) == 4 and part.isalpha():
            tag.append(part.title())
        else:
            tag.append(part)
    return "-".join(tag)


def _currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError(f"{_short(code)!r} is not a currency of ISO 4217: send a code like EUR")
    return code


def milliseconds(value: Any) -> int:
    """Return milliseconds since the epoch from an RFC 3339 time with offset or an integer. Raises ValueError."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str):
        value = _from_rfc3339(value)
    elif type(value) is int and 0 <= value < SECONDS_BELOW:
        raise ValueError(f"{value} looks like seconds: send milliseconds since the epoch, or an RFC 3339 time")
    if type(value) is not int:
        raise ValueError("must be an RFC 3339 time, or an integer of milliseconds since the epoch")
    if not 0 <= value < TIME_MS_BELOW:
        raise ValueError(f"{value} is outside the years 1970 to 9999: send milliseconds since the epoch")
    return value


def sale_boundary(value: Any) -> int:
    """Return the milliseconds of a time that a sale begins or ends at, as `milliseconds` does.

    A text before 1970 or after 9999 counts as the first or the last time that there is: databases write "always" and
    "never" as 0001-01-01 and 9999-12-31, whose offset may lead beyond.
    """
    return min(max(_from_rfc3339(value), 0), TIME_MS_BELOW - 1) if isinstance(value, str) else milliseconds(value)


def _from_rfc3339(text: str) -> int:
    leap_ms = 0
    if not _is_plain(text) or text[17:19] == "60":
        if _RFC3339_WITHOUT_OFFSET.fullmatch(text):
            raise ValueError(f"{_short(text)!r} has no offset from UTC: add Z or one like +08:00")
        if not _RFC3339.fullmatch(text):
            raise ValueError(f"{_short(text)!r} is no RFC 3339 time: send one like 2026-01-31T09:30:00Z")
        text = text.upper()
        if text[17:19] == "60":  # A leap second is the second after the one before it: days here have none.
            leap_ms, text = 1000, f"{text[:17]}59{text[19:]}"
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{_short(text)!r} is no RFC 3339 time: send one like 2026-01-31T09:30:00Z") from None
    return ms_since_epoch(time) + leap_ms


def _is_plain(text: str) -> bool:
    """Return whether the text has the form 2026-01-31T09:30:00Z, the most frequent one; its digits are not checked."""
    return len(text) == 20 and text[4] + text[7] + text[10] + text[13] + text[16] + text[19] == "--T::Z"


def _text(value: Any, languages_max: int = LANGUAGES_MAX) -> str | dict[str, str | None]:
    if isinstance(value, str):
        return cut(cleaned(value), TEXT_BYTES_MAX)
    if not isinstance(value, dict):
        raise ValueError('must be text, or an object of texts by language like {"en": "..."}')
    texts: dict[str, str | None] = {}
    for language, part in value.items():
        tag = language_tag(language)
        if part is not None and not isinstance(part, str):
            raise ValueError(f"the text of {language} must be text")
        if tag in texts:
            raise ValueError(f"has the language {tag} twice: letter case makes no other language")
        texts[tag] = part and cut(cleaned(part), TEXT_BYTES_MAX)
    if len(texts) > languages_max:
        raise ValueError(f"has {len(texts)} languages: at most {languages_max} are kept")
    return texts


def _category(levels: list[str]) -> list[str]:
    if len(levels) > CATEGORY_LEVELS_MAX:
        raise ValueError(f"has {len(levels)} levels: at most {CATEGORY_LEVELS_MAX} are allowed")
    return [cut(cleaned(level), CATEGORY_BYTES_MAX) for level in levels if level.strip()]


def _availability(value: Any) -> Any:
    """Return an availability in the words of the schema: feeds write "in stock", SoldOut, and schema.org's URLs."""
    if not isinstance(value, str) or value in AVAILABILITIES:
        return value
    letters = re.sub("[^a-z]", "", value.lower().rpartition("/")[2])
    return _AVAILABILITY_WORDS.get(letters, value)


def _link(value: Any) -> Any:
    """Return a link, or None for one that is too long to be kept, or no text: a product is shown without it."""
    return value if isinstance(value, str) and len(value.encode()) <= LINK_BYTES_MAX else None


def _number_as_name(value: Any) -> Any:
    """Return a whole number as text, one with a point too: tables with empty cells make 4006381333931.0 of a GTIN."""
    if type(value) is float and value.is_integer() and abs(value) < EXACT_BELOW:
        value = int(value)
    return str(value) if type(value) is int else value


_DECIMAL_TEXT = {"type": "string", "pattern": rf"^{_DECIMAL_PATTERN}$"}

ProductId = Annotated[str, identifier(PRODUCT_ID_BYTES_MAX)]
ReviewId = Annotated[str, identifier(PRODUCT_ID_BYTES_MAX)]
Seller = Annotated[str, identifier(SELLER_BYTES_MAX, needed=False)]
Name = Annotated[
    str,
    BeforeValidator(_number_as_name),
    AfterValidator(cleaned),
    identifier(NAME_BYTES_MAX, needed=False),
    WithJsonSchema({"type": ["string", "integer"]}),
]
Link = Annotated[
    str | None,
    BeforeValidator(_link),
    AfterValidator(lambda link: link and cleaned(link)),
    WithJsonSchema({"type": "string"}),
]
Availability = Annotated[Literal["in_stock", "out_of_stock", "preorder", "backorder"], BeforeValidator(_availability)]
Unused = Annotated[Any, WithJsonSchema({})]
"""A field that Freshline does not use, and that therefore decides nothing."""
Category = Annotated[list[str], AfterValidator(_category)]
_TEXT = WithJsonSchema(
    {"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": ["string", "null"]}}]}
)
Text = Annotated[Any, BeforeValidator(_text), _TEXT]
"""A string, or an object by language (BCP 47)."""
Promotion = Annotated[Any, BeforeValidator(partial(_text, languages_max=PROMOTION_LANGUAGES_MAX)), _TEXT]
Price = Annotated[
    float,
    BeforeValidator(_price),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "exclusiveMaximum": PRICE_BELOW}, _DECIMAL_TEXT]}),
]
"""Held as float, which carries every price below 10**9 with 6 decimals exactly enough to print it again."""
RatingHundredths = Annotated[
    int,
    BeforeValidator(_rating_hundredths),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 1, "maximum": 5}, _DECIMAL_TEXT]}),
]
"""Sent as 1 to 5, held as an integer of hundredths."""
Currency = Annotated[
    str, AfterValidator(_currency), WithJsonSchema({"type": "string", "enum": sorted(CURRENCIES), "title": "ISO 4217"})
]
Language = Annotated[str, AfterValidator(language_tag)]
"""A language tag such as en or zh-Hant."""
_TIME = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string", "format": "date-time"},
            {"type": "integer", "minimum": SECONDS_BELOW, "exclusiveMaximum": TIME_MS_BELOW},
        ]
    }
)
TimeMs = Annotated[int, BeforeValidator(milliseconds), _TIME]
"""Sent as RFC 3339 with offset or as integer milliseconds since the epoch, held as the latter."""
SaleBoundary = Annotated[int, BeforeValidator(sale_boundary), _TIME]
"""A TimeMs that may be written as a year before 1970 or after 9999."""
Version = Annotated[
    int,
    Field(ge=0, le=VERSION_MAX),
    BeforeValidator(_whole),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": VERSION_MAX},
                {"type": "string", "pattern": "^[0-9]{1,20}$"},
            ]
        }
    ),
]
