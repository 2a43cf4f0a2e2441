"""Headers of records that are not where they came first: dead letters, forwarded events, replayed ones."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stream.kafka.send import Headers

PREFIX = "freshline-"
ORIGIN_HEADERS = tuple(f"{PREFIX}{name}" for name in ("topic", "partition", "offset", "timestamp"))
"""In the order of Origin; the timestamp in milliseconds since the epoch."""
TOPIC_ID = f"{PREFIX}topic-id"
"""Header of a replayed record: the broker's id of the topic of its origin. Offsets of another log mean nothing."""
COPY_OF = tuple(f"{PREFIX}copy-of{name}" for name in ("", "-partition", "-offset", "-timestamp"))
"""In the order of Origin: where the record stood that a replayed one was copied from, perhaps a copy itself."""
COPY_OF_TOPIC_ID = f"{PREFIX}copy-of-topic-id"
EVENT_TIME = f"{PREFIX}event-time"
"""Header with the event's own time, milliseconds since the epoch, where the body has none (replayed, forwarded)."""
FIRST = f"{PREFIX}first"
"""Header of a replayed record's dead letter: "prices:3:17@TOPIC-ID", where the event stood before its first replay."""
REASON_BYTES_MAX = 2_000
DIGITS_MAX = 18


class Origin(NamedTuple):
    """Where a record stood; whoever counts or resends dead letters goes by topic, partition and offset."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int


def dead_letter_topic(topic: str) -> str:
    """Where the dead letters of a topic go."""
    return f"{topic}.dlq"


def origin_headers(origin: Origin, names: Sequence[str] = ORIGIN_HEADERS) -> Headers:
    """Where a forwarded, refused or copied record came from."""
    return [(name, str(value).encode()) for name, value in zip(names, origin, strict=True)]


def origin_of(headers: Iterable[tuple[str, bytes]]) -> Origin | None:
    """The inverse; None if they do not say it."""
    return _origin(dict(headers), ORIGIN_HEADERS)


def _origin(given: Mapping[str, bytes], names: Sequence[str]) -> Origin | None:
    topic = given.get(names[0])
    partition, offset, timestamp_ms = (_number(given.get(name)) for name in names[1:])
    if not topic or partition is None or offset is None or timestamp_ms is None:
        return None
    return Origin(topic.decode(errors="replace"), partition, offset, timestamp_ms)


def replayed_origin(headers: Iterable[tuple[str, bytes]]) -> Origin | None:
    """Where a replayed record stood before its first replay; None of any other record."""
    given = dict(headers)
    return origin_of(given.items()) if given.get(TOPIC_ID) else None


def origins_in(headers: Iterable[tuple[str, bytes]], topic_id: str) -> list[Origin]:
    """Where, in this topic, a replayed record stood before its first replay and before its last one."""
    given, said = dict(headers), ((ORIGIN_HEADERS, TOPIC_ID), (COPY_OF, COPY_OF_TOPIC_ID))
    found = (_origin(given, names) for names, of_topic in said if given.get(of_topic) == topic_id.encode())
    return [origin for origin in found if origin is not None]


def replayed_headers(headers: Iterable[tuple[str, bytes]], origin: Origin, topic_id: str) -> Headers:
    """Of a record that is replayed: besides where it stood first, what it is copied from."""
    before = [(name, value) for name, value in headers if name not in (*COPY_OF, COPY_OF_TOPIC_ID)]
    last = [*origin_headers(origin, COPY_OF), (COPY_OF_TOPIC_ID, topic_id.encode())]
    return [*forwarded_headers(before, origin, topic_id), *last]


def forwarded_headers(headers: Iterable[tuple[str, bytes]], origin: Origin, topic_id: str | None = None) -> Headers:
    """Of a record that is forwarded, or with the id of its topic replayed: where it stood first, and its time then.

    What an earlier replay said stays: the first origin and the first time are those that count.
    """
    before = list(headers)
    replayed, given = replayed_origin(before), dict(before)
    log = given[TOPIC_ID] if replayed else (topic_id or "").encode()
    first, time_ms = replayed or origin, event_time_ms(before)
    return [
        *((name, value) for name, value in before if name not in (*ORIGIN_HEADERS, TOPIC_ID, EVENT_TIME)),
        *origin_headers(first),
        *([(TOPIC_ID, log)] if log else []),
        (EVENT_TIME, str(first.timestamp_ms if time_ms is None else time_ms).encode()),
    ]


def first_arrival_ms(headers: Iterable[tuple[str, bytes]], arrived_at_ms: int) -> int:
    """When the event arrived for the first time: a replayed one is taken or refused as it was then."""
    origin = replayed_origin(headers)
    return arrived_at_ms if origin is None else min(arrived_at_ms, origin.timestamp_ms)


def dead_letter_headers(
    origin: Origin, headers: Iterable[tuple[str, bytes]], error: BaseException, *, attempts: int = 1
) -> Headers:
    """The headers of a dead letter: the original ones first."""
    came = list(headers)
    kept = [(name, value) for name, value in came if not name.startswith(PREFIX) or name == EVENT_TIME]
    first = replayed_origin(came)
    reason = str(error) or type(error).__name__
    return [
        *kept,
        *origin_headers(origin),
        *([(FIRST, b"%s:%d:%d@%s" % (first.topic.encode(), *first[1:3], dict(came)[TOPIC_ID]))] if first else []),
        (f"{PREFIX}error", type(error).__name__.encode()),
        (f"{PREFIX}reason", reason.encode(errors="replace")[:REASON_BYTES_MAX]),
        (f"{PREFIX}attempts", str(attempts).encode()),
    ]


def bug_headers(origin: Origin, headers: Iterable[tuple[str, bytes]], error: BaseException) -> Headers:
    """Of an event that a pure stage failed on: a bug of ours, with its traceback."""
    trace = "".join(traceback.format_exception(error)).encode(errors="replace")
    return [*dead_letter_headers(origin, headers, error), (f"{PREFIX}traceback", trace[-8_000:])]


def event_time_ms(headers: Iterable[tuple[str, bytes]]) -> int | None:
    """The event time that the headers give; None if they give none that is a number."""
    for name, value in headers:
        if name == EVENT_TIME and (time_ms := _number(value)) is not None:
            return time_ms
    return None


def _number(value: bytes | None) -> int | None:
    """Headers are what any producer writes: null, text, or digits without end."""
    return int(value) if value and value.isdigit() and len(value) <= DIGITS_MAX else None
