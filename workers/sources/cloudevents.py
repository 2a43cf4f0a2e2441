"""CloudEvents 1.0 over Kafka, binary and structured: the message inside, with the attributes as headers.

The rules are those of the specification's Kafka protocol binding and JSON format. Debezium's own CloudEvents break two
of them, with a capital letter in a name and with null attributes, and are read all the same.
"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

import orjson

from schemas.errors import InvalidEvent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.sources.messages import Message

PREFIX = "ce_"
STRUCTURED = "application/cloudevents+json"
REQUIRED = ("id", "source", "specversion", "type")
CONTENT_TYPE = "content-type"


def is_binary(headers: Mapping[str, str]) -> bool:
    """Return whether the headers are those of a CloudEvent in binary mode."""
    return f"{PREFIX}specversion" in headers


def is_structured(body: Any) -> bool:
    """Return whether JSON is a CloudEvent in structured mode."""
    return isinstance(body, dict) and all(name in body for name in REQUIRED)


def opened(message: Message) -> Message:
    """Return the message in a CloudEvent. A record without a value is a message without a body. Raises InvalidEvent."""
    if is_binary(message.headers):
        attributes = {
            name.removeprefix(PREFIX): value for name, value in message.headers.items() if name.startswith(PREFIX)
        }
        _check(attributes, message.headers.get(CONTENT_TYPE))
        return message._replace(headers={**message.headers, **attributes})
    if message.body is None:
        return message
    if not is_structured(message.body):
        raise InvalidEvent(
            "the record is no CloudEvent: it has neither headers that begin with ce_ nor id, source, specversion, type"
        )
    given = {name.lower(): value for name, value in message.body.items() if value is not None}
    attributes = {name: value for name, value in given.items() if name not in ("data", "data_base64")}
    _check(attributes, attributes.get("datacontenttype"))
    return message._replace(body=_inside(given), headers={**message.headers, **attributes})


def _check(attributes: Mapping[str, Any], content_type: str | None) -> None:
    for name in REQUIRED:
        if not isinstance(attributes.get(name), str) or not attributes[name]:
            raise InvalidEvent(f"{name}: is missing in the CloudEvent: its source must send it")
    if attributes["specversion"] != "1.0":
        raise InvalidEvent(f"specversion: is {attributes['specversion'][:20]!r}: send CloudEvents 1.0")
    kind = (content_type or "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise InvalidEvent(f"the CloudEvent contains {kind[:60]}: send JSON")


def _inside(given: Mapping[str, Any]) -> Any:
    if "data_base64" not in given:
        return given.get("data")
    try:
        return orjson.loads(b64decode(given["data_base64"], validate=True))
    except ValueError:
        raise InvalidEvent("data_base64: is no base64 of JSON: send JSON in data") from None
