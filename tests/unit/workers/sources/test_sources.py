"""The source of a topic is configured, and a record of another shape is named when it is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InvalidEvent, Misconfigured
from tests.support.sources import ARRIVED_MS, columns, message
from workers.sources.file_events import FileFormat
from workers.sources.formats import Source, read_sources
from workers.sources.shapes import other_shape
from workers.sources.sources import FORMAT_HEADER, OWN_FORMAT, Sources, Times, own_event

TIMES = Times(ARRIVED_MS, None)
PLAIN = orjson.dumps({"product_id": "a", "title": "A"})
FILE = """
sources:
  - topic: products
    format: debezium
    mapping:
      product_id: sku
      title: name
  - topic: prices
    format: debezium
    mapping:
      product_id: sku
      price: {column: amount, scale: 2}
      currency: {value: EUR}
"""


def test_the_file_says_what_the_records_of_a_topic_are() -> None:
    found = read_sources(FILE, "sources.yaml")
    assert [(source.topic, source.format) for source in found.sources] == [
        ("products", "debezium"),
        ("prices", "debezium"),
    ]
    mapping = found.sources[1].mapping or {}
    assert (mapping["price"].column, mapping["price"].scale, mapping["currency"].value) == ("amount", 2, "EUR")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sources: [", "is no YAML"),
        ("sources: [{topic: items}]", "sources.0.topic"),
        ("sources: [{topic: products, format: csv}]", "csv is one of files"),
        ("sources: [{topic: products, colour: red}]", "sources.0.colour: there is no such key"),
        ("sources: [{topic: products}, {topic: products}]", "products stands there twice"),
        ("sources: [{topic: products, encoding: confluent}]", "registry: is missing"),
        ("sources: []\nregistry: 'localhost:8081'", "registry: is no URL of http or https"),
        ("sources: []\nregistry: 'http://user:secret@'", "registry: is no URL of http or https"),
        ("sources: []\nregistry: 'http://host:port'", "registry: is no URL of http or https"),
        ("sources: [{topic: products, replica_identity: full}]", "replica_identity: freshline has none"),
        ("sources: [{topic: products, format: woocommerce, items: sku}]", "items: woocommerce has none"),
        ("sources: [{topic: products, format: magento, location_id: 5}]", "location_id: magento has none"),
        ("sources: [{topic: products, format: debezium, mapping: {product_id: a, name: b}}]", "name: is no field of"),
        ("sources: [{topic: products, format: debezium, mapping: {product_id: a}}]", "title: is missing"),
        ("sources: [{topic: products, format: debezium, mapping: {version: a}}]", "version: comes from the position"),
        ("sources: [{topic: products, format: shopify, mapping: {product_id: a}}]", "mapping: shopify has none"),
        ("sources: [{topic: prices, format: shopify}]", "send them to products"),
        (
            "sources: [{topic: prices, format: debezium, mapping: {product_id: {scale: 2}}}]",
            "either a column or a value",
        ),
        ("null", "sources: is missing"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_field(text: str, reason: str) -> None:
    with pytest.raises(Misconfigured, match=f"FRESHLINE_SOURCES: s.yaml.*({reason})"):
        read_sources(text, "s.yaml")


def test_every_configuration_of_the_page_on_sources_can_be_used() -> None:
    page = (Path(__file__).parents[4] / "docs" / "sources.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        Sources(read_sources(block, "sources.md").sources)


def test_a_platform_that_tells_no_currency_needs_one() -> None:
    with pytest.raises(Misconfigured, match="FRESHLINE_SHOP_CURRENCY"):
        Sources([Source(topic="products", format="shopify")])
    Sources([Source(topic="products", format="shopify", currency="EUR")])
    Sources([Source(topic="products", format="shopify")], "EUR")


def test_a_topic_without_a_source_takes_our_events_as_before() -> None:
    [decoded] = Sources().decode("products", b"a", PLAIN, [], TIMES)
    assert (decoded.event.product_id, decoded.value) == ("a", PLAIN)
    with pytest.raises(InvalidEvent, match="differs from the key"):
        Sources().decode("products", b"b", PLAIN, [], TIMES)


def test_an_event_in_our_form_is_taken_in_any_topic_if_its_header_says_so() -> None:
    sources = Sources([Source(topic="products", format="debezium")])
    [decoded] = sources.decode("products", b"a", PLAIN, [(FORMAT_HEADER, OWN_FORMAT)], TIMES)
    assert decoded.event.product_id == "a"
    with pytest.raises(InvalidEvent, match="no Debezium envelope"):
        sources.decode("products", b"a", PLAIN, [], TIMES)


def test_the_value_of_a_decoded_event_is_the_event_itself_in_our_form() -> None:
    """The value is what a worker forwards to the partition of the item."""
    sources = Sources([Source(topic="products", format="woocommerce", currency="EUR")])
    body = orjson.dumps({"id": 5, "name": "Rug", "status": "publish", "price": "9.00", "regular_price": "9.00"})
    decoded = sources.decode("products", None, body, [], Times(ARRIVED_MS, 1_794_000_000_000))
    assert [each.event.topic for each in decoded] == ["products", "prices"]
    for each in decoded:
        key, time = each.event.product_id.encode(), Times(ARRIVED_MS + 5, 1_794_000_000_000)
        [again] = sources.decode(each.event.topic, key, each.value, [(FORMAT_HEADER, OWN_FORMAT)], time)
        assert again.event == each.event


ENVELOPE: dict[str, Any] = {"before": None, "after": {"id": 1}, "source": {"lsn": 1}, "op": "c"}


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (orjson.dumps(ENVELOPE), "a Debezium envelope: configure `format: debezium`"),
        (orjson.dumps({"schema": {}, "payload": ENVELOPE}), "a Debezium envelope"),
        (b'{"schema":null,"payload":null}', "a null record of Kafka Connect's JSON converter"),
        (orjson.dumps({"id": 1, "__deleted": "false"}), "format: debezium-unwrapped"),
        (
            orjson.dumps({"id": "1", "source": "/", "specversion": "1.0", "type": "t", "data": {}}),
            "envelope: cloudevents",
        ),
        (orjson.dumps({"id": 1, "title": "x", "variants": []}), "format: shopify"),
        (orjson.dumps({"id": 1, "name": "x", "regular_price": "1"}), "format: woocommerce"),
        (orjson.dumps({"sku": "1", "name": "x", "custom_attributes": []}), "format: magento"),
        (orjson.dumps({"g:id": "1", "g:title": "x", "g:price": "1 EUR"}), "format: google-merchant"),
        (b"\x00\x00\x00\x00\x07\x02a", "encoding: confluent"),
        (b"\x1f\x8b\x08\x00", "this is gzip: unpack it"),
        ("\ufeff{}".encode("utf-16"), "this is UTF-16"),
        (b"<?xml version='1.0'?><rss/>", "this is XML"),
        (b"PK\x03\x04", "a zip archive or a spreadsheet"),
    ],
)
def test_a_shape_that_is_recognised_is_refused_by_its_name(value: bytes, named: str) -> None:
    with pytest.raises(InvalidEvent, match=named):
        Sources().decode("products", None, value, [], TIMES)


SHAPES: dict[str, tuple[dict[str, Any], str]] = {
    "debezium": (ENVELOPE, "a Debezium envelope"),
    "debezium-unwrapped": ({"id": 1, "__op": "c", "__deleted": "false"}, "a Debezium row"),
    "shopify": ({"id": 1, "title": "x", "variants": [{"id": 2, "price": "1"}]}, "a Shopify webhook"),
    "woocommerce": ({"id": 1, "name": "x", "status": "publish", "regular_price": "1"}, "a WooCommerce product"),
    "magento": ({"id": 1, "sku": "1", "name": "x", "price": 5, "status": 1, "type_id": "simple"}, "a Magento product"),
    "google-merchant": ({"id": "1", "title": "x", "price": "1 EUR"}, "a row of a Google Merchant feed"),
    "cloudevents": ({"id": "1", "source": "/", "specversion": "1.0", "type": "t", "data": {}}, "a CloudEvent"),
}
CONFIGURED: list[dict[str, Any]] = [
    *({"format": name} for name in SHAPES if name != "cloudevents"),
    {"format": "freshline"},
    {"envelope": "cloudevents"},
]


@pytest.mark.parametrize("source", CONFIGURED, ids=str)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_refused_by_its_name_where_another_is_configured(source: dict[str, Any], shape: str) -> None:
    """Magento's status 1 would be one that WooCommerce hides: it would delete a product."""
    if shape in source.values():
        return
    body, name = SHAPES[shape]
    configured = Source(topic="products", **source)
    with pytest.raises(InvalidEvent, match=rf"^this is {name}.*: configure .*{shape}"):
        Sources([configured], "EUR").decode("products", None, orjson.dumps(body), [], TIMES)
    with pytest.raises(InvalidEvent, match=rf"^this is {name}.*: configure .*{shape}"):
        [value] = FileFormat(configured, "EUR").values(orjson.dumps(body))
        own_event(value.topic, value.value, ARRIVED_MS)


def test_what_is_in_a_cloud_event_is_named_too() -> None:
    row: dict[str, Any] = {"data": {"before": None, "after": {"product_id": "a"}}, "iodebeziumop": "c"}
    for body, name in (
        (SHAPES["cloudevents"][0] | row, "envelope: cloudevents` and `format: debezium"),
        (SHAPES["cloudevents"][0] | {"data": SHAPES["shopify"][0]}, "format: shopify"),
    ):
        with pytest.raises(InvalidEvent, match=name):
            cloud_events = Sources([Source(topic="products", envelope="cloudevents")])
            cloud_events.decode("products", None, orjson.dumps(body), [], TIMES)


def test_a_delete_in_a_cloud_event_of_debezium_is_refused_for_what_it_lacks_and_not_for_its_shape() -> None:
    envelope = {"before": {"id": 7, "sku": ""}, "after": None}
    row: dict[str, Any] = {"data": {"schema": {}, "payload": envelope}, "iodebeziumop": "d"}
    mapping = columns(product_id="sku", review_id="id")
    source = Source(topic="reviews", format="debezium", envelope="cloudevents", mapping=mapping)
    with pytest.raises(InvalidEvent, match=r"^product_id: the delete does not say which.*REPLICA IDENTITY FULL"):
        Sources([source]).decode("reviews", None, orjson.dumps(SHAPES["cloudevents"][0] | row), [], TIMES)


def test_a_table_whose_columns_are_named_as_those_of_a_feed_is_one_of_debezium() -> None:
    mapping = columns(product_id="id", title="title", attributes__price="price")
    sources = Sources([Source(topic="products", format="debezium-unwrapped", mapping=mapping)])
    [decoded] = sources.decode("products", None, orjson.dumps({"id": 1, "title": "x", "price": 5}), [], TIMES)
    assert decoded.event.product_id == "1"


NULL_RECORDS: list[dict[str, Any]] = [
    {"topic": "products", "envelope": "cloudevents"},
    {"topic": "products", "format": "debezium-unwrapped"},
    {"topic": "products", "format": "debezium-unwrapped", "mapping": {"product_id": "product_id", "title": "name"}},
]


@pytest.mark.parametrize("source", NULL_RECORDS)
@pytest.mark.parametrize(
    "key",
    [
        b"77",
        b" 77 ",
        b'"77"',
        b'{"product_id": "77"}',
        b'{"product_id": 77}',
        b"Struct{product_id=77}",
        b'{"schema": {"type": "string"}, "payload": "77"}',
        b'{"schema": {"type": "int64"}, "payload": 77}',
        b'{"schema": {"type": "struct"}, "payload": {"product_id": "77"}}',
    ],
)
def test_a_null_record_of_a_source_deletes_the_product_that_its_key_names(source: dict[str, Any], key: bytes) -> None:
    [decoded] = Sources([Source(**source)]).decode("products", key, None, [], TIMES)
    assert (decoded.event.product_id, decoded.event.op) == ("77", "delete")


@pytest.mark.parametrize("source", [None, *NULL_RECORDS])
@pytest.mark.parametrize(
    "key",
    [
        b'{"id": 77}',
        b'\xef\xbb\xbf{"product": 77}',
        b"[77]",
        b"Struct{id=77}",
        b"{id=77}",
        b"<id>77</id>",
        b"\0\0\0\0\7\00477",
        b"\xff\xfe7",
        b'{"schema": {"type": "struct"}, "payload": {"id": 77}}',
        b'{"product_id": null}',
        b'{"product_id": 6.4e+17}',
    ],
)
def test_no_null_record_deletes_a_product_that_nobody_named(source: dict[str, Any] | None, key: bytes) -> None:
    """The delete would hide an item that is named like the key, and leave the product that was meant."""
    sources = Sources([] if source is None else [Source(**source)])
    with pytest.raises(InvalidEvent, match=r"key|product_id"):
        sources.decode("products", key, None, [], TIMES)


def test_a_record_whose_parts_have_the_wrong_type_is_invalid_and_no_bug() -> None:
    sources = Sources([Source(topic="products", format="shopify", currency="EUR")])
    body = orjson.dumps({"id": 1, "title": "x", "variants": [5]})
    with pytest.raises(InvalidEvent, match=r"variants\.0: must be an object, not a number"):
        sources.decode("products", None, body, [], TIMES)


OF_A_ROW: dict[str, Any] = {"before": None, "after": {"product_id": "a"}, "op": "c", "source": {}}
OF_DEBEZIUM: dict[str, Any] = {"iodebeziumop": "c", "data": OF_A_ROW}


@pytest.mark.parametrize(
    ("inside", "given_format"),
    [(OF_DEBEZIUM, "debezium"), ({"data": {"id": 1, "title": "x", "variants": []}}, "shopify")],
)
def test_what_is_in_a_cloud_event_is_named_with_both_keys_and_the_option_that_reads_them(
    inside: dict[str, Any], given_format: str
) -> None:
    attributes: dict[str, Any] = {"id": "1", "source": "/s", "specversion": "1.0", "type": "t"}
    body = attributes | inside
    in_envelope = Source(topic="products", envelope="cloudevents")
    alone = Source.model_validate({"topic": "products", "format": given_format, "currency": "EUR"})
    found = [other_shape(message("products", body), source) or "" for source in (in_envelope, alone)]
    assert f"configure `envelope: cloudevents` and `format: {given_format}`" in found[0]
    assert found[0].endswith("and give `--format cloudevents` to the command")
    assert all("--format cloudevents" in sentence for sentence in found)


FORMATS: list[dict[str, Any]] = [
    {"topic": "products", "format": "shopify"},
    {"topic": "products", "format": "shopify", "items": "product"},
    {"topic": "products", "format": "woocommerce"},
    {"topic": "products", "format": "magento"},
    {"topic": "products", "format": "google-merchant"},
    {"topic": "prices", "format": "debezium"},
    {"topic": "reviews", "format": "debezium-unwrapped"},
    {"topic": "products", "envelope": "cloudevents"},
]
NAMES = st.sampled_from(
    [
        "id",
        "sku",
        "title",
        "name",
        "variants",
        "price",
        "status",
        "op",
        "source",
        "after",
        "before",
        "payload",
        "schema",
        "images",
        "options",
        "custom_attributes",
        "sale_price",
        "sale_price_effective_date",
        "__deleted",
        "data",
        "specversion",
        "type",
        "lsn",
        "attributes",
        "categories",
        "regular_price",
        "fields",
        "field",
        "scale",
        "value",
        "product_id",
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=8), max_leaves=25
)


@given(st.sampled_from(FORMATS), JSON, st.none() | st.binary(max_size=20))
def test_whatever_comes_is_events_or_an_invalid_event(source: dict[str, Any], body: object, key: bytes | None) -> None:
    try:
        value = orjson.dumps(body)
    except TypeError:
        return
    try:
        Sources([Source(**source)], "EUR").decode(source["topic"], key, value, [], TIMES)
    except InvalidEvent as error:
        assert str(error)
