"""Change events: strict parsing of records from their bytes into one normal form."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from schemas.errors import InvalidEvent
from schemas.event_errors import field_in_words, key_in_words, not_json
from schemas.event_models import CHANGES, Change, Op, PriceChange, ProductChange
from schemas.event_numbers import SECONDS_BELOW
from schemas.normal_form import normal_form
from schemas.row_marks import check_marks
from schemas.stamps import UNVERSIONED, Stamp
from schemas.texts import name_of
from schemas.times import rfc3339

EVENT_BYTES_MAX = 1024 * 1024
AHEAD_MS_MAX = 24 * 3600 * 1000
"""The most, in milliseconds, by which the `updated_at` of a change may lie after the arrival of its record."""
RECORD_AHEAD_MS_MAX = 5 * 60 * 1000
"""The most, in milliseconds, by which a record's own time may lie after its arrival: clocks of two machines differ so
much."""

ABOVE_EVERY_DIGEST = "~"
"""The first character of the digest of a delete, which no digest of another change has: at the same version and time a
delete wins. Changes that a program sends one after the other often have the same millisecond."""
_BEGINNINGS_OF_STRUCTURES = ("{", "[", '"', "<", "Struct{")
"""The first characters of keys that are JSON, XML, or the text of a Struct of Kafka Connect."""
FRAME_BYTES = 5
"""A nought and the id of a schema in four bytes, before a key or value that is framed for a schema registry."""
_IDENTITY = ("product_id", "seller", "review_id", "op", "updated_at", "version")
"""The fields of a delete that decide anything. No other field, whatever it holds, keeps the delete from its effect."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Event(NamedTuple):
    """A change in normal form."""

    topic: str
    product_id: str
    part: str | None
    """The seller of a price or the review_id of a review; None for a product."""
    op: Op
    stamp: Stamp
    facts: dict[str, Any]
    """The values that the change sets, keyed as in an Entity; None clears. They are empty for a delete."""


def parse(
    topic: str, key: bytes | None, value: bytes | None, *, arrived_at_ms: int, event_time_ms: int | None
) -> Event:
    """Return the event in a record of `products`, `prices` or `reviews`.

    `arrived_at_ms` is when the record arrived, `event_time_ms` the time that it gives for itself (its timestamp, or its
    header `freshline-event-time`), which counts where the body has no `updated_at`; None: the arrival counts. A null
    record of `products` is a delete. An absent key is accepted: the event is then in the partition that its producer
    chose. Raises InvalidEvent with a sentence that says what is wrong, in which field, and what to do.
    """
    if value is None:
        return _null_record(topic, key, _own_time(arrived_at_ms, event_time_ms))
    body = _decoded(value)
    if body.get("op") == "delete":
        body = {name: body[name] for name in _IDENTITY if name in body}
    change = _validated(topic, body)
    if key is not None and key != change.product_id.encode() and not _names(key, change.product_id):
        raise InvalidEvent(
            f"product_id: {change.product_id!r} differs from the key {key_in_words(key)}: make them equal"
        )
    updated_at_ms = change.updated_at
    if updated_at_ms is None:
        updated_at_ms = _own_time(arrived_at_ms, event_time_ms)
    elif updated_at_ms > arrived_at_ms + AHEAD_MS_MAX:
        raise InvalidEvent("updated_at: lies more than 24 hours after the record's arrival: correct the clock or unit")
    part, facts = normal_form(change)
    version = UNVERSIONED if change.version is None else change.version
    return _event(topic, change.product_id, part, change.op, version, updated_at_ms, facts)


def _own_time(arrived_at_ms: int, event_time_ms: int | None) -> int:
    """Return the time of a change whose body gives none. Raises InvalidEvent if no clock that is right gives it.

    A time in the future would win over every later change until it has passed, and a null record has no version with
    which one could win nevertheless.
    """
    if event_time_ms is None:
        return arrived_at_ms
    if event_time_ms > arrived_at_ms + RECORD_AHEAD_MS_MAX:
        reason = "lies more than 5 minutes after its arrival: correct the producer's clock or unit (milliseconds)"
    elif 0 <= event_time_ms < SECONDS_BELOW:
        reason = "looks like seconds: let its producer send milliseconds since the epoch"
    else:
        return event_time_ms
    raise InvalidEvent(
        f"the time of the record, {rfc3339(event_time_ms) or event_time_ms}, {reason}, or add updated_at"
    )


def _names(key: bytes, product_id: str) -> bool:
    """Return whether a key is another spelling of the product_id, with outer blanks or in another composition."""
    try:
        return name_of(key.decode()) == product_id
    except UnicodeDecodeError:
        return False


def plain_id(key: bytes | None) -> str:
    """Return the product_id that the key of a null record is. Raises InvalidEvent for a key that only contains one."""
    if key is not None and len(key) > FRAME_BYTES and key[0] == 0:
        raise InvalidEvent(
            "key: is framed for a schema registry: configure `encoding: confluent` for the topic in FRESHLINE_SOURCES, "
            "or send the product_id as plain text"
        )
    try:
        product_id = name_of((key or b"").decode())
    except UnicodeDecodeError:
        raise InvalidEvent("key: is not UTF-8: send the product_id") from None
    if _CONTROL.search(product_id):
        raise InvalidEvent(
            f"key: {key_in_words(key or b'')} is a number or a structure in bytes: send the product_id as plain text"
        )
    if product_id.startswith(_BEGINNINGS_OF_STRUCTURES):
        raise InvalidEvent(
            f"key: {key_in_words(key or b'')} is not the product_id alone: send it as plain text (a connector: the key "
            "converter StringConverter and the transform ExtractField$Key)"
        )
    return product_id


def _null_record(topic: str, key: bytes | None, updated_at_ms: int) -> Event:
    if topic != "products":
        raise InvalidEvent(f"the record is null, which only products allows: to withdraw from {topic} send op delete")
    change = _validated(topic, {"product_id": plain_id(key), "op": "delete"})
    return _event(topic, change.product_id, None, "delete", UNVERSIONED, updated_at_ms, {})


def _decoded(value: bytes) -> dict[str, Any]:
    if not value:
        raise InvalidEvent("the record is empty: send a JSON object")
    if len(value) > EVENT_BYTES_MAX:
        raise InvalidEvent(
            f"the record takes {len(value)} bytes: at most {EVENT_BYTES_MAX} are allowed; shorten its texts"
        )
    try:
        body = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise InvalidEvent(not_json(value, error)) from None
    if body is None:  # Serializers of JSON write a value that is absent so.
        raise InvalidEvent("the record is the null of JSON and no tombstone: send op delete, or no value at all")
    if not isinstance(body, dict):
        raise InvalidEvent("the record is JSON, but not an object: send one object a record")
    if b"\\u0000" in value and _NUL_ESCAPE.search(value):
        raise InvalidEvent("the record contains the character NUL: remove it")
    if body.get("op") != "delete":
        check_marks(body, value)
    said: dict[str, Any] = _without_blanks(body) if b'""' in value or b'" ' in value else body
    if said.get("op", "") is None:
        del said["op"]
    return said


def _without_blanks(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body with null for each text that shows nothing, and without such an `op`."""
    blank = [name for name, field in body.items() if _is_blank(name, field)]
    return {
        name: None if name in blank else field for name, field in body.items() if not (name in blank and name == "op")
    }


def _is_blank(name: str, field: Any) -> bool:
    """Return whether a field is a text that shows nothing, which stands for null; an id must not be so, and is told."""
    return isinstance(field, str) and not name.endswith("_id") and not name_of(field)


def _validated(topic: str, body: dict[str, Any]) -> Change:
    try:
        change = CHANGES[topic].model_validate(body)
    except ValidationError as error:
        # Blanks that JSON escapes, or that nobody sees, are rare: they are looked for where an event fails alone.
        if (bare := _without_blanks(body)) != body:
            return _validated(topic, bare)
        raise InvalidEvent(field_in_words(error)) from None
    if change.op == "upsert":
        _check_complete(change)
    return change


def _check_complete(change: Change) -> None:
    if isinstance(change, ProductChange):
        title = change.title
        if not (any(title.values()) if isinstance(title, dict) else title):
            raise InvalidEvent("title: is missing or empty: an upsert of a product needs it (or send op patch)")
    elif isinstance(change, PriceChange):
        if change.price is None or change.currency is None:
            field = "price" if change.price is None else "currency"
            raise InvalidEvent(f"{field}: is missing: an upsert of a price needs it (or send op patch or delete)")
    elif change.rating is None:
        raise InvalidEvent("rating: is missing: an upsert of a review needs it (or send op patch or delete)")


def _event(
    topic: str, product_id: str, part: str | None, op: Op, version: int, updated_at_ms: int, facts: dict[str, Any]
) -> Event:
    canonical = orjson.dumps([topic, product_id, part, op, version, updated_at_ms, facts], option=orjson.OPT_SORT_KEYS)
    digest = urlsafe_b64encode(sha256(canonical).digest()[:8])[:11].decode()
    if op == "delete":
        digest = ABOVE_EVERY_DIGEST + digest[1:]
    return Event(topic, product_id, part, op, Stamp(version, updated_at_ms, digest), facts)
