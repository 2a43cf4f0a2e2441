"""Tables whose header has the names of our fields: CSV and its like, where every cell is a text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from schemas.errors import InvalidEvent
from workers.sources.column_values import availability, json_object, levels, text_value
from workers.sources.connect_values import time_value
from workers.sources.mapping import OBJECTS
from workers.sources.messages import Body, Message, check_spreadsheet_id, in_one_line, object_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.sources.messages import Adapter

TIMES = ("updated_at", "sale_starts_at", "sale_ends_at")
WHOLE = ("version", *TIMES)
"""Fields that may be whole numbers, which must not be texts then."""
IDS = ("product_id", "review_id", "seller", "item_group_id", "gtin")
PRICES = ("price", "sale_price")
_WHOLE = re.compile(r"\s*(\d+)(?:\.0+)?\s*")
"""A whole number, also as tables write it whose column has empty cells."""
_PLACED = re.compile(r"-?infinity|.*:[0-9.]+ ?(?:Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)")
"""A time that is placed by its offset from UTC, also as PostgreSQL and others write it: `2026-11-30 10:00:00+00`."""
_OF_DOUBLE = re.compile(r"[0-9]+\.[0-9]{7,}|[0-9](?:\.[0-9]+)?e-[0-9]{2}")
"""A decimal with all the digits of a double, as programs write what they computed: `23.788099999999997`."""
TRUTH = {"true": True, "false": False, "1": True, "0": False, "t": True, "f": False}


def table() -> Adapter:
    """Return the adapter of rows. An empty cell is an absent field."""
    return _adapt


def _adapt(message: Message) -> list[Body]:
    row = object_of(message, "row of a table")
    if "product_id" not in row:
        names = in_one_line(row)
        raise InvalidEvent(f"product_id: the table has no such column, only {names}: name its columns as our fields")
    for name in IDS:
        check_spreadsheet_id(row.get(name), name)
    fields: dict[str, Any] = {}
    for name, cell in row.items():
        field, dot, part = name.partition(".")
        if dot and field in OBJECTS:
            known = fields.setdefault(field, {})
            if not isinstance(known, dict):
                raise InvalidEvent(f"{field}: has a column of its own and one for {part}: leave one of them out")
            known[part] = cell
        elif name in OBJECTS and name in fields:
            raise InvalidEvent(f"{name}: has a column of its own and others for its parts: leave it out")
        else:
            fields[name] = _read(_value, name, cell)
    return [Body(message.topic, fields | _objects(fields))]


def _objects(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that are objects, where one cell has all of it: as JSON, or a text without languages."""
    whole = {name: fields[name] for name in OBJECTS if isinstance(fields.get(name), str)}
    return {name: _read(_object, name, cell) for name, cell in whole.items()}


def _read(reader: Callable[[str, Any], Any], name: str, cell: Any) -> Any:
    try:
        return reader(name, cell)
    except InvalidEvent as error:
        raise InvalidEvent(f"{name}: {error}") from None


def _object(name: str, cell: str) -> Any:
    return json_object(cell) if name == "attributes" else text_value(cell)


def _value(name: str, cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    if name in WHOLE and (number := _WHOLE.fullmatch(cell)):
        return int(number[1])
    if name in TIMES and _PLACED.fullmatch(cell.strip()):
        return time_value(cell.strip())
    if name in PRICES and _OF_DOUBLE.fullmatch(cell) and repr(float(cell)) == cell:
        return float(cell)
    if name == "category":
        return levels(cell)
    if name == "availability":
        return availability(TRUTH.get(cell.strip().lower(), cell))
    if name == "verified_purchase":
        return TRUTH.get(cell.strip().lower(), cell)
    return cell
