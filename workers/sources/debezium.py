"""Debezium: change events of database rows, as envelopes and after the transformation ExtractNewRecordState.

The order of two changes of a row comes from the log of the database (`source.lsn`), never from a column: a delete's
`before` holds invented values in all columns but the key, and all changes of a transaction have one time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from schemas.errors import InvalidEvent
from schemas.texts import is_set
from workers.sources.connect_schema import NO_TYPES, ColumnTypes, column_types
from workers.sources.connect_values import reader
from workers.sources.mapping import field_sources
from workers.sources.messages import Body, Message, id_in_key, key_columns, key_schema, object_of
from workers.sources.row_bodies import RowChange, bodies_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.sources.connect_schema import Types
    from workers.sources.mapping import Column
    from workers.sources.messages import Adapter

OPS = ("c", "r", "u", "d")
"""Create, read by a snapshot, update, delete."""
WHOLE_ROWS = ("mysql", "mariadb", "oracle", "sqlserver", "db2")
"""Connectors of databases whose logs have a deleted row whole. That of PostgreSQL invents what is not in its key."""

_ORDER = ("lsn", "file", "pos", "scn", "change_lsn", "commit_lsn", "ord")
"""The members of `source` that say where the change stands in the log of its database."""
_ORD_BITS = 30
"""The bits of the place of an operation of MongoDB within its second, which leave 33 for the seconds."""
_OF_CLOUD_EVENT = {
    "lsn": "iodebeziumlsn",
    "ts_ms": "iodebeziumtsms",
    "file": "iodebeziumfile",
    "pos": "iodebeziumpos",
    "scn": "iodebeziumscn",
    "change_lsn": "iodebeziumchangelsn",
    "commit_lsn": "iodebeziumcommitlsn",
    "connector": "iodebeziumconnector",
    "table": "iodebeziumtable",
}
"""The attributes of Debezium's CloudEvents by the names that they have in `source`."""
_DIGITS = re.compile("[0-9]{1,20}")
"""A number of at most 64 bits as text."""
_SQL_SERVER_LSN = re.compile("([0-9a-fA-F]{8}):([0-9a-fA-F]{8}):([0-9a-fA-F]{4})")
_SQL_SERVER_LSN_BITS = (27, 25, 11)
"""The bits of the three numbers in a position, which may have 63: those of the virtual log file, of the block of 512
bytes within it, and of the record within that. Ten virtual log files a minute take 25 years to reach the first bound,
one of 16 GB reaches the second, and a block of 60 KB that is full of records of 30 bytes the third.
"""


def debezium(mapping: Mapping[str, Column] | None, *, whole_rows: bool = False) -> Adapter:
    """Return the adapter of envelopes. Without a mapping the columns are named as our fields.

    `whole_rows`: whether deletes have the whole row (`REPLICA IDENTITY FULL` of PostgreSQL).
    """
    sources = None if mapping is None else field_sources(mapping)

    def adapt(message: Message) -> list[Body]:
        if message.body is None:
            return []  # The tombstone that follows a delete, for compaction alone.
        change = _envelope(message)
        return [] if change is None else bodies_of(message.topic, sources, change, whole_rows=whole_rows)

    return adapt


def debezium_unwrapped(mapping: Mapping[str, Column] | None, *, whole_rows: bool = False) -> Adapter:
    """Return the adapter of rows after ExtractNewRecordState, otherwise as `debezium`."""
    sources = None if mapping is None else field_sources(mapping)

    def adapt(message: Message) -> list[Body]:
        return bodies_of(message.topic, sources, _unwrapped(message, mapping), whole_rows=whole_rows)

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
    if isinstance(row, str):
        raise InvalidEvent(
            f"{image}: is the text of a document, as MongoDB's connector writes it: let its transformation "
            "ExtractNewDocumentState make a row of it, and configure `format: debezium-unwrapped`"
        )
    if not isinstance(row, dict):
        raise InvalidEvent(f"{image}: is missing in a change with op {op}: check the connector")
    is_whole = source.get("connector") in WHOLE_ROWS
    committed_at_ms = _known_time(source.get("ts_ms")) or _known_time(body.get("ts_ms"))
    return RowChange(op == "d", row, types.of(image), message.key, _position(source), committed_at_ms, is_whole)


def _truncated(message: Message, table: object) -> InvalidEvent:
    named = f"the table {table}" if table else "a table"
    todo = (
        "send op delete for each" if message.topic == "reviews" else f"compare it with `freshline sync {message.topic}`"
    )
    return InvalidEvent(f"{named} was truncated, and no event says which rows that were: {todo}")


def _unwrapped(message: Message, mapping: Mapping[str, Column] | None) -> RowChange:
    row, types = (None, None) if message.body is None else _payload(object_of(message, "row"))
    if row is None or types is None:
        return RowChange(True, *_deleted_row(message, mapping), message.key, None, None, is_key=True)
    if isinstance(row.get("source"), dict) and "op" in row:
        raise InvalidEvent("the record is a Debezium envelope: the format of the topic is debezium")
    source = {name: row.get(f"__source_{name}", row.get(f"__{name}")) for name in _ORDER}
    source["ts_ms"] = _row_time(row)
    op = str(row.get("__op")).lower()
    if op == "t":
        raise _truncated(message, row.get("__table"))
    deleted = is_set(row.get("__deleted")) or op == "d"
    is_whole = row.get("__source_connector", row.get("__connector")) in WHOLE_ROWS
    return RowChange(deleted, row, types.row, message.key, _position(source), source["ts_ms"], is_whole)


def _deleted_row(message: Message, mapping: Mapping[str, Column] | None) -> tuple[dict[str, Any], Types]:
    """Return the columns in the key of a null record, all of them, or the only one, as ExtractField$Key leaves it; and
    what reads the only one. That of several is found with the key."""
    columns = key_columns(message.key)
    if columns is not None:
        return columns, {}
    if message.topic != "products" or not message.key:
        raise InvalidEvent("the record is a delete whose key is no JSON object: use the JSON converter for keys")
    column = (mapping["product_id"].column if mapping else None) or "product_id"
    read = reader(key_schema(message.key) or {})
    return {column: id_in_key(message.key)}, {} if read is None else {column: read}


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
    """Return the position in the log of PostgreSQL (lsn), of MySQL or MariaDB (file, pos), of Oracle (scn), of SQL
    Server (change_lsn; of a row that a snapshot read, commit_lsn), or of MongoDB (ts_ms, which is in seconds, and ord).
    """
    if (lsn := _whole(source.get("lsn"))) is not None:
        return lsn
    number = _whole(str(source.get("file")).rpartition(".")[2])
    pos = _whole(source.get("pos"))
    if number is not None and pos is not None:
        return (number << 32) + pos  # At most 2**32 bytes a file.
    if (scn := _whole(source.get("scn"))) is not None:
        return scn
    ord_, time_ms = _whole(source.get("ord")), _known_time(source.get("ts_ms"))
    if ord_ is not None and time_ms is not None:
        return (time_ms // 1000 << _ORD_BITS) + ord_
    changed = _sql_server_position(source.get("change_lsn"))
    return _sql_server_position(source.get("commit_lsn")) if changed is None else changed


def _sql_server_position(lsn: Any) -> int | None:
    """Return the position that a log sequence number of SQL Server is, which has 80 bits, in 63 of them.

    Raises InvalidEvent if it needs more.
    """
    found = _SQL_SERVER_LSN.fullmatch(lsn) if isinstance(lsn, str) else None
    if found is None:
        return None
    position = 0
    for digits, bits in zip(found.groups(), _SQL_SERVER_LSN_BITS, strict=True):
        number = int(digits, 16)
        if number >> bits:
            raise InvalidEvent(f"source: the position {lsn} has more than 63 bits: leave change_lsn and commit_lsn out")
        position = (position << bits) | number
    return position


def _row_time(row: Mapping[str, Any]) -> int | None:
    for unit, in_ms in (("ms", 1), ("us", 1_000), ("ns", 1_000_000)):
        if (time := _known_time(row.get(f"__source_ts_{unit}"))) is not None:
            return time // in_ms
    return None


def _known_time(value: Any) -> int | None:
    """Return the time of a commit. It is 0 where the log of the database does not tell it, as that of MySQL may not."""
    return _whole(value) or None


def _whole(value: Any) -> int | None:
    return int(value) if type(value) is int or (isinstance(value, str) and _DIGITS.fullmatch(value)) else None
