"""Tables whose header has the names of our fields: CSV and its like, where every cell is a text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from schemas.errors import InvalidEvent
from workers.sources.column_values import availability, json_object, levels, text_value
from workers.sources.mapping import OBJECTS
from workers.sources.messages import Body, Message, check_spreadsheet_id, object_of

if TYPE_CHECKING:
    from workers.sources.messages import Adapter

WHOLE = ("version", "updated_at", "sale_starts_at", "sale_ends_at")
"""Fields that may be whole numbers, which must not be texts then."""
IDS = ("product_id", "review_id", "seller", "item_group_id", "gtin")
_WHOLE = re.compile(r"\s*(\d+)(?:\.0+)?\s*")
"""A whole number, also as tables write it whose column has empty cells."""
TRUTH = {"true": True, "false": False, "1": True, "0": False}


def table() -> Adapter:
    """Return the adapter of rows. An empty cell is an absent field."""
    return _adapt


def _adapt(message: Message) -> list[Body]:
    row = object_of(message, "row of a table")
    if "product_id" not in row:
        names = ", ".join(sorted(row))[:200]
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
            fields[name] = _value(name, cell)
    return [Body(message.topic, fields | _objects(fields))]


def _objects(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that are objects, where one cell has all of it: as JSON, or a text without languages."""
    whole = {name: fields[name] for name in OBJECTS if isinstance(fields.get(name), str)}
    try:
        return {name: (json_object if name == "attributes" else text_value)(cell) for name, cell in whole.items()}
    except InvalidEvent as error:
        raise InvalidEvent(f"attributes: {error}") from None


def _value(name: str, cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    if name in WHOLE and (number := _WHOLE.fullmatch(cell)):
        return int(number[1])
    if name == "category":
        return levels(cell)
    if name == "availability":
        return availability(cell)
    if name == "verified_purchase":
        return TRUTH.get(cell.strip().lower(), cell)
    return cell
