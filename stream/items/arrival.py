"""The arrival of a record. A broker that stamps records tells it; another passes on the producer's clock."""

from __future__ import annotations

from typing import NamedTuple

from schemas.event_numbers import SECONDS_BELOW
from schemas.events import AHEAD_MS_MAX, RECORD_AHEAD_MS_MAX

LOG_APPEND_TIME = 1
"""The type of a timestamp in Kafka's protocol that was set by the broker."""
LATE_MS_MAX = 3_600_000
"""The longest time, in milliseconds, that a record can have been in the log of the embedded broker before it is read.

That broker does not stamp records, though its topics ask for it. An older timestamp is therefore not an arrival: a
connector passed on the time of its source.
"""


class Arrival(NamedTuple):
    """The arrival of a record, and the time that it gives for itself."""

    at_ms: int
    own_ms: int
    """Equal to `at_ms`, unless the producer's clock is ahead: then the raw stamp, which `schemas.events.parse` refuses
    if the event needs it."""
    latest_ms: int
    """The latest time at which it can have arrived: a producer's clock, which may be behind, proves nothing."""


def arrival(stamped_ms: int, stamped_by: int | None, now_ms: int, *, stamped_by_producers: bool) -> Arrival:
    """Return the arrival of a record with this timestamp (-1: it has none) and type of timestamp, read at `now_ms`.

    `stamped_by_producers`: the broker should stamp records and does not. Where the timestamp cannot be the arrival, the
    record arrived just now.
    """
    by_broker = stamped_by == LOG_APPEND_TIME
    if stamped_ms > now_ms + (AHEAD_MS_MAX if by_broker else RECORD_AHEAD_MS_MAX):
        return Arrival(now_ms, stamped_ms, now_ms)
    earliest_ms = now_ms - LATE_MS_MAX if stamped_by_producers and not by_broker else SECONDS_BELOW
    at_ms = now_ms if stamped_ms < earliest_ms else stamped_ms
    return Arrival(at_ms, at_ms, at_ms if by_broker else now_ms)
