"""The events of one file are the same to produce, to sync and to formats check."""

from __future__ import annotations

import gzip
import json
from codecs import BOM_UTF8
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest

from stream.kafka.event_lines import valid_events
from stream.kafka.send_report import SendReport
from stream.sync.read import read_feed
from stream.sync.spill import spill
from tests.support.foreign_records import GOOGLE, MAGENTO, SHOPIFY, WOOCOMMERCE
from tests.support.running_commands import freshline
from workers.clock import SystemClock
from workers.sources.file_events import FileFormat
from workers.sources.files import rows
from workers.sources.formats import Source
from workers.sources.sources import own_event

if TYPE_CHECKING:
    from pathlib import Path

    from schemas.events import Event

ENVELOPE = {"op": "c", "before": None, "source": {"lsn": 9, "ts_ms": 1_794_000_000_000}}
IN_CLOUD_EVENT = {"id": "1", "source": "/s", "specversion": "1.0", "type": "t"}
OWN: list[dict[str, Any]] = [{"product_id": "a", "title": "Grün"}, {"product_id": "b", "title": {"en": "Cup"}}]
TABLE = 'product_id,title,attributes.size,category\na,"Tee, grün",L,Food > Tea\nb,Cup,,\n'
LINES = "\n".join(map(json.dumps, OWN)).encode()
XML = "<rss><channel><item><id>a</id><title>Tee</title><price>5 EUR</price></item></channel></rss>"
MERCHANT = "id\ttitle\tprice\na\tTee\t5.00 EUR\nb\tCup\t\n"


def lines(*bodies: Any) -> bytes:
    return "\n".join(map(json.dumps, bodies)).encode()


FILES: dict[str, tuple[str, bytes]] = {
    "lines": ("freshline", LINES),
    "an array": ("freshline", json.dumps(OWN, indent=1).encode()),
    "packed": ("freshline", gzip.compress(BOM_UTF8 + LINES)),
    "UTF-16": ("freshline", LINES.decode().encode("utf-16")),
    "a table": ("csv", TABLE.encode()),
    "a table with semicolons": ("csv", TABLE.replace(", ", "; ").replace(",", ";").encode()),
    "tab-separated": ("google-merchant", MERCHANT.encode()),
    "XML": ("google-merchant", XML.encode()),
    "JSON of a feed": ("google-merchant", lines(GOOGLE)),
    "Shopify": ("shopify", lines(SHOPIFY, SHOPIFY | {"id": 70, "status": "draft", "variants": [{"id": 71}]})),
    "a list of Shopify": ("shopify", lines({"products": [{"id": 7, "title": "Mug"} | SHOPIFY]})),
    "WooCommerce": ("woocommerce", lines(WOOCOMMERCE, WOOCOMMERCE | {"id": 10, "status": "draft"})),
    "a list of Magento": ("magento", lines({"items": [{"id": 4, "sku": "a"} | MAGENTO, MAGENTO | {"sku": "b"}]})),
    "Debezium": ("debezium", lines(*(ENVELOPE | {"after": row} for row in OWN))),
    "rows of Debezium": ("debezium-unwrapped", lines(*(row | {"__deleted": "false"} for row in OWN))),
    "CloudEvents": ("cloudevents", lines(*(IN_CLOUD_EVENT | {"data": row} for row in OWN))),
}


@pytest.fixture(autouse=True)
def shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FRESHLINE_SOURCES", raising=False)
    monkeypatch.setenv("FRESHLINE_SHOP_CURRENCY", "EUR")


def produced(content: bytes, kind: FileFormat) -> list[Event]:
    report = SendReport()
    found = rows(BytesIO(content), takes_text=kind.takes_text)
    records = list(valid_events(found, kind, report, SystemClock()))
    assert report.invalid == 0 and all(record.value is not None for record in records)
    return [own_event(record.topic, record.value or b"", SystemClock().now_ms()) for record in records]


def compared(topic: str, content: bytes, kind: FileFormat) -> list[tuple[str, str | None, Any]]:
    now_ms = SystemClock().now_ms()
    with spill() as gathered:
        found = rows(BytesIO(content), takes_text=kind.takes_text)
        read_feed(topic, found, kind, gathered, now_ms, lambda *_: None)
        values = [value for each in gathered.products() for _, value in each.lines]
    return sorted(says(own_event(topic, value, now_ms)) for value in values)


def says(event: Event) -> tuple[str, str | None, Any]:
    return event.product_id, event.part, event.facts


@pytest.mark.parametrize("name", FILES)
def test_produce_sync_and_the_check_agree_on_what_a_file_says(name: str, tmp_path: Path) -> None:
    written, content = FILES[name]
    given = {"envelope": "cloudevents"} if written == "cloudevents" else {"format": written}
    kind = FileFormat(Source.model_validate({"topic": "products", **given}), "EUR")
    sent = produced(content, kind)
    assert sent
    for topic in ("products", "prices") if any(event.topic == "prices" for event in sent) else ("products",):
        there = sorted(says(event) for event in sent if event.topic == topic and event.op == "upsert")
        assert compared(topic, content, kind) == there
    file = tmp_path / "file"
    file.write_bytes(content)
    done = freshline("formats", "check", str(file), "--json")
    checked = json.loads(done.out)
    assert (done.code, checked["format"], checked["refused"]) == (0, written, [])
    assert [event for row in checked["first"] for event in row["events"]] == [
        {"topic": e.topic, "product_id": e.product_id, "part": e.part, "op": e.op, "facts": e.facts} for e in sent
    ]
