"""Records framed for a schema registry, written by fastavro."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import UUID

import fastavro
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InvalidEvent
from schemas.events import FRAME_BYTES
from tests.support.sources import ARRIVED_MS, columns
from workers.sources.confluent import KnownSchemas, RegisteredSchema, registered_schema
from workers.sources.formats import Source
from workers.sources.sources import FORMAT_HEADER, OWN_FORMAT, Sources, Times

TIMES = Times(ARRIVED_MS, None)
PRICE = {
    "type": "record",
    "name": "Price",
    "fields": [
        {"name": "product_id", "type": "string"},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}},
        {"name": "currency", "type": ["null", "string"]},
        {"name": "updated_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ],
}
FIELDS = {
    "product_id": "mug-1",
    "price": Decimal("4.50"),
    "currency": "EUR",
    "updated_at": datetime(2026, 11, 10, 8, tzinfo=UTC),
}


def avro(schema: Any, fields: Any, schema_id: int = 7) -> bytes:
    fastavro.validate(fields, schema, strict=True)
    stream = BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema), fields)
    return b"\0" + schema_id.to_bytes(4, "big") + stream.getvalue()


def known(*schemas: dict[str, Any], kind: str = "AVRO") -> KnownSchemas:
    found = KnownSchemas()
    found.add(7, registered_schema(kind, [orjson.dumps(schema).decode() for schema in schemas]))
    return found


def confluent(schema: RegisteredSchema | InvalidEvent | None, **source: Any) -> Sources:
    sources = Sources([Source(encoding="confluent", **source)])
    if schema is not None:
        sources.schemas.add(7, schema)
    return sources


_SHELF = {
    "type": "record",
    "name": "Shelf",
    "fields": [{"name": "name", "type": "string"}, {"name": "within", "type": ["null", "Shelf"]}],
}
_SHELVED = {
    "type": "record",
    "name": "Item",
    "fields": [
        {"name": "product_id", "type": "string"},
        {"name": "title", "type": "string"},
        {"name": "shelf", "type": "Shelf"},
    ],
}


def test_a_record_that_is_nested_too_deeply_is_refused() -> None:
    """The depth is one that fastavro's compiled reader takes; its reader in Python, which guards, does not."""
    sources = confluent(
        registered_schema("AVRO", [orjson.dumps(each).decode() for each in (_SHELF, _SHELVED)]), topic="products"
    )
    value = b"\0\0\0\0\x07\x02a\x02x" + b"\0\x02" * 600 + b"\0\0"
    with pytest.raises(InvalidEvent, match=r"schema 7: .*it is nested too deeply"):
        sources.decode("products", None, value, [], TIMES)


@pytest.mark.parametrize(
    ("inner", "is_recursive"),
    [
        ("string", False),
        ({"type": "array", "items": "Shelf"}, True),
        (["null", {"type": "map", "values": ["string", "Shelf"]}], True),
        ({"type": "enum", "name": "Kind", "symbols": ["A"]}, False),
    ],
)
def test_a_schema_that_refers_to_itself_is_known(inner: object, is_recursive: bool) -> None:
    shelf = {"type": "record", "name": "Shelf", "fields": [{"name": "within", "type": inner}]}
    pairs = [
        {"type": "record", "name": f"Pair{n}", "fields": [{"name": m, "type": f"Pair{n - 1}"} for m in "ab"]}
        for n in range(1, 40)
    ]
    first = {"type": "record", "name": "Pair0", "fields": [{"name": "shelf", "type": "Shelf"}]}
    texts = [orjson.dumps(each).decode() for each in (shelf, first, *pairs)]
    assert registered_schema("AVRO", texts).is_recursive == is_recursive


def test_a_record_of_a_schema_that_refers_to_itself_is_read() -> None:
    sources = confluent(
        registered_schema("AVRO", [orjson.dumps(each).decode() for each in (_SHELF, _SHELVED)]), topic="products"
    )
    value = b"\0\0\0\0\x07\x02a\x02x" + b"\x02s\x02" * 3 + b"\x02t\0"
    [decoded] = sources.decode("products", None, value, [], TIMES)
    assert decoded.event.facts["title/und"] == "x"
    assert str(decoded.event.facts["attributes/shelf"]).startswith('{"name":"s","within":{"name":"s"')


def test_an_event_of_ours_in_avro_is_read_with_its_decimals_and_times() -> None:
    sources = confluent(registered_schema("AVRO", [orjson.dumps(PRICE).decode()]), topic="prices")
    [decoded] = sources.decode("prices", None, avro(PRICE, FIELDS), [], TIMES)
    assert decoded.event.facts == {"price": 4.5, "currency": "EUR"}
    assert decoded.event.stamp.updated_at_ms == 1_794_297_600_000


@pytest.mark.parametrize(
    ("base", "logical", "value", "read"),
    [
        ("long", "timestamp-millis", 2**63 - 1, "infinity"),
        ("long", "timestamp-micros", 2**63 - 1, "infinity"),
        ("long", "local-timestamp-millis", 2**63 - 1, "infinity"),
        ("long", "local-timestamp-micros", -(2**63), "-infinity"),
        ("long", "timestamp-millis", 253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ("int", "date", 2_932_897, "infinity"),
        ("int", "date", -622_191_234, "infinity"),
        ("int", "date", 0, "1970-01-01"),
        ("int", "time-millis", 86_400_000, 86_400_000),
        ("long", "time-micros", 86_400_000_000, 86_400_000_000),
    ],
)
def test_a_time_that_python_has_no_type_for_does_not_make_a_record_unreadable(
    base: str, logical: str, value: int, read: object
) -> None:
    """Java's Long.MAX_VALUE, PostgreSQL's infinity and 24:00: one such column had the whole row refused."""
    schema, plain = (
        {"type": "record", "name": "Row", "fields": [{"name": "until", "type": each}]}
        for each in ({"type": base, "logicalType": logical}, base)
    )
    known = KnownSchemas()
    known.add(7, registered_schema("AVRO", [orjson.dumps(schema).decode()]))
    assert known.read(avro(plain, {"until": value})) == {"until": read}


def test_a_null_record_deletes_the_product_that_its_framed_key_is() -> None:
    sources = confluent(registered_schema("AVRO", ['"string"']), topic="products")
    [decoded] = sources.decode("products", avro("string", "mug-1"), None, [], TIMES)
    assert (decoded.event.product_id, decoded.event.op) == ("mug-1", "delete")


def test_a_schema_that_was_not_fetched_is_asked_for() -> None:
    sources = confluent(None, topic="prices")
    framed = avro(PRICE, FIELDS)
    assert sources.missing_schemas("prices", b"\0\0\0\0\5k", framed, []) == [5, 7]
    assert sources.missing_schemas("prices", b"k", framed, [(FORMAT_HEADER, OWN_FORMAT)]) == []
    assert sources.missing_schemas("products", None, framed, []) == []
    with pytest.raises(InvalidEvent, match="schema 7: was not fetched"):
        sources.decode("prices", None, framed, [], TIMES)
    sources.schemas.add(7, InvalidEvent("there is none"))
    assert sources.missing_schemas("prices", None, framed, []) == []


def test_an_envelope_of_debezium_in_avro_is_read_with_its_key() -> None:
    row = {
        "type": "record",
        "name": "Row",
        "fields": [{"name": "sku", "type": "string"}, {"name": "id", "type": "int"}],
    }
    source = {
        "type": "record",
        "name": "Source",
        "fields": [{"name": "lsn", "type": ["null", "long"]}, {"name": "ts_ms", "type": "long"}],
    }
    envelope = {
        "type": "record",
        "name": "Envelope",
        "fields": [
            {"name": "before", "type": ["null", row]},
            {"name": "after", "type": ["null", "Row"]},
            {"name": "source", "type": source},
            {"name": "op", "type": "string"},
        ],
    }
    key = {"type": "record", "name": "Key", "fields": [{"name": "sku", "type": "string"}]}
    number = {"type": "record", "name": "Key", "fields": [{"name": "id", "type": "int"}]}
    sources = confluent(
        registered_schema("AVRO", [orjson.dumps(envelope).decode()]),
        topic="products",
        format="debezium",
        mapping=columns(product_id="sku", title="sku"),
    )
    for schema_id, schema in ((8, key), (9, number)):
        sources.schemas.add(schema_id, registered_schema("AVRO", [orjson.dumps(schema).decode()]))
    change = {
        "before": {"sku": "mug-1", "id": 5},
        "after": None,
        "source": {"lsn": 300, "ts_ms": 1_794_000_000_000},
        "op": "d",
    }
    [decoded] = sources.decode("products", avro(key, {"sku": "mug-1"}, 8), avro(envelope, change), [], TIMES)
    assert (decoded.event.op, decoded.event.product_id, decoded.event.stamp.version) == ("delete", "mug-1", 600)
    with pytest.raises(InvalidEvent, match="REPLICA IDENTITY FULL"):
        sources.decode("products", avro(number, {"id": 5}, 9), avro(envelope, change), [], TIMES)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_clears_no_price(value: float) -> None:
    names = [("product_id", "string"), ("op", "string"), ("price", "double")]
    schema = {"type": "record", "name": "Price", "fields": [{"name": name, "type": kind} for name, kind in names]}
    sources = confluent(registered_schema("AVRO", [orjson.dumps(schema).decode()]), topic="prices")
    framed = avro(schema, {"product_id": "mug-1", "op": "patch", "price": value})
    with pytest.raises(InvalidEvent, match=r"price: '(nan|inf)' is no decimal"):
        sources.decode("prices", None, framed, [], TIMES)


@pytest.mark.parametrize("key", [b"\0\0\0\4", b"\0\0\0\0\0\0\0\4"])
def test_a_key_that_is_a_number_refuses_no_record_and_names_what_a_delete_is_of(key: bytes) -> None:
    sources = confluent(registered_schema("JSON", ["{}"]), topic="products", format="debezium-unwrapped")
    value = b"\0\0\0\0\7" + orjson.dumps({"product_id": "4", "title": "Mug"})
    assert sources.missing_schemas("products", key, value, []) == []
    [decoded] = sources.decode("products", key, value, [], TIMES)
    assert (decoded.event.product_id, decoded.event.op) == ("4", "upsert")
    [decoded] = sources.decode("products", key, None, [], TIMES)
    assert (decoded.event.product_id, decoded.event.op) == ("4", "delete")


def test_a_key_whose_schema_the_registry_has_not_refuses_no_record() -> None:
    sources = confluent(registered_schema("JSON", ["{}"]), topic="products", format="debezium-unwrapped")
    sources.schemas.add(9, InvalidEvent("there is none"))
    value = b"\0\0\0\0\7" + orjson.dumps({"product_id": "4", "title": "Mug"})
    assert sources.decode("products", b"\0\0\0\0\x09key", value, [], TIMES)[0].event.op == "upsert"
    with pytest.raises(InvalidEvent, match="key: is framed"):
        sources.decode("products", b"\0\0\0\0\x09key", None, [], TIMES)


def test_a_cloud_event_in_binary_mode_may_be_in_avro() -> None:
    schema = registered_schema("AVRO", [orjson.dumps(PRICE).decode()])
    headers = {"id": b"7", "source": b"/s", "type": b"t", "specversion": b"1.0"}
    given = [(f"ce_{name}", value) for name, value in headers.items()] + [("content-type", b"application/avro")]
    sources = confluent(schema, topic="prices", envelope="cloudevents")
    [decoded] = sources.decode("prices", None, avro(PRICE, FIELDS), given, TIMES)
    assert decoded.event.facts == {"price": 4.5, "currency": "EUR"}


def test_a_record_whose_header_has_the_id_of_its_schema_is_refused_with_what_to_change() -> None:
    sources = confluent(None, topic="prices")
    headers = [("__value_schema_id", b"\1" + bytes(16))]
    with pytest.raises(InvalidEvent, match="is in the header __value_schema_id: let the producer's serializer"):
        sources.decode("prices", None, avro(PRICE, FIELDS)[FRAME_BYTES:], headers, TIMES)


def test_json_with_a_schema_is_read() -> None:
    body = b"\0\0\0\0\7" + orjson.dumps({"product_id": "mug-1", "title": "Mug"})
    [decoded] = confluent(registered_schema("JSON", ["{}"]), topic="products").decode("products", None, body, [], TIMES)
    assert decoded.event.product_id == "mug-1"


@pytest.mark.parametrize(
    ("schema", "framed", "reason"),
    [
        (registered_schema("PROTOBUF", [""]), b"\0\0\0\0\7x", "schema 7: PROTOBUF is not read"),
        (registered_schema("JSON", ["{}"]), b"\0\0\0\0\7{", "schema 7: the record is no JSON"),
        (
            registered_schema("AVRO", [orjson.dumps(PRICE).decode()]),
            b"\0\0\0\0\7\x04",
            "schema 7: the record is not of this schema: it ends too early",
        ),
        (
            registered_schema("AVRO", [orjson.dumps(PRICE).decode()]),
            avro(PRICE, FIELDS) + b"!",
            "1 bytes are left over",
        ),
        (InvalidEvent("there is none"), b"\0\0\0\0\7x", "schema 7: there is none"),
        (None, b"{}", "is not framed"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_schema(schema: Any, framed: bytes, reason: str) -> None:
    with pytest.raises(InvalidEvent, match=reason):
        confluent(schema, topic="prices").decode("prices", None, framed, [], TIMES)


def test_a_schema_that_refers_to_another_is_read() -> None:
    money = {"type": "record", "name": "Money", "fields": [{"name": "amount", "type": "string"}]}
    offer = {"type": "record", "name": "Offer", "fields": [{"name": "money", "type": "Money"}]}
    stream = BytesIO()
    whole = fastavro.parse_schema(offer | {"fields": [{"name": "money", "type": money}]})
    fastavro.schemaless_writer(stream, whole, {"money": {"amount": "1"}})
    assert known(money, offer).read(b"\0\0\0\0\7" + stream.getvalue()) == {"money": {"amount": "1"}}


def test_a_schema_that_is_wrong_is_refused() -> None:
    with pytest.raises(InvalidEvent, match="its Avro schema cannot be read"):
        known({"type": "record", "name": "X", "fields": [{"name": "a", "type": "Nowhere"}]})


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        ({"type": "int", "logicalType": "date"}, date(2026, 11, 10), "2026-11-10"),
        (
            {"type": "long", "logicalType": "timestamp-micros"},
            datetime(2026, 11, 10, 8, tzinfo=UTC),
            "2026-11-10T08:00:00.000Z",
        ),
        ({"type": "string", "logicalType": "uuid"}, UUID(int=5), str(UUID(int=5))),
        ({"type": "array", "items": "double"}, [1.5], [1.5]),
        ({"type": "map", "values": "boolean"}, {"a": True}, {"a": True}),
        ("bytes", b"\1", "AQ=="),
    ],
)
def test_values_of_avro_become_those_of_json(kind: Any, value: object, read: object) -> None:
    schema = {"type": "record", "name": "R", "fields": [{"name": "v", "type": kind}]}
    assert known(schema).read(avro(schema, {"v": value})) == {"v": read}


@given(st.binary(max_size=60))
def test_bytes_that_are_no_avro_are_an_invalid_event_and_no_bug(payload: bytes) -> None:
    try:
        known(PRICE).read(b"\0\0\0\0\7"[:FRAME_BYTES] + payload)
    except InvalidEvent as error:
        assert str(error)
