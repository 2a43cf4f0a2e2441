"""The values of the columns of a table as the values of our fields."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import orjson

from schemas.errors import InvalidEvent
from schemas.event_fields import language_tag
from schemas.event_numbers import EXACT_BELOW
from schemas.texts import name_of

_HIDDEN = (
    "0 f false n no off null none draft hidden archived inactive disabled private pending deleted removed trash "
    "unlisted unpublished offline rejected invisible unpublish trashed withdrawn delisted deactivated expired "
    "suspended paused retired blocked banned soft_deleted not_visible not_published not_active not_listed"
)
HIDDEN_WORDS = frozenset(("", *_HIDDEN.split()))
"""The words, in lower case and with _ between them, of a column whose product is not to be shown."""
_BITS_OF_NOUGHT = re.compile(r"(?:AAAA)*(?:AA==|AAA=)")
"""Bits of which none is set, and a decimal of nought in bytes, in base64."""
_BETWEEN_WORDS = re.compile(r"[\s-]+")
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_PRINTED_TEXTS = re.compile(r"\{'[A-Za-z][A-Za-z_-]*': ?.*\}", re.DOTALL)
"""Texts by language that are no JSON, as Python, duckdb and ClickHouse print them into a table."""
_WITH_EXPONENT = re.compile(r"-?[0-9]+(?:\.[0-9]+)?E-[0-9]{1,3}|-?[0-9]\.[0-9]+E\+[0-9]{1,2}")
"""The decimals that Java writes with an exponent, such as `0E-18` of a `numeric(38,18)`. `1E+1` is base64 as well."""


def decimal_value(value: Any) -> Any:
    """Return the text of a decimal, without the blanks of a column of fixed width. Raises InvalidEvent."""
    if not isinstance(value, str) or not value or _DECIMAL.fullmatch(value):
        return value
    if (text := _plain_decimal(value)) is not None or not value.strip():
        return text
    raise InvalidEvent(
        f"{value[:30]!r} is no decimal; if it is one in bytes, set decimal.handling.mode=string in the connector, "
        "or give its scale in the mapping, as in {column: price, scale: 2}"
    )


def _plain_decimal(value: str) -> str | None:
    """Return a decimal without blanks and exponent; None for a text that is none."""
    text = value.strip()
    if _WITH_EXPONENT.fullmatch(text):
        return f"{Decimal(text):f}"
    return text if _DECIMAL.fullmatch(text) else None


def name_value(value: Any) -> Any:
    """Return a text, also of a number. Raises InvalidEvent for one that a double could not hold."""
    if type(value) is float and value.is_integer():  # A numeric id with decimal.handling.mode=double.
        if abs(value) >= EXACT_BELOW:
            raise InvalidEvent(
                f"{value!r} has lost digits on its way: set decimal.handling.mode=string in the connector"
            )
        value = int(value)
    return str(value) if type(value) in (int, float) else value


def text_value(value: Any) -> Any:
    """Return a text, or the texts by language in a column of type json."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            texts = orjson.loads(value)
        except orjson.JSONDecodeError:
            if _PRINTED_TEXTS.fullmatch(value.strip()):
                raise _printed(value, "write it as JSON") from None
            return value
        return texts if isinstance(texts, dict) and all(map(_is_text, texts.keys(), texts.values())) else value
    return name_value(value)


def _is_text(language: str, text: Any) -> bool:
    try:
        language_tag(language)
    except ValueError:
        return False
    return text is None or isinstance(text, str)


def levels(value: Any) -> Any:
    """Return the levels of a category that is written with > between them, or as the list in a column of type json."""
    if not isinstance(value, str):
        return value
    if value.startswith("["):
        try:
            listed = orjson.loads(value)
        except orjson.JSONDecodeError:
            listed = None
        if isinstance(listed, list) and all(isinstance(level, str) for level in listed):
            return listed
    if _is_printed_list(value.strip()):
        raise _printed(value, "write its levels with > between them, or as JSON")
    return levels_of_path(value)


def _is_printed_list(text: str) -> bool:
    """Return whether a text is a list as Python, duckdb or ClickHouse prints it, or an array of PostgreSQL."""
    ends = text[:1] + text[-1:]
    return ends == "{}" or (ends == "[]" and ("," in text or "'" in text))


def _printed(value: str, todo: str) -> InvalidEvent:
    return InvalidEvent(f"{value[:40]!r} is a list or an object as a program prints it: {todo}")


def levels_of_path(path: str) -> list[str]:
    """Return the levels of a category that is written with > between them."""
    return [level.strip() for level in path.split(">")]


def availability(value: Any) -> Any:
    """Return the availability that a stock count, a boolean or a shop's word for it means; other words as they are.

    A count is a text where decimals are: Debezium writes a `numeric` 3 as "3.000".
    """
    if isinstance(value, str):
        count = _plain_decimal(value)
        if count is None:
            return value
        value = float(count)
    return ("in_stock" if value > 0 else "out_of_stock") if isinstance(value, (bool, int, float)) else value


def json_object(given: Any) -> dict[str, Any] | None:
    """Return the object in a column of type json, or of an hstore; None where it is empty, or the `null` of JSON.

    An empty list is an empty object as PHP writes it.
    """
    found = given or None
    if isinstance(found, str):
        try:
            found = orjson.loads(found)
        except orjson.JSONDecodeError:
            found = given
    if found is None or found == []:
        return None
    if isinstance(found, dict):
        return found
    raise InvalidEvent(
        f"{str(given)[:40]!r} is no JSON object: map a column of type json, or its parts to attributes.*"
    )


def is_hidden(value: Any) -> bool:
    """Return whether a column's value means that the product is not to be shown. Raises InvalidEvent for what is no
    value of one column."""
    if isinstance(value, (dict, list)):
        raise InvalidEvent(
            f"visible: {str(value)[:40]!r} is neither a truth value nor a number nor a word: map another column"
        )
    if not isinstance(value, str):
        return not value
    count = _plain_decimal(value)
    word = _BETWEEN_WORDS.sub("_", name_of(value).lower())
    is_nought = count is not None and not float(count)
    return word in HIDDEN_WORDS or is_nought or _BITS_OF_NOUGHT.fullmatch(value) is not None
