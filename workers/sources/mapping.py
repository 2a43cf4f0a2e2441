"""The mapping from the columns of a table to the fields of our events."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from schemas.errors import InvalidEvent
from schemas.event_models import CHANGES
from workers.sources.connect_values import decimal_text, is_unavailable, plain_value, time_value

if TYPE_CHECKING:
    from collections.abc import Mapping

VISIBLE = "visible"
"""A field of a mapping alone: a product is hidden while its column is false, draft, hidden, archived or the like."""
ATTRIBUTE = "attributes."
HIDDEN_WORDS = frozenset(
    ("", "0", "f", "false", "n", "no", "draft", "hidden", "archived", "inactive", "disabled", "private", "pending")
)
TIMES = frozenset(("sale_starts_at", "sale_ends_at"))
DECIMALS = frozenset(("price", "sale_price", "rating"))
NAMES = frozenset(
    ("product_id", "seller", "review_id", "reviewer_id", "item_group_id", "gtin", "brand", "title", "description")
)
"""Fields that are texts, whose columns may well be numbers."""

_DECIMAL = re.compile(r"-?\d+(\.\d+)?")


class Column(BaseModel):
    """Where a field comes from: a column, or one value for all rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str | None = None
    scale: int | None = Field(None, ge=0, le=100)
    """The decimals of a `numeric` column that comes as bytes without a schema (`decimal.handling.mode=precise`)."""
    value: Any = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Column:
        if (self.column is None) == (self.value is None):
            raise ValueError("must have either a column or a value")
        return self


def _column(given: object) -> object:
    return {"column": given} if isinstance(given, str) else given


ColumnOrName = Annotated[Column, BeforeValidator(_column)]


def check_fields(topic: str, fields: Mapping[str, Column]) -> None:
    """Raise ValueError for the first field of a mapping that the topic has not, or that must not be mapped."""
    known = set(CHANGES[topic].model_fields) - {"op"} | ({VISIBLE} if topic == "products" else set())
    for field in fields:
        if field in ("version", "updated_at"):
            raise ValueError(f"{field}: comes from the position and time of the commit: leave it out of the mapping")
        if field not in known and not (topic == "products" and field.startswith(ATTRIBUTE)):
            raise ValueError(f"{field}: is no field of {topic}: there are {', '.join(sorted(known))}")
    missing = {"products": ("product_id", "title"), "prices": ("product_id",), "reviews": ("product_id", "review_id")}
    for field in missing[topic]:
        if field not in fields:
            raise ValueError(f"{field}: is missing: say which column it comes from")


def by_name(row: Mapping[str, Any]) -> dict[str, Column]:
    """Return the mapping of a row whose columns are named as our fields. Names that begin with __ are no columns."""
    return {name: Column(column=name) for name in row if not name.startswith("__")}


def mapped(
    row: Mapping[str, Any], mapping: Mapping[str, Column], types: Mapping[str, dict[str, Any]]
) -> tuple[dict[str, Any], bool]:
    """Return the fields of a row, and whether a column of it was not logged: its field is then left out.

    `types` has the Connect schemas of the columns; it is empty where records have none. Raises InvalidEvent.
    """
    fields: dict[str, Any] = {}
    complete = True
    for field, source in mapping.items():
        if source.column is None:
            value = source.value
        else:
            value = _raw(row, field, source.column)
            if is_unavailable(value):
                complete = False
                continue
            if value is not None:
                value = _value(field, value, source, types.get(source.column))
        if field.startswith(ATTRIBUTE):
            fields.setdefault("attributes", {})[field.removeprefix(ATTRIBUTE)] = value
        elif field == "attributes" and isinstance(value, dict):
            fields["attributes"] = value | fields.get("attributes", {})
        else:
            fields[field] = value
    return fields, complete


def _raw(row: Mapping[str, Any], field: str, column: str) -> Any:
    try:
        return row[column]
    except KeyError:
        raise InvalidEvent(
            f"{field}: the row has no column {column!r}, only {', '.join(sorted(row))[:200]}: correct the mapping"
        ) from None


def _value(field: str, raw: Any, source: Column, schema: dict[str, Any] | None) -> Any:
    try:
        value = plain_value(raw, schema)
        if field in DECIMALS:
            return _decimal(value, source.scale)
        if field in TIMES:
            return time_value(value)
    except InvalidEvent as error:
        raise InvalidEvent(f"{field}: {error}") from None
    if field in NAMES and type(value) in (int, float):
        return str(value)
    if field == "availability":
        return availability(value)
    if field == "category" and isinstance(value, str):
        return [level.strip() for level in value.split(">")]
    if field == "attributes" and isinstance(value, str):
        return _json(value)
    return value


def _decimal(value: Any, scale: int | None) -> Any:
    if not isinstance(value, str):
        return value
    if scale is not None:
        return decimal_text(value, scale)
    if value and not _DECIMAL.fullmatch(value):
        raise InvalidEvent(
            f"{value[:30]!r} is no decimal; if it is one in bytes, set decimal.handling.mode=string in the connector, "
            "or give its scale in the mapping, as in {column: price, scale: 2}"
        )
    return value


def availability(value: Any) -> Any:
    """Return the availability that a stock count, a boolean or a shop's word for it means; other words as they are."""
    if isinstance(value, (bool, int, float)):
        return "in_stock" if value > 0 else "out_of_stock"
    return value.strip().lower().replace(" ", "_") or None if isinstance(value, str) else value


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise InvalidEvent(f"attributes: {text[:40]!r} is no JSON object: map a column of type json") from None


def is_hidden(value: Any) -> bool:
    """Return whether a column's value means that the product is not to be shown."""
    return str(value).strip().lower() in HIDDEN_WORDS if isinstance(value, str) else not value
