"""The types that Kafka Connect's JSON converter writes into each record, read once for all records that have them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from schemas.errors import InvalidEvent
from workers.sources.connect_values import reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.sources.connect_values import ColumnReader

    Types = Mapping[str, ColumnReader]

SCHEMAS_CACHED_MAX = 64
"""One for each table and version of it. A schema takes some KB of each record: reading it takes longer than the row."""
_BEGINS = b'{"schema":'
_PAYLOAD = b',"payload":'
_IN_CLOUD_EVENT = b',"data":' + _BEGINS


class ColumnTypes(NamedTuple):
    """The readers of columns whose values need their schema, by name: of a bare row, and of the rows in an envelope."""

    row: Types
    before: Types
    after: Types

    def of(self, image: str) -> Types:
        """Return the readers of `before` or `after`."""
        return self.before if image == "before" else self.after


NO_TYPES = ColumnTypes({}, {}, {})


def column_types(schema: dict[str, Any] | None) -> ColumnTypes:
    """Return the readers of the columns, from the schema of a record. Raises InvalidEvent if no converter
    writes such."""
    if not isinstance(schema, dict):
        return NO_TYPES
    try:
        row = _fields(schema)
        before, after = (_fields(row.get(image, {})) for image in ("before", "after"))
        return ColumnTypes(_readers(row), _readers(before), _readers(after))
    except (AttributeError, TypeError):
        raise InvalidEvent("schema: is none that Kafka Connect writes: check the converter") from None


def _fields(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {field["field"]: field for field in schema.get("fields", ()) if "field" in field}


def _readers(fields: dict[str, dict[str, Any]]) -> Types:
    found = ((column, reader(schema)) for column, schema in fields.items())
    return {column: read for column, read in found if read is not None}


def read_json(value: bytes) -> Any:
    """Return the JSON of a record. The schema in it, if there is one, is a ColumnTypes.

    Raises JSONDecodeError, and InvalidEvent for a schema that cannot be read.
    """
    inner = 0 if value.startswith(_BEGINS) else value.find(_IN_CLOUD_EVENT)
    if inner >= 0 and (end := value.find(_PAYLOAD, inner)) > 0:
        try:
            return _cut(value, inner, end)
        except orjson.JSONDecodeError:
            pass  # Its members are in another order, or it is no JSON: that is found out below.
    return orjson.loads(value)


def _cut(value: bytes, inner: int, end: int) -> Any:
    """Return the JSON of a record cut at its schema, which begins at `inner` in a CloudEvent, and at its payload."""
    closing = b"}}" if inner else b"}"
    if not value.endswith(closing):
        return orjson.loads(value)
    types = _types(value[inner + len(_IN_CLOUD_EVENT if inner else _BEGINS) : end])
    with_schema = {"schema": types, "payload": orjson.loads(value[end + len(_PAYLOAD) : -len(closing)])}
    if not inner:
        return with_schema
    event = orjson.loads(value[:inner] + b"}")
    event["data"] = with_schema
    return event


@lru_cache(SCHEMAS_CACHED_MAX)
def _types(schema: bytes) -> ColumnTypes:
    return column_types(orjson.loads(schema))
