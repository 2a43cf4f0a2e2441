"""The processor time of an event from another system's record, against the same event in our own JSON."""

from __future__ import annotations

import statistics
import time
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

import fastavro
import orjson

from tests.benchmarks.figures import Figure, Goal, repeated
from workers.sources.confluent import registered_schema
from workers.sources.formats import Source
from workers.sources.mapping import Column
from workers.sources.sources import Sources, Times

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROUNDS, TIMES_A_ROUND = 15, 400
"""Each format is timed in so many rounds, in turns with plain JSON."""
EXTRA_US_GOAL = Goal(30.0)
TIMES = Times(1_796_100_000_000, None)
PLAIN: dict[str, Any] = {
    "product_id": "814",
    "title": "Wool scarf",
    "description": "Warm and soft, of Scottish lambswool, 180 x 30 cm",
    "brand": "Loch",
    "category": ["Clothing", "Scarves"],
    "availability": "in_stock",
    "attributes": {"sku": "SC-1", "Colour": ["Black", "Green"]},
    "updated_at": "2026-11-10T08:00:00Z",
}
ROW = {
    "id": 814,
    "title": PLAIN["title"],
    "description": PLAIN["description"],
    "brand": PLAIN["brand"],
    "attributes": orjson.dumps(PLAIN["attributes"]).decode(),
}
ENVELOPE = {
    "before": None,
    "after": ROW,
    "source": {
        "version": "3.6.3.Final", "connector": "postgresql", "name": "shop", "ts_ms": 1_794_297_600_000,
        "snapshot": "false", "db": "shop", "schema": "public", "table": "products",
        "txId": 777, "lsn": 26_512_345, "xmin": None,
    },
    "op": "u",
    "ts_ms": 1_794_297_600_123,
}  # fmt: skip
SHOPIFY = {
    "id": 788_032_119,
    "title": PLAIN["title"],
    "body_html": f"<p>{PLAIN['description']}</p>",
    "vendor": PLAIN["brand"],
    "product_type": "Scarves",
    "handle": "wool-scarf",
    "status": "active",
    "tags": "wool, winter",
    "updated_at": "2026-11-10T08:00:00Z",
    "options": [{"name": "Colour", "values": ["Black"]}],
    "variants": [
        {
            "id": 642_667_041, "title": "Black", "price": "24.00", "compare_at_price": "30.00", "sku": "SC-1-B",
            "barcode": "4006381333931", "option1": "Black", "inventory_quantity": 4, "inventory_policy": "deny",
            "inventory_management": "shopify",
        }
    ],
    "images": [{"id": 1, "src": "https://cdn.example.com/scarf.jpg"}],
}  # fmt: skip
WOOCOMMERCE = {
    "id": 814, "name": PLAIN["title"], "permalink": "https://shop.example.com/product/wool-scarf/",
    "date_modified_gmt": "2026-11-10T08:00:00", "type": "simple", "status": "publish", "catalog_visibility": "visible",
    "description": f"<p>{PLAIN['description']}</p>", "sku": "SC-1", "price": "24.00", "regular_price": "30.00",
    "sale_price": "24.00", "stock_status": "instock", "parent_id": 0,
    "categories": [{"id": 9, "name": "Scarves"}], "tags": [], "images": [{"id": 7, "src": "https://shop.example.com/s.jpg"}],
    "attributes": [{"id": 6, "name": "Colour", "visible": True, "options": ["Black", "Green"]}],
}  # fmt: skip
MAGENTO = {
    "id": 814, "sku": "SC-1", "name": PLAIN["title"], "attribute_set_id": 15, "price": 30, "status": 1, "visibility": 4,
    "type_id": "simple", "created_at": "2026-01-10 10:00:00", "updated_at": "2026-11-10 08:00:00", "weight": 0.9,
    "extension_attributes": {"website_ids": [1], "stock_item": {"qty": 3, "is_in_stock": True}},
    "custom_attributes": [
        {"attribute_code": "description", "value": f"<p>{PLAIN['description']}</p>"},
        {"attribute_code": "material", "value": "Lambswool"},
        {"attribute_code": "special_price", "value": "24.00"},
    ],
}  # fmt: skip
CLOUD_EVENT = {
    "ce_specversion": "1.0",
    "ce_id": "1",
    "ce_source": "/shop",
    "ce_type": "product",
    "ce_time": PLAIN["updated_at"],
}
AVRO_TEXTS = ("product_id", "title", "description", "brand", "availability")
AVRO = {
    "type": "record",
    "name": "Product",
    "fields": [
        *({"name": name, "type": "string"} for name in AVRO_TEXTS),
        {"name": "category", "type": {"type": "array", "items": "string"}},
        {"name": "updated_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ],
}


class Sample(NamedTuple):
    """A record of a format, and the sources that read it."""

    name: str
    sources: Sources
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]] = ()


def measure() -> tuple[list[Figure], dict[str, Any]]:
    """Return for each format the microseconds that an event takes beyond one in our own JSON."""
    plain = Sample("plain JSON", Sources(), b"814", orjson.dumps(PLAIN))
    figures, details = [], {}
    for sample in samples():
        pairs = [(_event_us(plain), _event_us(sample)) for _ in range(ROUNDS)]
        extra = [other - own for own, other in pairs]
        figures.append(repeated(f"{sample.name}, an event beyond plain JSON", extra, "us", EXTRA_US_GOAL))
        details[sample.name] = {"plain_us": statistics.median(own for own, _ in pairs)}
    return figures, details


def samples() -> Iterator[Sample]:
    """Iterate over a product in each format."""
    columns = {name: Column(column=name) for name in ("title", "description", "brand", "attributes")}
    mapping = {"product_id": Column(column="id"), **columns}
    debezium = Sources([Source(topic="products", format="debezium", mapping=mapping)])
    yield Sample("Debezium", debezium, b'{"id":814}', orjson.dumps(ENVELOPE))
    for name, body in (("shopify", SHOPIFY), ("woocommerce", WOOCOMMERCE), ("magento", MAGENTO)):
        source = Source(topic="products", format=name, currency="GBP")
        yield Sample(name, Sources([source]), b"", orjson.dumps(body))
    headers = [(name, text.encode()) for name, text in CLOUD_EVENT.items()]
    in_events = Sources([Source(topic="products", envelope="cloudevents")])
    yield Sample("CloudEvents, binary", in_events, b"814", orjson.dumps(PLAIN), headers)
    framed = Sources([Source(topic="products", encoding="confluent")])
    framed.schemas.add(7, registered_schema("AVRO", [orjson.dumps(AVRO).decode()]))
    yield Sample("Avro of a registry", framed, b"814", _avro())


def _avro() -> bytes:
    stream = BytesIO()
    fields = {name: PLAIN[name] for name in (*AVRO_TEXTS, "category")}
    fastavro.schemaless_writer(stream, fastavro.parse_schema(AVRO), fields | {"updated_at": 1_794_297_600_000})
    return b"\0" + (7).to_bytes(4, "big") + stream.getvalue()


def _event_us(sample: Sample) -> float:
    """Return the processor microseconds of an event."""
    events, began_s = 0, time.process_time()
    for _ in range(TIMES_A_ROUND):
        events += len(sample.sources.decode("products", sample.key or None, sample.value, sample.headers, TIMES))
    return 1e6 * (time.process_time() - began_s) / events
