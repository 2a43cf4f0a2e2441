"""Shapes of bytes that are not our events, by name: a refusal then says what was sent and what to configure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from workers.sources.cloudevents import is_binary, is_structured
from workers.sources.google_merchant import is_of_content_api
from workers.sources.shopify import is_of_graphql

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.sources.formats import Source
    from workers.sources.messages import Message

IMAGES = {"before", "after"}
"""The fields of a Debezium envelope with the row before and after its change."""
LEVEL = {"inventory_item_id", "available"}
"""The fields of a Shopify webhook on the stock of an item."""
CONFLUENT_HEADER_BYTES = 5
"""A nought and the id of a schema in four bytes."""
CONFIGURE = "configure {} for the topic in FRESHLINE_SOURCES"
_BEGINNINGS = (
    (b"\x1f\x8b", "gzip", "unpack it"),
    (b"PK\x03\x04", "a zip archive or a spreadsheet", "unpack it, or save the sheet as CSV"),
    (b"\xff\xfe", "UTF-16", "encode it as UTF-8"),
    (b"\xfe\xff", "UTF-16", "encode it as UTF-8"),
    (b"Obj\x01", "an Avro container file", "send each of its records"),
    (b"PAR1", "a Parquet file", "send each of its rows as JSON"),
    (b"<", "XML", "if it is a Google Merchant feed, give `--format google-merchant` to the command"),
)


class JsonShape(NamedTuple):
    """A shape of JSON, and what to configure for it."""

    name: str
    """The name with its article."""
    format: str | None
    envelope: str | None = None

    @property
    def sentence(self) -> str:
        """The kind of the record, and what to do about it, as a sentence."""
        lines = (("envelope", self.envelope), ("format", self.format))
        configured = " and ".join(f"`{name}: {value}`" for name, value in lines if value is not None)
        option = f"`--format {self.envelope or self.format}` to the command"
        if self.format and self.envelope:  # A command takes what is in the envelope from the file of sources.
            return f"this is {self.name}: {CONFIGURE.format(configured)}, and give {option}"
        return f"this is {self.name}: {CONFIGURE.format(configured)}, or give {option}"

    def is_as_in(self, source: Source) -> bool:
        """Return whether the source has this envelope, and this format where the shape has one."""
        return self.envelope in (None, source.envelope) and self.format in (None, source.format)


def recognised(value: bytes | None, headers: Mapping[str, str]) -> str | None:
    """Return a sentence that names the shape of a record and what to do about it; None for a shape without a name."""
    if is_binary(headers):
        return f"this is a CloudEvent in binary mode: {CONFIGURE.format('`envelope: cloudevents`')}"
    if not value:
        return None
    for beginning, name, todo in _BEGINNINGS:
        if value.startswith(beginning):
            return f"this is {name}: {todo}"
    if value[0] == 0 and len(value) > CONFLUENT_HEADER_BYTES:
        return f"this is framed for a schema registry: {CONFIGURE.format('`encoding: confluent`')}"
    try:
        body = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    found = shape_of_json(body)
    return None if found is None else found.sentence


def other_shape(message: Message, source: Source) -> str | None:
    """Return a sentence that names the shape of a record if it is another than the one that is configured."""
    if source.envelope is None and is_binary(message.headers):
        return recognised(None, message.headers)
    body = message.body
    found = shape_of_json(body)
    if found is not None and found.is_as_in(source) and is_structured(body):
        inner = shape_of_json(body.get("data"))
        found = inner if inner is None else inner._replace(envelope=source.envelope)
    return None if found is None or found.is_as_in(source) else found.sentence


def shape_of_json(body: Any) -> JsonShape | None:
    """Return the shape of JSON that is not ours; None if it has no name."""
    if not isinstance(body, dict):
        return None
    if is_structured(body):
        if "iodebeziumop" in body:
            return JsonShape("a CloudEvent of Debezium", "debezium", "cloudevents")
        return JsonShape("a CloudEvent", None, "cloudevents")
    payload = body.get("payload") if body.keys() == {"schema", "payload"} else body
    if payload is None:
        return JsonShape("a null record of Kafka Connect's JSON converter", "debezium-unwrapped")
    if not isinstance(payload, dict):
        return None
    names = payload.keys()
    if names >= IMAGES or (names >= {"op", "source"} and names & IMAGES):  # A CloudEvent has op and source elsewhere.
        return JsonShape("a Debezium envelope", "debezium")
    if payload is not body or "__deleted" in body or "__op" in body:
        return JsonShape("a Debezium row after ExtractNewRecordState", "debezium-unwrapped")
    return _shop(body)


def format_of(row: bytes | dict[str, Any]) -> str:
    """Return the format, or `cloudevents`, that a row of a file has by its looks; `freshline` if it has no other."""
    if isinstance(row, dict):
        return "csv" if "product_id" in row or not {"id", "g:id"} & row.keys() else "google-merchant"
    try:
        found = shape_of_json(orjson.loads(row))
    except orjson.JSONDecodeError:
        return "freshline"
    return "freshline" if found is None else found.envelope or found.format or "freshline"


def _shop(body: dict[str, Any]) -> JsonShape | None:
    if body.keys() == {"product"} and isinstance(body["product"], dict):
        body = body["product"]  # So the APIs of Shopify and Magento send and take one.
    names = body.keys()
    if ({"id", "title"} <= names and isinstance(body.get("variants"), list)) or names >= LEVEL:
        return JsonShape("a Shopify webhook", "shopify")
    if is_of_graphql(body):
        return JsonShape("a record of Shopify", "shopify")
    if {"id", "name"} <= names and names & {"regular_price", "stock_status", "catalog_visibility", "permalink"}:
        return JsonShape("a WooCommerce product", "woocommerce")
    if "sku" in names and names & {"custom_attributes", "extension_attributes", "attribute_set_id", "type_id"}:
        return JsonShape("a Magento product", "magento")
    if is_of_content_api(body):
        return JsonShape("a product of Google's Content API or Merchant API", "google-merchant")
    if {"id", "title"} <= {name.removeprefix("g:") for name in names} and names & {"g:price", "price", "g:id"}:
        return JsonShape("a row of a Google Merchant feed", "google-merchant")
    return None
