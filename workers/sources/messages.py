"""The message of another system, and the bodies of the events that it stands for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from itertools import accumulate
from typing import Any, NamedTuple

import orjson

from schemas.errors import InvalidEvent
from schemas.event_errors import NAMES_CHARACTERS
from schemas.event_numbers import EXACT_BELOW, PRICE_DECIMALS_MAX, sale_boundary
from schemas.events import plain_id
from schemas.normal_form import ATTRIBUTE_BYTES_MAX

JsonObject = dict[str, Any]
MISSHAPEN = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""The errors of reading a record that has not the shape of its format, or is nested as deeply as JSON may be."""
_OF_SPREADSHEET = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2}")
_LONG_DECIMAL = re.compile(rf"[0-9]{{1,12}}\.[0-9]{{{PRICE_DECIMALS_MAX + 1},}}")


class Message(NamedTuple):
    """A record whose bytes are decoded, and whose format is not yet."""

    topic: str
    key: bytes | None
    body: Any
    """The value as JSON has it; None for a null record."""
    headers: Mapping[str, str]
    """The headers by their names in lower case, and the attributes of a CloudEvent."""


class Body(NamedTuple):
    """An event in our own form, and the topic whose rules it follows."""

    topic: str
    fields: JsonObject
    hides: bool = False
    """True for an event of a row that is not shown: of a full feed it is no part. A delete need not say so."""


Adapter = Callable[[Message], list[Body]]
"""A function from a message to its events. It raises InvalidEvent if the message is not of its format."""


def text_headers(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """Return headers by their names in lower case. A header without a value is an empty text."""
    return {name.lower(): (value or b"").decode(errors="replace") for name, value in headers}


def object_of(message: Message, what: str) -> JsonObject:
    """Return the body. Raises InvalidEvent, which names `what` was expected, if it is no JSON object."""
    if not isinstance(message.body, dict):
        raise InvalidEvent(f"the record is no {what}, which is a JSON object: check the format of the topic")
    return message.body


def product_of(message: Message, what: str) -> JsonObject:
    """Return the body, or the product that an API sends and takes as `{"product": ...}`. Raises InvalidEvent."""
    body = object_of(message, what)
    return body["product"] if body.keys() == {"product"} and isinstance(body["product"], dict) else body


def id_of(value: Any, field: str) -> str:
    """Return an id that a platform gives as a text or as a whole number. Raises InvalidEvent for any other value.

    `None` and `6.4e+17` would name items that no shop has, while the item that was meant would stay as it was.
    """
    check_spreadsheet_id(value, field)
    if type(value) is int or (isinstance(value, str) and value.strip()):
        return str(value)
    if type(value) is float and value.is_integer() and abs(value) < EXACT_BELOW:
        return str(int(value))
    if type(value) is float:
        raise InvalidEvent(f"{field}: {value!r} has lost digits on its way: send the id as a text or a whole number")
    if value is None or isinstance(value, str):
        raise InvalidEvent(f"{field}: is missing: it names the item")
    raise InvalidEvent(f"{field}: {str(value)[:30]!r} is no id: send it as a text or a whole number")


def check_spreadsheet_id(value: Any, field: str) -> None:
    """Raise InvalidEvent for an id such as `4.00638E+12`, as a spreadsheet shows a long number: many ids become it."""
    if isinstance(value, str) and _OF_SPREADSHEET.fullmatch(value.strip()):
        raise InvalidEvent(
            f"{field}: {value!r} is what a spreadsheet made of a long number, and has lost its digits: format the "
            "column as text before it is filled"
        )


def in_one_line(names: Iterable[str]) -> str:
    """Return the names of columns for a refusal, as far as they are short. A spreadsheet may have two lines in one."""
    return ", ".join(" ".join(name.split()) for name in sorted(names))[:NAMES_CHARACTERS]


def first_values(values: list[Any]) -> list[Any]:
    """Return the first of the values, at most as many as an attribute holds as a list, and at least one. A longer list
    would be kept as a text, and no filter could find its values.
    """
    if len(orjson.dumps(values)) <= ATTRIBUTE_BYTES_MAX:
        return values
    sizes = accumulate(len(orjson.dumps(value)) + 1 for value in values)  # A value and its comma.
    return [value for value, size in zip(values, sizes, strict=True) if size < ATTRIBUTE_BYTES_MAX] or values[:1]


def key_columns(key: bytes | None) -> JsonObject | None:
    """Return the columns of a key that is JSON (with or without its schema) or a Connect Struct as text; else None."""
    if not key:
        return None
    if key.startswith(b"Struct{") and key.endswith(b"}"):
        return _struct(key[7:-1].decode(errors="replace"))
    columns = _payload(_json_or_none(key))
    return columns if isinstance(columns, dict) else None


def key_schema(key: bytes | None) -> Any:
    """Return the schema that the JSON converter of Kafka Connect wrote into a key; None for any other key."""
    found = _json_or_none(key or b"")
    is_whole = isinstance(found, dict) and found.keys() == {"schema", "payload"}
    return found["schema"] if is_whole and isinstance(found["schema"], dict) else None


def id_in_key(key: bytes | None) -> str:
    """Return the product_id that a key of one value is, as plain text or as JSON, with or without its schema.

    Raises InvalidEvent for any other key: to delete what it spells would leave the product that it means.
    """
    found = _json_or_none(key or b"")
    payload = _payload(found)
    if isinstance(payload, str) or (payload is not found and type(payload) is int):
        return str(payload)
    return plain_id(key)


def _json_or_none(key: bytes) -> Any:
    try:
        return orjson.loads(key)
    except orjson.JSONDecodeError:
        return None


def _payload(found: Any) -> Any:
    return found["payload"] if isinstance(found, dict) and found.keys() == {"schema", "payload"} else found


def _struct(text: str) -> JsonObject:
    """Return the columns in "product_id=p-1,seller=a,b": a part without "=" belongs to the value before it."""
    columns: JsonObject = {}
    name = ""
    for part in text.split(","):
        before, equals, value = part.partition("=")
        if equals:
            name, columns[before] = before, value
        elif name:
            columns[name] += f",{part}"
    return columns


def without_false_sale(fields: JsonObject) -> JsonObject:
    """Return the fields of a price without a sale price that is not below the price, or whose window ends before it
    begins: no shop means that as a sale, and the price is right without it.
    """
    fields = with_rounded_prices(fields)
    price, sale = amount_of(fields.get("price")), amount_of(fields.get("sale_price"))
    if (price is None or sale is None or sale < price) and not _never_begins(fields):
        return fields
    return {name: value for name, value in fields.items() if not name.startswith("sale_")}


def _never_begins(fields: JsonObject) -> bool:
    """Return whether the window of a sale ends before it begins; not where one of both is none that can be read."""
    starts, ends = fields.get("sale_starts_at"), fields.get("sale_ends_at")
    if starts is None or ends is None:
        return False
    try:
        return sale_boundary(ends) <= sale_boundary(starts)
    except ValueError:
        return False


def amount_of(value: Any) -> Decimal | None:
    """Return the decimal of a price; None for a value that is none, which parsing the event refuses by its field."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def amount_in(field: str, value: Any) -> Decimal | None:
    """Return the decimal in a field; None for null. Raises InvalidEvent for what is no decimal."""
    amount = amount_of(value)
    if amount is None and value is not None:
        raise InvalidEvent(f"{field}: {str(value)[:30]!r} is no number: send it as the platform writes it")
    return amount


def with_rounded_prices(fields: JsonObject) -> JsonObject:
    """Return the fields with prices of as many decimals as events may have: shops compute prices without their tax, or
    in another currency, and store a dozen decimals.
    """
    for name in ("price", "sale_price"):
        value = fields.get(name)
        if type(value) is float:
            fields = fields | {name: round(value, PRICE_DECIMALS_MAX)}
        elif type(value) is str and _LONG_DECIMAL.fullmatch(value):
            fields = fields | {name: f"{round(Decimal(value), PRICE_DECIMALS_MAX):f}"}
    return fields
