"""CloudEvents as the package `cloudevents` writes them, and as Debezium does."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from cloudevents.core.bindings.kafka import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from schemas.errors import InvalidEvent
from tests.support.sources import ARRIVED_MS, columns
from workers.sources.formats import Source
from workers.sources.sources import Decoded, Sources, Times

TIMES = Times(ARRIVED_MS, None)
BODY = {"product_id": "mug-1", "title": "Mug"}
ATTRIBUTES = {"id": "7", "source": "/shop", "type": "product.changed", "time": None}


def decode(
    topic: str, value: bytes | None, headers: dict[str, bytes], key: bytes | None = None, **source: Any
) -> list[Decoded]:
    sources = Sources([Source(topic=topic, envelope="cloudevents", **source)])
    return sources.decode(topic, key, value, list(headers.items()), TIMES)


def cloud_event(data: Any) -> CloudEvent:
    from datetime import UTC, datetime

    return CloudEvent(ATTRIBUTES | {"time": datetime(2026, 11, 10, 8, tzinfo=UTC)}, data)


@pytest.mark.parametrize("write", [to_binary, to_structured])
def test_an_event_inside_is_read_in_both_modes_with_the_time_of_the_envelope(write: Any) -> None:
    sent = write(cloud_event(BODY), JSONFormat())
    [decoded] = decode("products", sent.value, sent.headers)
    assert (decoded.event.product_id, decoded.event.stamp.updated_at_ms) == ("mug-1", 1_794_297_600_000)


def test_a_time_of_the_event_itself_goes_before_that_of_the_envelope() -> None:
    sent = to_structured(cloud_event(BODY | {"updated_at": 1_794_000_000_000}), JSONFormat())
    assert decode("products", sent.value, sent.headers)[0].event.stamp.updated_at_ms == 1_794_000_000_000


def test_debeziums_own_are_read_though_they_break_the_rules() -> None:
    """A capital letter in a name and null attributes: the package refuses such an event."""
    envelope = {
        "id": "name:s;lsn:900",
        "source": "/debezium/postgresql/s",
        "specversion": "1.0",
        "type": "io.debezium.x",
        "time": "2026-11-10T08:00:00.500Z",
        "datacontenttype": "application/json",
        "iodebeziumop": "d",
        "iodebeziumtsms": "1794297600500",
        "iodebeziumtxId": "867",
        "iodebeziumlsn": "900",
        "iodebeziumxmin": None,
    }
    row = {"sku": "mug-1", "name": "", "version": 1}
    mapping = columns(product_id="sku", title="name")
    for data in ({"before": row, "after": None}, {"schema": {}, "payload": {"before": row, "after": None}}):
        value = orjson.dumps(envelope | {"data": data})
        [decoded] = decode("products", value, {}, b'{"sku":"mug-1"}', format="debezium", mapping=mapping)
        assert (decoded.event.op, decoded.event.product_id) == ("delete", "mug-1")
        assert decoded.event.stamp[:2] == (1800, 1_794_297_600_499)


@pytest.mark.parametrize("kind", ["text/json", "application/vnd.shop+json", "Application/JSON; charset=utf-8"])
def test_every_media_type_of_json_is_read(kind: str) -> None:
    structured = {"id": "1", "source": "/s", "specversion": "1.0", "type": "t", "datacontenttype": kind, "data": BODY}
    assert decode("products", orjson.dumps(structured), {})[0].event.product_id == "mug-1"


@pytest.mark.parametrize("name", ["id", "source", "specversion", "type", "datacontenttype", "data_base64"])
@pytest.mark.parametrize("value", [1.0, True, {"a": 1}, ["a"]])
def test_an_attribute_that_is_no_text_is_said_to_be_none(name: str, value: Any) -> None:
    structured = {"id": "1", "source": "/s", "specversion": "1.0", "type": "t", "data": BODY, name: value}
    with pytest.raises(InvalidEvent, match=f"^{name}: is .* in the CloudEvent, which is no text"):
        decode("products", orjson.dumps(structured), {})


def test_data_in_base64_is_read() -> None:
    sent = orjson.dumps(
        {
            "id": "1",
            "source": "/s",
            "specversion": "1.0",
            "type": "t",
            "data_base64": "eyJwcm9kdWN0X2lkIjoibXVnLTEiLCJ0aXRsZSI6Ik11ZyJ9",
        }
    )
    assert decode("products", sent, {})[0].event.product_id == "mug-1"


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        (BODY, {}, "is no CloudEvent"),
        ({"id": "1", "source": "/s", "specversion": "0.3", "type": "t", "data": BODY}, {}, "specversion: is '0.3'"),
        ({"id": "", "source": "/s", "specversion": "1.0", "type": "t", "data": BODY}, {}, "id: is missing"),
        (
            {"id": "1", "source": "/s", "specversion": "1.0", "type": "t", "data_base64": "!"},
            {},
            "data_base64: is no base64",
        ),
        ({"id": "1", "source": "/s", "specversion": "1.0", "type": "product.viewed"}, {}, "data: is missing"),
        ({"id": "1", "source": "/s", "specversion": "1.0", "type": "t", "data": None}, {}, "data: is missing"),
        (BODY, {"ce_specversion": b"1.0", "ce_id": b"1", "ce_type": b"t"}, "source: is missing"),
        (
            BODY,
            {"ce_specversion": b"1.0", "ce_id": b"1", "ce_type": b"t", "ce_source": b"/s", "content-type": b"text/xml"},
            "contains text/xml",
        ),
    ],
)
def test_what_is_no_cloud_event_is_refused_with_what_is_wrong(
    body: Any, headers: dict[str, bytes], reason: str
) -> None:
    with pytest.raises(InvalidEvent, match=reason):
        decode("products", orjson.dumps(body), headers, b"mug-1")
