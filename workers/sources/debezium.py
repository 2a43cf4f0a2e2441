"""Debezium: change events of database rows, as envelopes and after the transformation ExtractNewRecordState.

The order of two changes of a row comes from the log of the database (`source.lsn`), never from a column: a delete's
`before` holds invented values in all columns but the key, and all changes of a transaction have one time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.errors import InvalidEvent
from schemas.texts import is_set
from workers.sources.column_values import is_hidden
from workers.sources.connect_schema import NO_TYPES, ColumnTypes, column_types
from workers.sources.mapping import VISIBLE, by_name, field_sources, mapped
from workers.sources.messages import (
    Body,
    Message,
    id_in_key,
    key_columns,
    object_of,
    with_rounded_prices,
    without_false_sale,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.sources.connect_values import ColumnReader
    from workers.sources.mapping import Column, FieldSource
    from workers.sources.messages import Adapter

PARTS = {"products": ("product_id",), "prices": ("product_id", "seller"), "reviews": ("product_id", "review_id")}
"""The fields that say which product, offer or review an event is about."""
OPS = ("c", "r", "u", "d")
"""Create, read by a snapshot, update, delete."""
EMPTY = ("", "0", "00000000-0000-0000-0000-000000000000", "None")
"""Texts of the values that PostgreSQL's connector invents for columns that a delete does not have."""

_OF_CLOUD_EVENT = {
    "lsn": "iodebeziumlsn",
    "ts_ms": "iodebeziumtsms",
    "file": "iodebeziumfile",
    "pos": "iodebeziumpos",
    "scn": "iodebeziumscn",
    "table": "iodebeziumtable",
}
"""The attributes of Debezium's CloudEvents by the names that they have in `source`."""


class RowChange(NamedTuple):
    """The fate of one row: inserted, updated or deleted."""

    deleted: bool
    row: Mapping[str, Any]
    """The row after the change; the row before it if it was deleted."""
    types: Mapping[str, ColumnReader]
    """The readers of columns that need their schema; empty where the record has none."""
    key: bytes | None
    position: int | None
    """The position of the change in the log of its database; None if it is not known."""
    committed_at_ms: int | None


def debezium(mapping: Mapping[str, Column] | None) -> Adapter:
    """Return the adapter of envelopes. Without a mapping the columns are named as our fields."""
    sources = None if mapping is None else field_sources(mapping)

    def adapt(message: Message) -> list[Body]:
        if message.body is None:
            return []  # The tombstone that follows a delete, for compaction alone.
        change = _envelope(message)
        return [] if change is None else _bodies(message.topic, sources, change)

    return adapt


def debezium_unwrapped(mapping: Mapping[str, Column] | None) -> Adapter:
    """Return the adapter of rows after ExtractNewRecordState. Without a mapping columns are named as our fields."""
    sources = None if mapping is None else field_sources(mapping)

    def adapt(message: Message) -> list[Body]:
        return _bodies(message.topic, sources, _unwrapped(message, mapping))

    return adapt


def _envelope(message: Message) -> RowChange | None:
    body, types = _payload(object_of(message, "Debezium envelope"))
    if body is None:
        return None
    op, source = body.get("op"), body.get("source")
    if op is None and "iodebeziumop" in message.headers:
        op, source = message.headers["iodebeziumop"], _of_cloud_event(message.headers)
    if not isinstance(op, str) or not isinstance(source, dict):
        raise InvalidEvent(
            "the record is no Debezium envelope, as it has no op and source: after ExtractNewRecordState the format is "
            "debezium-unwrapped"
        )
    if op == "m":  # A message that an application wrote into the log, of no row.
        return None
    if op == "t":
        raise _truncated(message, source.get("table"))
    if op not in OPS:
        raise InvalidEvent(f"op: {op[:20]!r} is none of Debezium's, which are {', '.join(OPS)}: check the connector")
    image = "before" if op == "d" else "after"
    row = body.get(image)
    if row is None and op == "d":
        row = key_columns(message.key)  # Without an image of the row its key says which one is gone.
    if not isinstance(row, dict):
        raise InvalidEvent(f"{image}: is missing in a change with op {op}: check the connector")
    return RowChange(op == "d", row, types.of(image), message.key, _position(source), _whole(source.get("ts_ms")))


def _truncated(message: Message, table: object) -> InvalidEvent:
    named = f"the table {table}" if table else "a table"
    return InvalidEvent(
        f"{named} was truncated, and no event says which rows that were: compare it with `freshline sync "
        f"{message.topic}`"
    )


def _unwrapped(message: Message, mapping: Mapping[str, Column] | None) -> RowChange:
    row, types = (None, None) if message.body is None else _payload(object_of(message, "row"))
    if row is None or types is None:
        return RowChange(True, _deleted_row(message, mapping), {}, None, None, None)
    if isinstance(row.get("source"), dict) and "op" in row:
        raise InvalidEvent("the record is a Debezium envelope: the format of the topic is debezium")
    source = {name: row.get(f"__source_{name}", row.get(f"__{name}")) for name in ("lsn", "file", "pos", "scn")}
    op = str(row.get("__op")).lower()
    if op == "t":
        raise _truncated(message, row.get("__table"))
    deleted = is_set(row.get("__deleted")) or op == "d"
    return RowChange(deleted, row, types.row, message.key, _position(source), _row_time(row))


def _deleted_row(message: Message, mapping: Mapping[str, Column] | None) -> dict[str, Any]:
    """Return the columns in the key of a null record: all of them, or the only one, as ExtractField$Key leaves it."""
    columns = key_columns(message.key)
    if columns is not None:
        return columns
    if message.topic != "products" or not message.key:
        raise InvalidEvent("the record is a delete whose key is no JSON object: use the JSON converter for keys")
    column = mapping["product_id"].column if mapping else None
    return {column or "product_id": id_in_key(message.key)}


def _payload(body: dict[str, Any]) -> tuple[dict[str, Any] | None, ColumnTypes]:
    """Return (payload, types of the columns) of a value with or without its schema."""
    if "payload" not in body or not body.keys() <= {"schema", "payload"}:
        return body, NO_TYPES
    schema, payload = body.get("schema"), body["payload"]
    if payload is not None and not isinstance(payload, dict):
        raise InvalidEvent("payload: is no JSON object: check the converter of the connector")
    return payload, schema if isinstance(schema, ColumnTypes) else column_types(schema)


def _of_cloud_event(attributes: Mapping[str, str]) -> dict[str, Any]:
    return {name: attributes.get(attribute) for name, attribute in _OF_CLOUD_EVENT.items()}


def _position(source: Mapping[str, Any]) -> int | None:
    """Return the position in the log of PostgreSQL (lsn), of MySQL or MariaDB (file, pos), or of Oracle (scn)."""
    if (lsn := _whole(source.get("lsn"))) is not None:
        return lsn
    number = _whole(str(source.get("file")).rpartition(".")[2])
    pos = _whole(source.get("pos"))
    if number is not None and pos is not None:
        return (number << 32) + pos  # At most 2**32 bytes a file.
    return _whole(source.get("scn"))


def _row_time(row: Mapping[str, Any]) -> int | None:
    for unit, in_ms in (("ms", 1), ("us", 1_000), ("ns", 1_000_000)):
        if (time := _whole(row.get(f"__source_ts_{unit}"))) is not None:
            return time // in_ms
    return None


def _whole(value: Any) -> int | None:
    return int(value) if type(value) is int or (isinstance(value, str) and value.isdecimal()) else None


def _bodies(topic: str, sources: Sequence[FieldSource] | None, change: RowChange) -> list[Body]:
    if sources is None:
        sources = by_name(tuple(change.row))
        if "product_id" not in change.row:
            columns = ", ".join(sorted(change.row))[:200]
            raise InvalidEvent(
                f"product_id: no column has this name, only {columns}: give a `mapping` in FRESHLINE_SOURCES"
            )
    if change.deleted:
        return [Body(topic, _identity(topic, sources, change) | {"op": "delete"} | _stamp(change, 0))]
    stamp = _stamp(change, 1)
    if topic == "products" and _is_hidden(change.row, sources):
        # Not a delete: that voids the prices, and nobody sends them again when the product is shown again. Whatever
        # else the row holds, it must not be shown.
        named = mapped(change.row, [each for each in sources if each.field == "product_id"], change.types)[0]
        return [Body(topic, named | {"op": "patch", "title": None} | stamp)]
    fields, complete = mapped(change.row, sources, change.types)
    fields.pop(VISIBLE, None)
    if topic == "prices" and "price" in fields and fields["price"] in (None, ""):
        named = {name: fields.get(name) for name in PARTS[topic]}
        return [Body(topic, named | {"op": "delete"} | stamp)]  # A row without a price is no offer.
    if complete:
        return [Body(topic, without_false_sale(fields) | stamp)]
    bodies = [Body(topic, with_rounded_prices(fields) | {"op": "patch"} | stamp)]
    if "attributes" in fields and change.position is not None:
        # A patch joins attributes by name. Those that the row had before are cleared one step earlier.
        cleared = {"product_id": fields.get("product_id"), "op": "patch", "attributes": None}
        bodies.insert(0, Body(topic, cleared | _stamp(change, 0)))
    return bodies


def _is_hidden(row: Mapping[str, Any], sources: Sequence[FieldSource]) -> bool:
    for source in sources:
        if source.field == VISIBLE:
            return source.column in row and is_hidden(row[source.column]) if source.column else is_hidden(source.value)
    return False


def _stamp(change: RowChange, step: int) -> dict[str, int]:
    """Return version and time. `step`: 0 for facts that are deleted or cleared, 1 for those that the same log entry
    sets.

    A changed primary key is a delete and a create at one position; if both are of one offer, the create counts. A
    delete is a millisecond earlier than its commit: it voids the prices before it, not those of its own transaction.
    """
    if change.position is None:
        return {} if change.committed_at_ms is None else {"updated_at": change.committed_at_ms}
    version = {"version": 2 * change.position + step}
    return version if change.committed_at_ms is None else version | {"updated_at": change.committed_at_ms - 1 + step}


def _identity(topic: str, sources: Sequence[FieldSource], change: RowChange) -> dict[str, Any]:
    """Return the fields that name what was deleted. Raises InvalidEvent if the record does not know them."""
    key = key_columns(change.key)
    named = [source for source in sources if source.field in PARTS[topic]]
    for source in named:
        if source.column is None or (key and source.column in key):
            continue
        if str(change.row.get(source.column)) in EMPTY:
            raise InvalidEvent(
                f"{source.field}: the delete does not say which, as the column {source.column!r} is not in the key of "
                "the table: set REPLICA IDENTITY FULL on the table, or make the column a part of its key"
            )
    return mapped(change.row, named, change.types)[0]
