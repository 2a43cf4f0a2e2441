"""Records that are framed for a schema registry: a nought, the id of a schema in four bytes, and Avro or JSON.

The frame is that of Confluent's documentation, "Wire format". Fetching a schema is left to the caller: this module has
the schemas that are known already.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from io import BytesIO
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from uuid import UUID

import fastavro
import orjson
from fastavro._read_py import schemaless_reader as read_in_python

from schemas.errors import InvalidEvent
from schemas.events import FRAME_BYTES
from schemas.times import ms_since_epoch, rfc3339
from workers.sources.connect_values import reader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    ValueReader = Callable[..., Any]

_BROKEN: dict[type[Exception], str] = {
    EOFError: "it ends too early",
    RecursionError: "it is nested too deeply",
    UnicodeDecodeError: "a text in it is not UTF-8",
}
SCHEMAS_MAX = 10_000
"""The most schemas that a worker keeps. A registry has one for each version of each table."""
_IN_CONNECT = {
    "long-timestamp-millis": "org.apache.kafka.connect.data.Timestamp",
    "long-timestamp-micros": "io.debezium.time.MicroTimestamp",
    "long-local-timestamp-millis": "org.apache.kafka.connect.data.Timestamp",
    "long-local-timestamp-micros": "io.debezium.time.MicroTimestamp",
    "int-date": "org.apache.kafka.connect.data.Date",
    "int-time-millis": "org.apache.kafka.connect.data.Time",
    "long-time-micros": "io.debezium.time.MicroTime",
}
"""The types of Kafka Connect that mean the same, by fastavro's names of its readers."""


class RegisteredSchema(NamedTuple):
    """A schema of the registry, ready to read with."""

    kind: str
    """AVRO, JSON or PROTOBUF."""
    avro: Any = None
    is_recursive: bool = False
    """True if a value may hold others of its own type, as deep as a record says."""


def registered_schema(kind: str, texts: Sequence[str]) -> RegisteredSchema:
    """Return a schema from its text, the last one, and those that it refers to. Raises InvalidEvent if it is wrong."""
    if kind != "AVRO":
        return RegisteredSchema(kind)
    _read_all_times()
    named: dict[str, Any] = {}
    try:
        parsed = [fastavro.parse_schema(orjson.loads(text), named) for text in texts]
        return RegisteredSchema(kind, parsed[-1], _is_recursive(parsed[-1], named, frozenset(), set()))
    except (fastavro.schema.SchemaParseException, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidEvent(f"its Avro schema cannot be read: {error}") from None


def _is_recursive(schema: Any, named: dict[str, Any], within: frozenset[str], ends: set[str]) -> bool:
    """Return whether a parsed schema, which is within the types of these names, refers to one of them.

    `ends` has the names of types that do not, and gets more.
    """
    if isinstance(schema, list):
        return any(_is_recursive(each, named, within, ends) for each in schema)
    if isinstance(schema, str):
        if schema in within:
            return True
        return schema in named and schema not in ends and _is_recursive(named[schema], named, within, ends)
    if "fields" not in schema:
        parts = (schema[part] for part in ("type", "items", "values") if part in schema)
        return any(_is_recursive(part, named, within, ends) for part in parts)
    inner = within | {schema["name"]}
    if any(_is_recursive(field["type"], named, inner, ends) for field in schema["fields"]):
        return True
    ends.add(schema["name"])
    return False


def _read_all_times() -> None:
    """Let fastavro read times that Python's types do not have: Java's Long.MAX_VALUE for "never", PostgreSQL's 24:00.

    It would refuse the whole record for one such column, whether that is mapped or not.
    """
    readers = fastavro.read.LOGICAL_READERS
    for name, connect in _IN_CONNECT.items():
        if not isinstance(readers[name], partial):
            readers[name] = partial(_time, readers[name], cast("ValueReader", reader({"name": connect})))


def _time(of_avro: ValueReader, of_connect: ValueReader, value: int, *schemas: Any) -> Any:
    try:
        return of_avro(value, *schemas)
    except (OverflowError, ValueError):
        return of_connect(value)


class KnownSchemas:
    """The schemas that were fetched, by their ids in the registry. An id never gets another schema."""

    def __init__(self) -> None:
        self._schemas: dict[int, RegisteredSchema | InvalidEvent] = {}

    def add(self, schema_id: int, schema: RegisteredSchema | InvalidEvent) -> None:
        """Add a schema, or why there is none with this id."""
        if len(self._schemas) >= SCHEMAS_MAX:
            self._schemas.pop(next(iter(self._schemas)))
        self._schemas[schema_id] = schema

    def missing(self, framed: bytes | None) -> int | None:
        """Return the id of the schema of a framed key or value if it was not fetched yet; else None."""
        if framed is None or len(framed) < FRAME_BYTES or framed[0] != 0 or _whole_number(framed) is not None:
            return None
        schema_id = int.from_bytes(framed[1:FRAME_BYTES], "big")
        return None if schema_id in self._schemas else schema_id

    def read_key(self, key: bytes) -> Any:
        """Return the value of a key, which is framed or a whole number, as JSON has it. Raises InvalidEvent."""
        number = _whole_number(key)
        return self.read(key) if number is None else number

    def read(self, framed: bytes) -> Any:
        """Return the value of a framed record as JSON has it. Raises InvalidEvent."""
        if len(framed) < FRAME_BYTES or framed[0] != 0:
            raise InvalidEvent(
                "the record is not framed for a schema registry: let its producer use the registry, or configure "
                "`encoding: json` for the topic in FRESHLINE_SOURCES"
            )
        schema_id = int.from_bytes(framed[1:FRAME_BYTES], "big")
        schema = self._schemas.get(schema_id)
        if schema is None:
            raise InvalidEvent(f"schema {schema_id}: was not fetched: no registry is configured")
        if isinstance(schema, InvalidEvent):
            raise InvalidEvent(f"schema {schema_id}: {schema}")
        try:
            return _read(schema, framed[FRAME_BYTES:])
        except InvalidEvent as error:
            raise InvalidEvent(f"schema {schema_id}: {error}") from None


def _whole_number(key: bytes) -> int | None:
    """Return the number that Kafka Connect's converters of integers write in 4 or 8 bytes; None for any other key.

    A frame takes more than 4 bytes, and no schema has the id 0.
    """
    is_number = (len(key) == 4 and key[0] == 0) or (len(key) == 8 and not any(key[:FRAME_BYTES]))
    return int.from_bytes(key, "big") if is_number else None


def _read(schema: RegisteredSchema, payload: bytes) -> Any:
    if schema.kind == "JSON":
        try:
            return orjson.loads(payload)
        except orjson.JSONDecodeError as error:
            raise InvalidEvent(f"the record is no JSON: {error}") from None
    if schema.kind != "AVRO":
        raise InvalidEvent(f"{schema.kind} is not read: let the producer write Avro or JSON")
    stream = BytesIO(payload)
    try:
        # The compiled reader can end the process at such a record, which would come again after each start.
        read = read_in_python if schema.is_recursive else fastavro.schemaless_reader
        found = _as_json(read(stream, schema.avro, None))
        if stream.tell() != len(payload):
            raise InvalidEvent(f"the record is not of this schema: {len(payload) - stream.tell()} bytes are left over")
        return found
    except InvalidEvent:
        raise
    except Exception as error:  # fastavro raises whatever the bytes lead to: EOFError, IndexError, OverflowError, ...
        raise InvalidEvent(f"the record is not of this schema: {_of_broken(error)}") from None


def _of_broken(error: Exception) -> str:
    """Return the fault of the bytes that lead to this error, whose own words are of Python."""
    return next(
        (words for kind, words in _BROKEN.items() if isinstance(error, kind)), "its bytes stand for something else"
    )


def _as_json(value: Any) -> Any:
    """Return an Avro value as JSON has it: decimals and times as text."""
    kind = type(value)
    if kind is str or kind is int or value is None or kind is bool:
        return value
    if kind is float:  # JSON would have null for what is no number, and null clears.
        return value if isfinite(value) else str(value)
    if kind is dict:
        return {name: _as_json(each) for name, each in value.items()}
    if kind is list:
        return [_as_json(each) for each in value]
    if kind is bytes:
        return b64encode(value).decode()
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):  # Without an offset it is a local timestamp, which Avro does not place in a zone.
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return rfc3339(ms_since_epoch(aware)) or aware.isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise InvalidEvent(f"a value of the type {type(value).__name__} is not read")
