"""The schemas that Kafka Connect's JSON converter writes into each record, read once for all records that have them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

    Types = Mapping[str, dict[str, Any]]

SCHEMAS_CACHED_MAX = 64
"""One for each table and version of it. A schema takes some KB of each record: reading it takes longer than the row."""
_BEGINS = b'{"schema":'
_PAYLOAD = b',"payload":'


class ColumnTypes(NamedTuple):
    """The schemas of the columns by name: of a bare row, and of the rows in an envelope."""

    row: Types
    before: Types
    after: Types

    def of(self, image: str) -> Types:
        """Return the schemas of `before` or `after`."""
        return self.before if image == "before" else self.after


NO_TYPES = ColumnTypes({}, {}, {})


def column_types(schema: dict[str, Any] | None) -> ColumnTypes:
    """Return the schemas of the columns in the schema of a record."""
    if not isinstance(schema, dict):
        return NO_TYPES
    row = _columns(schema)
    return ColumnTypes(row, _columns(row.get("before", {})), _columns(row.get("after", {})))


def _columns(schema: dict[str, Any]) -> Types:
    return {field["field"]: field for field in schema.get("fields", ()) if "field" in field}


def read_json(value: bytes) -> Any:
    """Return the JSON of a record. The schema in it, if there is one, is a ColumnTypes. Raises JSONDecodeError."""
    if value.startswith(_BEGINS) and (end := value.find(_PAYLOAD)) > 0:
        try:
            types, payload = _types(value[len(_BEGINS) : end]), orjson.loads(value[end + len(_PAYLOAD) : -1])
            return {"schema": types, "payload": payload}
        except orjson.JSONDecodeError:
            pass  # Its members are in another order, or it is no JSON: that is found out below.
    return orjson.loads(value)


@lru_cache(SCHEMAS_CACHED_MAX)
def _types(schema: bytes) -> ColumnTypes:
    return column_types(orjson.loads(schema))
