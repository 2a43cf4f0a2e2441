"""Sends records no faster than a rate limit allows, and reports each in the order in which it was sent."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from schemas.errors import Unavailable
from stream.kafka.send_rate import at_rate
from stream.kafka.send_report import SendReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from stream.kafka.producer import OutgoingRecord, Producer
    from stream.kafka.reader import Record
    from workers.clock import Clock

    OnConfirmed = Callable[[int], None]
    """Called with the number of records that this run has sent and the broker has confirmed."""

T = TypeVar("T")

SAVE_INTERVAL_S = 1.0
"""The time between two saves of how far a run has come. After a kill at most this much is looked up again."""
_SPEED = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)x?", re.ASCII)


class RateLimit(NamedTuple):
    """How fast records may be sent. At most one field is set; with none, the broker alone sets the pace."""

    per_second: float | None = None
    """The most records a second."""
    speed: float | None = None
    """A multiple of the pace at which the records first came, by their timestamps; 1 is that pace itself."""


def parse_speed(text: str) -> float:
    """Read "10x", "0.5x" or "10". Raises ValueError."""
    match = _SPEED.fullmatch(text)
    if match is None or not float(match[1]):
        raise ValueError(f"{text[:30]!r} is no speed: send one like 10x, ten times the original pace")
    return float(match[1])


def rate_limited(
    records: Iterable[Record], limit: RateLimit, clock: Clock, sleep: Callable[[float], None]
) -> Iterator[Record]:
    """Yield the records, none before the limit allows it. `sleep` takes seconds."""
    if limit.per_second is not None:
        return at_rate(records, limit.per_second, clock.monotonic_s, sleep)
    if limit.speed is not None:
        return _at_speed(records, limit.speed, clock, sleep)
    return iter(records)


def _at_speed(
    records: Iterable[Record], speed: float, clock: Clock, sleep: Callable[[float], None]
) -> Iterator[Record]:
    began_s, first_ms = clock.monotonic_s(), None
    for record in records:
        first_ms = record.timestamp_ms if first_ms is None else first_ms
        early_s = began_s + (record.timestamp_ms - first_ms) / 1000 / speed - clock.monotonic_s()
        if early_s > 0:
            sleep(early_s)
        yield record


class SaveTimer:
    """Tells a run when to save how far it has come: a save for each record would halve its speed."""

    def __init__(self, clock: Clock, interval_s: float = SAVE_INTERVAL_S) -> None:
        self._clock = clock
        self._interval_s = interval_s
        self._saved_s = clock.monotonic_s()

    def is_due(self) -> bool:
        """Return whether the interval is over; if it is, the next one begins."""
        now_s = self._clock.monotonic_s()
        if now_s - self._saved_s <= self._interval_s:
            return False
        self._saved_s = now_s
        return True


def send_in_order(
    producer: Producer, sources: Iterable[T], outgoing: Callable[[T], OutgoingRecord], confirmed: Callable[[T], None]
) -> None:
    """Send a record for each source, and call `confirmed` with the source once its record is in the log.

    `confirmed` is called in the order of the sources, so all sources before the one it gets are in the log, too.
    Raises Unavailable at the first record that the broker does not confirm; later records may be in the log or not.
    """
    waiting, reported = deque[T](), 0

    def records() -> Iterator[OutgoingRecord]:
        for source in sources:
            waiting.append(source)
            yield outgoing(source)

    def report_confirmed(sent: SendReport) -> None:
        nonlocal reported
        if sent.failed:
            raise Unavailable(f"a record was {sent.problems[0].reason}: run the same command again to go on from there")
        while reported < sent.confirmed:
            confirmed(waiting.popleft())
            reported += 1

    sent = SendReport()
    producer.send_all(records(), sent, report_confirmed)
    if sent.stopped is not None:
        raise Unavailable(sent.stopped)
