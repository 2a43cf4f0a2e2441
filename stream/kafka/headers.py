"""Headers of records that are no longer where they first came: dead letters, forwarded and replayed events."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, NamedTuple

from schemas.event_numbers import SECONDS_BELOW
from workers.sources.sources import FORMAT_HEADER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stream.kafka.send import Headers

PREFIX = "freshline-"
ORIGIN_HEADERS = tuple(f"{PREFIX}{name}" for name in ("topic", "partition", "offset", "timestamp"))
"""Headers with the origin of a record, in the order of Origin's fields. The timestamp is in milliseconds since the
epoch."""
TOPIC_ID = f"{PREFIX}topic-id"
"""Header of a replayed record: the broker's id of the topic of its origin. Offsets of another log mean nothing."""
COPY_OF = tuple(f"{PREFIX}copy-of{name}" for name in ("", "-partition", "-offset", "-timestamp"))
"""Headers of a replayed record, in the order of Origin's fields: the position of the record that it was copied from.

That record may be a copy itself.
"""
COPY_OF_TOPIC_ID = f"{PREFIX}copy-of-topic-id"
"""Header of a replayed record: the broker's id of the topic that it was copied from."""
EVENT_TIME = f"{PREFIX}event-time"
"""Header with the event's own time, in milliseconds since the epoch, for a replayed or forwarded event whose body
has no time."""
FIRST = f"{PREFIX}first"
"""Header of a replayed record's dead letter: "prices:3:17@TOPIC-ID", the event's position before its first replay."""
KEPT_HEADERS = (EVENT_TIME, FORMAT_HEADER)
"""Headers of Freshline's that a dead letter keeps, as the record means something else without them."""
REASON_BYTES_MAX = 2_000
DIGITS_MAX = 18
"""The most digits of a number in a header, so that it fits into 64 bits."""


class Origin(NamedTuple):
    """The position and time of a record. Dead letters are counted and resent by topic, partition and offset."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int


def dead_letter_topic(topic: str) -> str:
    """Return the name of the topic to which the dead letters of a topic go."""
    return f"{topic}.dlq"


def origin_headers(origin: Origin, names: Sequence[str] = ORIGIN_HEADERS) -> Headers:
    """Return headers that say where a forwarded, refused or copied record came from."""
    return [(name, str(value).encode()) for name, value in zip(names, origin, strict=True)]


def origin_of(headers: Iterable[tuple[str, bytes]]) -> Origin | None:
    """Return the origin that the headers give; None if they do not give a complete one."""
    return _origin(dict(headers), ORIGIN_HEADERS)


def _origin(given: Mapping[str, bytes], names: Sequence[str]) -> Origin | None:
    topic = given.get(names[0])
    partition, offset, timestamp_ms = (_number(given.get(name)) for name in names[1:])
    if not topic or partition is None or offset is None or timestamp_ms is None:
        return None
    return Origin(topic.decode(errors="replace"), partition, offset, timestamp_ms)


def replayed_origin(headers: Iterable[tuple[str, bytes]]) -> Origin | None:
    """Return the position of a replayed record before its first replay; None for any other record."""
    given = dict(headers)
    return origin_of(given.items()) if given.get(TOPIC_ID) else None


def origins_in(headers: Iterable[tuple[str, bytes]], topic_id: str) -> list[Origin]:
    """Return the positions in this topic of a replayed record before its first replay and before its last one."""
    given, sources = dict(headers), ((ORIGIN_HEADERS, TOPIC_ID), (COPY_OF, COPY_OF_TOPIC_ID))
    found = (_origin(given, names) for names, header in sources if given.get(header) == topic_id.encode())
    return [origin for origin in found if origin is not None]


def replayed_headers(headers: Iterable[tuple[str, bytes]], origin: Origin, topic_id: str) -> Headers:
    """Return the headers of a record that is replayed: its first position, and the position that it is copied from."""
    before = [(name, value) for name, value in headers if name not in (*COPY_OF, COPY_OF_TOPIC_ID)]
    last = [*origin_headers(origin, COPY_OF), (COPY_OF_TOPIC_ID, topic_id.encode())]
    return [*forwarded_headers(before, origin, topic_id), *last]


def forwarded_headers(headers: Iterable[tuple[str, bytes]], origin: Origin, topic_id: str | None = None) -> Headers:
    """Return the headers of a record that is forwarded, or, with the id of its topic, replayed.

    They give the first position of the record and its time there. If an earlier replay has written them already, they
    stay: the first origin and the first time count.
    """
    before = list(headers)
    replayed, given = replayed_origin(before), dict(before)
    first_topic_id = given[TOPIC_ID] if replayed else (topic_id or "").encode()
    first, time_ms = replayed or origin, event_time_ms(before)
    return [
        *((name, value) for name, value in before if name not in (*ORIGIN_HEADERS, TOPIC_ID, EVENT_TIME)),
        *origin_headers(first),
        *([(TOPIC_ID, first_topic_id)] if first_topic_id else []),
        (EVENT_TIME, str(first.timestamp_ms if time_ms is None else time_ms).encode()),
    ]


def first_arrival_ms(headers: Iterable[tuple[str, bytes]], arrived_at_ms: int) -> int:
    """Return when the event arrived for the first time: a replayed event is accepted or refused as it was then.

    A record that had no time of its own then is taken as one that arrives now.
    """
    origin = replayed_origin(headers)
    if origin is None or origin.timestamp_ms < SECONDS_BELOW:
        return arrived_at_ms
    return min(arrived_at_ms, origin.timestamp_ms)


def dead_letter_headers(
    origin: Origin, headers: Iterable[tuple[str, bytes]], error: BaseException, *, attempts: int = 1
) -> Headers:
    """Return the headers of a dead letter, the original headers first."""
    original = list(headers)
    kept = [(name, value) for name, value in original if not name.startswith(PREFIX) or name in KEPT_HEADERS]
    first = replayed_origin(original)
    reason = str(error) or type(error).__name__
    return [
        *kept,
        *origin_headers(origin),
        *([(FIRST, b"%s:%d:%d@%s" % (first.topic.encode(), *first[1:3], dict(original)[TOPIC_ID]))] if first else []),
        (f"{PREFIX}error", type(error).__name__.encode()),
        (f"{PREFIX}reason", reason.encode(errors="replace")[:REASON_BYTES_MAX]),
        (f"{PREFIX}attempts", str(attempts).encode()),
    ]


def bug_headers(origin: Origin, headers: Iterable[tuple[str, bytes]], error: BaseException) -> Headers:
    """Return the headers of an event on which a pure stage failed: a bug in Freshline, with its traceback."""
    trace = "".join(traceback.format_exception(error)).encode(errors="replace")
    return [*dead_letter_headers(origin, headers, error), (f"{PREFIX}traceback", trace[-8_000:])]


def event_time_ms(headers: Iterable[tuple[str, bytes]]) -> int | None:
    """Return the event time that the headers give; None if they give none that is a number."""
    for name, value in headers:
        if name == EVENT_TIME and (time_ms := _number(value)) is not None:
            return time_ms
    return None


def _number(value: bytes | None) -> int | None:
    """Return a header's number; None if it is none. Any producer may write null, text, or endless digits there."""
    return int(value) if value and value.isdigit() and len(value) <= DIGITS_MAX else None
