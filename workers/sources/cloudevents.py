"""CloudEvents 1.0 over Kafka, binary and structured: the message inside, with the attributes as headers.

The rules are those of the specification's Kafka protocol binding and JSON format. Debezium's own CloudEvents break two
of them, with a capital letter in a name and with null attributes, and are read all the same.
"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

import orjson

from schemas.errors import InvalidEvent
from workers.sources.messages import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "ce_"
REQUIRED = ("id", "source", "specversion", "type")
_REQUIRED = frozenset(REQUIRED)
CONTENT_TYPE = "content-type"


def is_binary(headers: Mapping[str, str]) -> bool:
    """Return whether the headers are those of a CloudEvent in binary mode."""
    return f"{PREFIX}specversion" in headers


def is_structured(body: Any) -> bool:
    """Return whether JSON is a CloudEvent in structured mode."""
    return isinstance(body, dict) and body.keys() >= _REQUIRED


def opened(message: Message, *, is_decoded: bool = False) -> Message:
    """Return the message in a CloudEvent. A record without a value is a message without a body. Raises InvalidEvent.

    `is_decoded`: the body was read by a schema of a registry, whatever content type its bytes had.
    """
    if is_binary(message.headers):
        attributes = {
            name.removeprefix(PREFIX): value for name, value in message.headers.items() if name.startswith(PREFIX)
        }
        _check(attributes, None if is_decoded else message.headers.get(CONTENT_TYPE))
        return message._replace(headers={**message.headers, **attributes})
    if message.body is None:
        return message
    if not is_structured(message.body):
        raise InvalidEvent(
            "the record is no CloudEvent: it has neither headers that begin with ce_ nor id, source, specversion, type"
        )
    attributes = dict(message.body)
    body, encoded = attributes.pop("data", None), attributes.pop("data_base64", None)
    _check(attributes, attributes.get("datacontenttype"))
    if encoded is not None:
        body = _decoded(encoded)
    if body is None:  # A record without a value deletes; an event that only says that something happened does not.
        raise InvalidEvent("data: is missing in the CloudEvent: its source must send it, and op delete to delete")
    headers = {**message.headers, **attributes} if message.headers else attributes
    return Message(message.topic, message.key, body, headers)


def _check(attributes: Mapping[str, Any], content_type: Any) -> None:
    for name in REQUIRED:
        if not _text(name, attributes.get(name)):
            raise InvalidEvent(f"{name}: is missing in the CloudEvent: its source must send it")
    if attributes["specversion"] != "1.0":
        raise InvalidEvent(f"specversion: is {attributes['specversion'][:20]!r}: send CloudEvents 1.0")
    if content_type == "application/json" or not (kind := _text("datacontenttype", content_type)):
        return
    kind = kind.partition(";")[0].strip().lower()
    subtype = kind.rpartition("/")[2]  # The JSON format of the specification, section 3.1: whatever the type is.
    if subtype != "json" and not subtype.endswith("+json"):
        raise InvalidEvent(f"the CloudEvent contains {kind[:60]}: send JSON")


def _text(name: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise InvalidEvent(f"{name}: is {value!r:.20} in the CloudEvent, which is no text: its source must send a text")
    return value


def _decoded(encoded: Any) -> Any:
    try:
        return orjson.loads(b64decode(_text("data_base64", encoded) or "", validate=True))
    except ValueError:
        raise InvalidEvent("data_base64: is no base64 of JSON: send JSON in data") from None
