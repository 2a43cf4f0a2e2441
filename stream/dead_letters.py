"""What a dead letter looks like: the original bytes, key and headers, and why it is here."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = "freshline-"
REASON_BYTES_MAX = 2_000

Headers = list[tuple[str, bytes]]


class Origin(NamedTuple):
    """Where a record stood; whoever counts or resends dead letters goes by topic, partition and offset."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int


def dead_letter_topic(topic: str) -> str:
    """Where the dead letters of a topic go."""
    return f"{topic}.dlq"


def origin_headers(origin: Origin) -> Headers:
    """Where a forwarded or refused record came from."""
    return [(f"{PREFIX}{name}", str(value).encode()) for name, value in origin._asdict().items()]


def dead_letter_headers(
    origin: Origin, headers: Iterable[tuple[str, bytes]], error: BaseException, *, attempts: int = 1
) -> Headers:
    """The headers of a dead letter: the original ones first."""
    kept = [(name, value) for name, value in headers if not name.startswith(PREFIX) or name == EVENT_TIME]
    reason = str(error) or type(error).__name__
    return [
        *kept,
        *origin_headers(origin),
        (f"{PREFIX}error", type(error).__name__.encode()),
        (f"{PREFIX}reason", reason.encode(errors="replace")[:REASON_BYTES_MAX]),
        (f"{PREFIX}attempts", str(attempts).encode()),
    ]


def bug_headers(origin: Origin, headers: Iterable[tuple[str, bytes]], error: BaseException) -> Headers:
    """Of an event that a pure stage failed on: a bug of ours, with its traceback."""
    trace = "".join(traceback.format_exception(error)).encode(errors="replace")
    return [*dead_letter_headers(origin, headers, error), (f"{PREFIX}traceback", trace[-8_000:])]


EVENT_TIME = f"{PREFIX}event-time"
"""Header with the event's own time, milliseconds since the epoch, where the body has none (replayed, forwarded)."""


def event_time_ms(headers: Iterable[tuple[str, bytes]]) -> int | None:
    """The event time that the headers give; None if they give none that is a number."""
    for name, value in headers:
        if name == EVENT_TIME and value.isdigit():
            return int(value)
    return None
