"""The types of the fields of events: the accepted values, their form in memory, and the sentences of refusal."""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from schemas.availability import availability_in_our_words
from schemas.currencies import CURRENCIES
from schemas.event_numbers import (
    EXACT_BELOW,
    PRICE_BELOW,
    SECONDS_BELOW,
    milliseconds,
    price,
    rating_hundredths,
    sale_boundary,
    shortened,
    whole,
)
from schemas.texts import cleaned, cut, name_of
from schemas.times import TIME_MS_BELOW

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
VERSION_MAX = 2**64 - 1
"""The greatest integer of 64 bits: log sequence numbers and snowflakes are versions too."""

_PRICE_PATTERN = r"^0*[0-9]{1,12}(\.[0-9]{1,6}0*)?$"
_RATING_PATTERN = r"^0*[1-5](\.[0-9]+)?$"
_POINT_NOUGHT = re.compile(r"(?<=\d)\.0+\s*$", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}([-_][A-Za-z0-9]{1,8}){0,3}", re.ASCII)
TAGS_CACHED_MAX = 1_024


def identifier(bytes_max: int, *, needed: bool = True) -> AfterValidator:
    """Return the validator of a text that names something. It is never cut, since a cut name is another name."""
    return AfterValidator(partial(checked_name, bytes_max=bytes_max, needed=needed))


def checked_name(text: str, bytes_max: int, *, needed: bool = True) -> str:
    """Return the text as it names something: composed (NFC), and without invisible characters, so that names that look
    the same are the same. Raises ValueError if it cannot be a name."""
    text = name_of(text)
    if needed and not text:
        raise ValueError("is empty: send the id")
    if "\0" in text:
        raise ValueError("contains the character NUL: remove it")
    if len(text) * UTF8_BYTES_MAX > bytes_max and len(text.encode()) > bytes_max:
        raise ValueError(f"takes {len(text.encode())} bytes: at most {bytes_max} are allowed")
    return text


@lru_cache(TAGS_CACHED_MAX)
def language_tag(text: str) -> str:
    """Return the language tag in the letter case of RFC 5646, section 2.1.1: tags that differ by case alone are one.

    An underscore counts as the hyphen, as in the names of locales. Raises ValueError if the text is not a language tag.
    """
    if not _LANGUAGE.fullmatch(text):
        raise ValueError(f"{shortened(text)!r} is no language tag: send one like en or zh-Hant")
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
    """Return the code, without the blanks that columns of a fixed width have behind it."""
    if code not in CURRENCIES and (code := cleaned(code)) not in CURRENCIES:
        raise ValueError(f"{shortened(code)!r} is not a currency of ISO 4217: send a code like EUR")
    return code


def _text(value: Any, languages_max: int = LANGUAGES_MAX) -> str | dict[str, str | None]:
    if isinstance(value, str):
        return cut(cleaned(value), TEXT_BYTES_MAX)
    if not isinstance(value := _object(value), dict):
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
    return [cut(text, CATEGORY_BYTES_MAX) for level in levels if (text := cleaned(level))]


def _link(value: Any) -> Any:
    """Return a link, or None for one that is too long to be kept, or no text: a product is shown without it."""
    return value if isinstance(value, str) and len(value.encode()) <= LINK_BYTES_MAX else None


def _number_as_name(value: Any) -> Any:
    """Return a whole number as text, one with a point too: tables with empty cells make 4006381333931.0 of a GTIN."""
    if type(value) is float and value.is_integer() and abs(value) < EXACT_BELOW:
        value = int(value)
    return str(value) if type(value) is int else value


def _gtin(value: Any) -> Any:
    """Return a GTIN as `_number_as_name` does, also without the `.0` of a table that was saved as text."""
    return _POINT_NOUGHT.sub("", value) if isinstance(value, str) else _number_as_name(value)


def _object(value: Any) -> Any:
    """Return an object. An empty list stands for an empty object, since PHP writes both alike."""
    return {} if value == [] else value


ProductId = Annotated[str, identifier(PRODUCT_ID_BYTES_MAX)]
ReviewId = Annotated[str, identifier(PRODUCT_ID_BYTES_MAX)]
Seller = Annotated[str, identifier(SELLER_BYTES_MAX, needed=False)]
_NAME = (
    AfterValidator(cleaned),
    identifier(NAME_BYTES_MAX, needed=False),
    WithJsonSchema({"type": ["string", "integer"]}),
)
Name = Annotated[str, BeforeValidator(_number_as_name), *_NAME]
Gtin = Annotated[str, BeforeValidator(_gtin), *_NAME]
Attributes = Annotated[dict[str, Any], BeforeValidator(_object)]
Link = Annotated[
    str | None,
    BeforeValidator(_link),
    AfterValidator(lambda link: link and cleaned(link)),
    WithJsonSchema({"type": "string"}),
]
Availability = Annotated[
    Literal["in_stock", "out_of_stock", "preorder", "backorder"], BeforeValidator(availability_in_our_words)
]
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
    BeforeValidator(price),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "exclusiveMaximum": PRICE_BELOW},
                {"type": "string", "pattern": _PRICE_PATTERN},
            ]
        }
    ),
]
"""Held as float, which carries every price below 10**9 with 6 decimals exactly enough to print it again."""
RatingHundredths = Annotated[
    int,
    BeforeValidator(rating_hundredths),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 1, "maximum": 5}, {"type": "string", "pattern": _RATING_PATTERN}]}
    ),
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
            {"type": "string", "pattern": "^[1-9][0-9]{12}$"},
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
    BeforeValidator(whole),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": VERSION_MAX},
                {"type": "string", "pattern": "^[0-9]{1,20}$"},
            ]
        }
    ),
]
