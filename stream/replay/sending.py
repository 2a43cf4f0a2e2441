"""Sends records no faster than a rate limit allows, and reports each in the order in which it was sent."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from schemas.errors import FreshlineError, Unavailable
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

REFUSED_NAMED_MAX = 3
"""The most records that the broker refused that are named. All are counted."""
SAVE_INTERVAL_S = 1.0
"""The time between two saves of how far a run has come. After a kill at most this much is looked up again."""
_SPEED = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)x?", re.ASCII)


class RateLimit(NamedTuple):
    """The rate at which records may be sent. At most one field is set; with none, the broker alone sets the pace."""

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


class RefusedRecords:
    """The records that the broker refuses, whatever is done: too large, or against a rule of its topic."""

    def __init__(self) -> None:
        self._count = 0
        self._named: list[str] = []

    def add(self, record: Record, reason: str) -> None:
        """Note a record and why it is refused."""
        self._count += 1
        if len(self._named) < REFUSED_NAMED_MAX:
            self._named.append(f"{record.partition.topic}:{record.partition.number}:{record.offset} ({reason})")

    def check(self, sent: int) -> None:
        """Raise FreshlineError, which names the first of them, if there are any."""
        if self._count:
            more = self._count - len(self._named)
            named = ", ".join(self._named) + (f" and {more:,} more" if more else "")
            raise FreshlineError(
                f"{sent:,} sent, {self._count:,} not: {named}: change the limits of the topic, or leave them out"
            )


def send_in_order(
    producer: Producer,
    sources: Iterable[T],
    outgoing: Callable[[T], OutgoingRecord],
    confirmed: Callable[[T], None],
    refused: Callable[[T, str], None],
) -> None:
    """Send a record for each source; call `confirmed` with the source once its record is in the log, or `refused` with
    the source and the reason for which the broker will never take that record.

    They are called in the order of the sources, so all sources before have been in one of the calls. Raises
    Unavailable at the first record that the broker does not confirm although it may; later records may be in the log
    or not.
    """
    waiting, reported, passed = deque[tuple[int, T]](), 0, 0

    def records() -> Iterator[OutgoingRecord]:
        for number, source in enumerate(sources, start=1):
            waiting.append((number, source))
            yield outgoing(source)._replace(line=number)

    def report_confirmed(sent: SendReport) -> None:
        nonlocal reported, passed
        if sent.failed > passed + len(sent.refused):
            last = sent.problems[-1].reason
            raise Unavailable(
                f"{sent.confirmed:,} sent; a record was {last}: run the same command again to go on from there"
            )
        while waiting and (reported < sent.confirmed or waiting[0][0] in sent.refused):
            number, source = waiting.popleft()
            if number in sent.refused:
                passed += 1
                refused(source, sent.refused.pop(number))
            else:
                reported += 1
                confirmed(source)

    sent = SendReport()
    producer.send_all(records(), sent, report_confirmed)
    if sent.stopped is not None:
        raise Unavailable(f"{sent.confirmed:,} sent; {sent.stopped}")
