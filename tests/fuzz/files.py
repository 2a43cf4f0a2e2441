"""Files and framed records as nobody would send them: with pieces cut out, doubled or replaced."""

from __future__ import annotations

import gzip
from io import BytesIO
from typing import TYPE_CHECKING

import orjson
from hypothesis import strategies as st

from schemas.errors import InvalidEvent, WrongUsage
from tests.fuzz.path import check
from tests.fuzz.records import NOW_MS
from workers.sources.confluent import registered_schema
from workers.sources.file_events import FileFormat
from workers.sources.files import rows
from workers.sources.formats import Source
from workers.sources.sources import Sources, Times, own_event

if TYPE_CHECKING:
    from schemas.events import Event

OWN = [{"product_id": "a", "title": "Oak lamp", "price": 2.5}, {"product_id": "b", "title": {"en": "Cup"}}]
TABLE = 'product_id,title,attributes.size,category,version\na,"Oak, ""old"" lamp",L,Food > Tea,7\nb,Cup,,,\n'
MERCHANT = "id\ttitle\tprice\tsale_price\tavailability\na\tOak lamp\t5.00 EUR\t4 EUR\tin stock\nb\tCup\t\t\t\n"
XML = (
    '<?xml version="1.0" encoding="utf-8"?><rss xmlns:g="http://base.google.com/ns/1.0"><channel><item><g:id>a</g:id>'
    "<title>Oak &amp; lamp</title><g:price>5 EUR</g:price></item><item><g:id>b</g:id></item></channel></rss>"
)
PAGE = {"products": [{"id": 1, "title": "x", "variants": [{"id": 2, "price": "1.00"}]}], "next": None}
SOUND = [
    (b"\n".join(map(orjson.dumps, OWN)), "freshline"),
    (orjson.dumps(OWN), "freshline"),
    (orjson.dumps(OWN, option=orjson.OPT_INDENT_2), "freshline"),
    (gzip.compress(orjson.dumps(OWN)), "freshline"),
    (orjson.dumps(PAGE) * 2, "shopify"),
    (TABLE.encode(), "csv"),
    (MERCHANT.encode(), "google-merchant"),
    (XML.encode(), "google-merchant"),
    (XML.encode("utf-16"), "google-merchant"),
]
"""Files that can be read, and the formats that they have."""
FORMATS = ("freshline", "csv", "google-merchant", "shopify", "woocommerce", "magento", "debezium-unwrapped")
AVRO = {
    "type": "record",
    "name": "Row",
    "fields": [
        {"name": "product_id", "type": "string"},
        {"name": "title", "type": ["null", "string"]},
        {"name": "tags", "type": {"type": "map", "values": "double"}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "size", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
    ],
}
FRAME = b"\0\0\0\0\7"
ROW = b"\2a\2\x10Oak lamp\0\0\2\7"


@st.composite
def spliced(draw: st.DrawFn, sound: st.SearchStrategy[bytes]) -> bytes:
    """Return sound bytes with up to three pieces cut out, doubled or replaced."""
    content = draw(sound)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(content)))
        end = start + draw(st.integers(0, 12))
        put = draw(st.sampled_from([b"", content[start:end] * 2]) | st.binary(max_size=6))
        content = content[:start] + put + content[end:]
    return content


files = st.sampled_from(SOUND).flatmap(
    lambda sound: st.tuples(spliced(st.just(sound[0])), st.just(sound[1]) | st.sampled_from(FORMATS))
)
framed = spliced(st.just(FRAME + ROW))


def check_file(file: tuple[bytes, str]) -> int:
    """Take what a file says along the whole path, and return how many events it has.

    Raises what is neither a refusal of the file nor of a row.
    """
    content, name = file
    kind = FileFormat(Source.model_validate({"topic": "products", "format": name}), "EUR")
    found: list[Event] = []
    try:
        for row in rows(BytesIO(content), takes_text=kind.takes_text):
            if isinstance(row.value, InvalidEvent):
                continue
            try:
                found += [own_event(each.topic, each.value, NOW_MS) for each in kind.values(row.value)]
            except InvalidEvent as error:
                assert str(error)
    except WrongUsage as error:
        assert str(error)
    _check_items(found)
    return len(found)


def check_framed(value: bytes) -> int:
    """Take a record with a schema along the whole path, and return how many events it is. Raises what is no refusal."""
    sources = Sources([Source(topic="products", encoding="confluent")])
    sources.schemas.add(7, registered_schema("AVRO", [orjson.dumps(AVRO).decode()]))
    try:
        decoded = sources.decode("products", value, value, [], Times(NOW_MS, None))
    except InvalidEvent as error:
        assert str(error)
        return 0
    _check_items([each.event for each in decoded])
    return len(decoded)


def _check_items(events: list[Event]) -> None:
    for product_id in {event.product_id for event in events}:
        check(product_id, [event for event in events if event.product_id == product_id])
