"""The mapping from the columns of a table to the fields of our events."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from schemas.errors import InvalidEvent
from schemas.event_models import CHANGES
from workers.sources.column_values import (
    availability,
    decimal_value,
    json_object,
    levels,
    name_value,
    text_value,
)
from workers.sources.connect_values import NOT_LOGGED, SCALE_MAX, of_scale, of_variable_scale, time_value
from workers.sources.messages import MISSHAPEN, in_one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from workers.sources.connect_values import ColumnReader

VISIBLE = "visible"
"""A field of a mapping alone: a product is hidden while its column is false, draft, hidden, archived or the like."""
OBJECTS = ("attributes", "title", "description", "promotion")
"""Fields whose parts have a source of their own, as in `attributes.weight` and `title.en`."""
TIMES = frozenset(("sale_starts_at", "sale_ends_at"))
DECIMALS = frozenset(("price", "sale_price", "rating"))
NAMES = frozenset(("product_id", "seller", "review_id", "reviewer_id", "item_group_id", "gtin", "brand"))
"""Fields that are texts, whose columns may well be numbers."""
TEXTS = frozenset(("title", "description", "promotion"))
"""Fields that are texts too, or texts by language."""

ROWS_CACHED_MAX = 64
"""One for each table and version of it."""


class Column(BaseModel):
    """The origin of a field: a column, or one value for all rows."""

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
        whole, is_part = _whole(field), "." in field
        if whole not in known or (is_part and whole not in OBJECTS):
            raise ValueError(f"{field}: is no field of {topic}: there are {', '.join(sorted(known))}")
        if is_part and whole in fields and whole != "attributes":
            raise ValueError(f"{whole}: has a source of its own and {field} another: leave one of them out")
    missing = {"products": ("product_id", "title"), "prices": ("product_id",), "reviews": ("product_id", "review_id")}
    for field in missing[topic]:
        if field not in map(_whole, fields):
            raise ValueError(f"{field}: is missing: say which column it comes from")


def _whole(field: str) -> str:
    return field.partition(".")[0]


class FieldSource(NamedTuple):
    """A field of a mapping, ready to read rows with."""

    field: str
    whole: str
    """The field that it is, or a part of."""
    part: str | None
    """The attribute or the language that it is; None for a whole field."""
    column: str | None
    value: Any
    """The value for all rows, where there is no column."""
    scale: int | None
    """The decimals of a column that comes as bytes where records have no schema."""
    convert: Callable[[Any], Any] | None
    """The function from a value to the field that needs no schema; None where the value is the field."""


def field_sources(mapping: Mapping[str, Column]) -> tuple[FieldSource, ...]:
    """Return the fields of a mapping, ready to read rows with."""
    return tuple(
        FieldSource(
            field,
            _whole(field) if _whole(field) in OBJECTS else field,
            field.partition(".")[2] or None if _whole(field) in OBJECTS else None,
            source.column,
            source.value,
            source.scale,
            _converter(field),
        )
        for field, source in mapping.items()
    )


@lru_cache(ROWS_CACHED_MAX)
def by_name(columns: tuple[str, ...]) -> tuple[FieldSource, ...]:
    """Return the fields of rows whose columns are named as our fields. Names that begin with __ are no columns."""
    return field_sources({name: Column(column=name) for name in columns if not name.startswith("__")})


def _converter(field: str) -> Callable[[Any], Any] | None:
    if field in DECIMALS:
        return decimal_value
    if field in NAMES:
        return name_value
    if _whole(field) in TEXTS:
        return name_value if "." in field else text_value
    others = {"availability": availability, "category": levels, "attributes": json_object}
    return time_value if field in TIMES else others.get(field)


def mapped(
    row: Mapping[str, Any], sources: Iterable[FieldSource], types: Mapping[str, ColumnReader]
) -> tuple[dict[str, Any], set[str]]:
    """Return the fields of a row, and those of which a column was not logged. Such columns are left out.

    `types` has what reads the columns that need their schema; it is empty where records have none. Raises InvalidEvent.
    """
    fields: dict[str, Any] = {}
    not_logged: set[str] = set()
    for field, whole, part, column, value, scale, convert in sources:
        if column is not None:
            try:
                value = row[column]
            except KeyError:
                raise _no_column(field, column, row) from None
            if value in NOT_LOGGED:
                not_logged.add(whole)
                continue
            if value is not None:
                try:
                    if (read := types.get(column)) is not None:
                        value = read(value)
                    elif type(value) is dict:
                        value = of_variable_scale(value)
                    elif scale is not None:
                        value = of_scale(value, scale)
                    if convert is not None:
                        value = convert(value)
                except InvalidEvent as error:
                    raise InvalidEvent(f"{field}: {error}") from None
                except MISSHAPEN:
                    raise _not_of_its_type(field, column, row) from None
        if part is not None:
            parts = _parts(fields, whole)
            parts[part] = value
        elif field == "attributes":
            fields["attributes"] = (value or {}) | fields.get("attributes", {})
        elif field in fields and value is not None:  # Columns of its parts came before it.
            fields[field] = _parts({field: value}, field) | fields[field]
        else:
            fields.setdefault(field, value)
    return fields, not_logged


def _parts(fields: dict[str, Any], whole: str) -> dict[str, Any]:
    """Return the parts that a field has so far. Raises InvalidEvent where it is a text."""
    parts = fields.get(whole)
    if parts is None:
        parts = fields[whole] = {}
    if not isinstance(parts, dict):
        raise InvalidEvent(f"{whole}: has a column of its own and others for its parts: map one of them")
    return parts


def _no_column(field: str, column: str, row: Mapping[str, Any]) -> InvalidEvent:
    columns = in_one_line(row)
    return InvalidEvent(f"{field}: the row has no column {column!r}, only {columns}: correct the mapping")


def _not_of_its_type(field: str, column: str, row: Mapping[str, Any]) -> InvalidEvent:
    return InvalidEvent(
        f"{field}: {str(row[column])[:40]!r} is not of the type that its schema says: check the converter"
    )
