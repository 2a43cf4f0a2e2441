"""Decodes records: in topics with a configured source by its adapter, in all others as events in our own form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from schemas.errors import InvalidEvent
from schemas.events import Event, parse
from workers.sources.cloudevents import opened
from workers.sources.confluent import KnownSchemas
from workers.sources.connect_schema import read_json
from workers.sources.formats import WITH_PRICES
from workers.sources.messages import MISSHAPEN, Message, text_headers
from workers.sources.shapes import other_shape, recognised

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.sources.formats import Source
    from workers.sources.messages import Adapter

FORMAT_HEADER = "freshline-format"
"""Header of a record that is in our own form, whatever the configured format of its topic is."""
OWN_FORMAT = b"freshline"
IN_OWN_FORMAT = ((FORMAT_HEADER, OWN_FORMAT),)
"""The headers of a record that a command or a worker made from another form."""
SCHEMA_HEADER = "__value_schema_id"
"""Header with the id of the schema, which Confluent's serializers write instead of the frame if they are told to."""
EVENTS_MAX = 4_096
"""The most events of one record: a product of Shopify has up to 2,048 variants, each an item and a price."""


class Times(NamedTuple):
    """The times of a record."""

    arrived_at_ms: int
    """The time of its arrival."""
    event_time_ms: int | None
    """The time that it gives for itself; None: the arrival counts."""


class Value(NamedTuple):
    """An event in our own form, not parsed yet."""

    topic: str
    value: bytes
    hides: bool
    """True if the event hides a product or removes an offer. Full feeds leave such events out."""


class Decoded(NamedTuple):
    """An event, and the same event as the value of a record in our own form."""

    event: Event
    value: bytes | None


class Sources:
    """The configured sources by topic. Decoding does no I/O: a schema that is missing is fetched by its caller."""

    def __init__(self, sources: Sequence[Source] = (), shop_currency: str | None = None) -> None:
        """Raises Misconfigured if a source lacks something."""
        self.schemas = KnownSchemas()
        """The schemas of a registry that were fetched so far."""
        self._by_topic: Mapping[str, tuple[Source, Adapter]] = {
            source.topic: (source, source.adapter(shop_currency)) for source in sources
        }

    def configured(self, topic: str) -> Source | None:
        """Return the source of a topic; None for one whose events are in our own form."""
        found = self._by_topic.get(topic)
        return None if found is None else found[0]

    def decode(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
        times: Times,
    ) -> list[Decoded]:
        """Return the events of a record: one, or none or several where its topic has a source.

        Raises InvalidEvent, which names the shape if it is one that could be configured. One invalid event refuses the
        whole record. The schemas of the record must have been fetched.
        """
        configured = self._by_topic.get(topic)
        if configured is None or IN_OWN_FORMAT[0] in headers:
            return [Decoded(_own_event(topic, key, value, headers, times), value)]
        source, adapt = configured
        if source.encoding == "confluent":
            message = Message(topic, self._key(key), self._body(value, headers), text_headers(headers))
        else:
            message = Message(topic, key, json_of(value), text_headers(headers))
        try:
            found = values(message, source, adapt)
            return [Decoded(_parsed(each.topic, None, each.value, times), each.value) for each in found]
        except InvalidEvent as error:
            raise by_its_name(error, message, source) from None

    def missing_schemas(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]
    ) -> list[int]:
        """Return the ids of the schemas that must be added to `schemas` before the record can be decoded."""
        configured = self._by_topic.get(topic)
        if configured is None or configured[0].encoding != "confluent" or IN_OWN_FORMAT[0] in headers:
            return []
        found = {self.schemas.missing(each) for each in (key, value)}
        return sorted(each for each in found if each is not None)

    def _body(self, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]) -> Any:
        if value and value[0] != 0 and any(name == SCHEMA_HEADER for name, _ in headers):
            raise InvalidEvent(
                f"the id of its schema is in the header {SCHEMA_HEADER}: let the producer's serializer put it before "
                "the value"
            )
        return None if value is None else self.schemas.read(value)

    def _key(self, key: bytes | None) -> bytes | None:
        """Return a key that is framed too, or a number, as JSON, which adapters read; any other as it is.

        One that cannot be read refuses no record: only a delete needs its key, and says what it lacks.
        """
        if key is None or key[:1] != b"\0":
            return key
        try:
            return orjson.dumps(self.schemas.read_key(key))
        except InvalidEvent:
            return key


def _parsed(topic: str, key: bytes | None, value: bytes | None, times: Times) -> Event:
    return parse(topic, key, value, arrived_at_ms=times.arrived_at_ms, event_time_ms=times.event_time_ms)


def by_its_name(error: InvalidEvent, message: Message, source: Source) -> InvalidEvent:
    """Return the refusal that names the shape of a message if it is another than the configured one, else `error`."""
    shape = other_shape(message, source)
    return error if shape is None else InvalidEvent(shape)


def values(message: Message, source: Source, adapt: Adapter) -> list[Value]:
    """Return the events of a message of this source. Raises InvalidEvent.

    Platforms have fields of the same names: a record of one must not delete an item where another is configured.
    """
    time = None
    try:
        if source.envelope == "cloudevents":
            message = opened(message, is_decoded=source.encoding == "confluent")
            time = message.headers.get("time")
        if source.format in WITH_PRICES and (shape := other_shape(message, source)) is not None:
            raise InvalidEvent(shape)
        bodies = adapt(message)
    except RecursionError:
        raise InvalidEvent("the record is nested too deeply: flatten it") from None
    except MISSHAPEN as error:
        raise InvalidEvent(f"the record has not the shape of {source.format}: check the format of the topic") from error
    if len(bodies) > EVENTS_MAX:
        raise InvalidEvent(f"the record has {len(bodies)} events: at most {EVENTS_MAX} are allowed; split it")
    return [_value(*body, time) for body in bodies]


def _value(topic: str, fields: dict[str, Any], hides: bool, time: str | None) -> Value:
    if time is not None and fields.get("updated_at") is None:
        fields = fields | {"updated_at": time}
    try:
        return Value(topic, orjson.dumps(fields), hides or fields.get("op") == "delete")
    except TypeError:
        raise InvalidEvent(f"{_too_deep(fields)}: is nested too deeply: flatten it") from None


def _too_deep(fields: dict[str, Any]) -> str:
    """Return the field that is nested more deeply than JSON is written; an attribute with its name."""
    for name, value in fields.items():
        try:
            orjson.dumps(value)
        except TypeError:
            return f"{name}.{_too_deep(value)}" if name == "attributes" and isinstance(value, dict) else name
    return "the record"


def own_event(topic: str, value: bytes, now_ms: int) -> Event:
    """Return the event of a value that a command is to send now. Raises InvalidEvent, which names a known shape."""
    return _own_event(topic, None, value, (), Times(now_ms, None))


def _own_event(
    topic: str,
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[tuple[str, bytes | None]],
    times: Times,
) -> Event:
    try:
        return _parsed(topic, key, value, times)
    except InvalidEvent as error:
        shape = recognised(value, text_headers(headers))
        raise InvalidEvent(shape) if shape is not None else error from None


def json_of(value: bytes | None) -> Any:
    """Return the JSON of a record; None for a null record. Raises InvalidEvent, which names a shape that is known."""
    if value is None:
        return None
    try:
        return read_json(value)
    except orjson.JSONDecodeError:
        named = recognised(value, {})
        raise InvalidEvent(named or "the record is no JSON: check the format and encoding of the topic") from None
