"""The mapping from the columns of a table to the fields of our events."""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from schemas.errors import InvalidEvent
from schemas.event_models import CHANGES
from workers.sources.connect_values import NOT_LOGGED, SCALE_MAX, decimal_text, of_variable_scale, time_value
from workers.sources.messages import EXACT_BELOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from workers.sources.connect_values import Reader

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

ROWS_CACHED_MAX = 64
"""One for each table and version of it."""

_DECIMAL = re.compile(r"-?\d+(\.\d+)?")
_DECIMAL_WITH_POINT = re.compile(r"-?\d+\.\d+")
"""Base64 has no point: with a schema, or another setting of the connector, the decimal is text already."""


class Column(BaseModel):
    """Where a field comes from: a column, or one value for all rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str | None = None
    scale: int | None = Field(None, ge=0, le=SCALE_MAX)
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


class FieldSource(NamedTuple):
    """A field of a mapping, ready to read rows with."""

    field: str
    attribute: str | None
    """The name of the attribute that it is; None for a field that is none."""
    column: str | None
    value: Any
    """The value for all rows, where there is no column."""
    convert: Callable[[Any], Any] | None
    """What makes a field of a value that needs no schema; None where the value is the field."""


def field_sources(mapping: Mapping[str, Column]) -> tuple[FieldSource, ...]:
    """Return the fields of a mapping, ready to read rows with."""
    return tuple(
        FieldSource(
            field,
            field.removeprefix(ATTRIBUTE) if field.startswith(ATTRIBUTE) else None,
            source.column,
            source.value,
            _converter(field, source.scale),
        )
        for field, source in mapping.items()
    )


@lru_cache(ROWS_CACHED_MAX)
def by_name(columns: tuple[str, ...]) -> tuple[FieldSource, ...]:
    """Return the fields of rows whose columns are named as our fields. Names that begin with __ are no columns."""
    return field_sources({name: Column(column=name) for name in columns if not name.startswith("__")})


def _converter(field: str, scale: int | None) -> Callable[[Any], Any] | None:
    if field in DECIMALS:
        return _decimal if scale is None else partial(_decimal, scale=scale)
    if field in NAMES:
        return _name
    others = {"availability": availability, "category": _levels, "attributes": _json}
    return time_value if field in TIMES else others.get(field)


def mapped(
    row: Mapping[str, Any], sources: Iterable[FieldSource], types: Mapping[str, Reader]
) -> tuple[dict[str, Any], bool]:
    """Return the fields of a row, and whether all its columns were logged: the field of one that was not is left out.

    `types` has what reads the columns that need their schema; it is empty where records have none. Raises InvalidEvent.
    """
    fields: dict[str, Any] = {}
    complete = True
    for field, attribute, column, value, convert in sources:
        if column is not None:
            try:
                value = row[column]
            except KeyError:
                raise _no_column(field, column, row) from None
            if value in NOT_LOGGED:
                complete = False
                continue
            if value is not None:
                try:
                    if (read := types.get(column)) is not None:
                        value = read(value)
                    elif type(value) is dict:
                        value = of_variable_scale(value)
                    if convert is not None:
                        value = convert(value)
                except InvalidEvent as error:
                    raise InvalidEvent(f"{field}: {error}") from None
        if attribute is not None:
            fields.setdefault("attributes", {})[attribute] = value
        elif field == "attributes" and isinstance(value, dict):
            fields["attributes"] = value | fields.get("attributes", {})
        else:
            fields[field] = value
    return fields, complete


def _no_column(field: str, column: str, row: Mapping[str, Any]) -> InvalidEvent:
    columns = ", ".join(sorted(row))[:200]
    return InvalidEvent(f"{field}: the row has no column {column!r}, only {columns}: correct the mapping")


def _decimal(value: Any, scale: int | None = None) -> Any:
    if not isinstance(value, str) or not value:
        return value
    if scale is not None and not _DECIMAL_WITH_POINT.fullmatch(value):
        return decimal_text(value, scale)
    if not _DECIMAL.fullmatch(value):
        raise InvalidEvent(
            f"{value[:30]!r} is no decimal; if it is one in bytes, set decimal.handling.mode=string in the connector, "
            "or give its scale in the mapping, as in {column: price, scale: 2}"
        )
    return value


def _name(value: Any) -> Any:
    if type(value) is float and value.is_integer():  # A numeric id with decimal.handling.mode=double.
        if abs(value) >= EXACT_BELOW:
            raise InvalidEvent(
                f"{value!r} has lost digits on its way: set decimal.handling.mode=string in the connector"
            )
        value = int(value)
    return str(value) if type(value) in (int, float) else value


def _levels(value: Any) -> Any:
    return [level.strip() for level in value.split(">")] if isinstance(value, str) else value


def availability(value: Any) -> Any:
    """Return the availability that a stock count, a boolean or a shop's word for it means; other words as they are."""
    if isinstance(value, (bool, int, float)):
        return "in_stock" if value > 0 else "out_of_stock"
    return value.strip().lower().replace(" ", "_") or None if isinstance(value, str) else value


def _json(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise InvalidEvent(f"{text[:40]!r} is no JSON object: map a column of type json") from None


def is_hidden(value: Any) -> bool:
    """Return whether a column's value means that the product is not to be shown."""
    return str(value).strip().lower() in HIDDEN_WORDS if isinstance(value, str) else not value
