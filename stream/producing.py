"""Sends lines of JSON as events: each checked as the agents will check it, paced, confirmed by the broker."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from kafka import KafkaProducer
from kafka.errors import KafkaError

from schemas.errors import InvalidEvent, Unavailable
from schemas.events import parse
from schemas.tokens import Token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kafka.producer.future import FutureRecordMetadata

T = TypeVar("T")

IN_FLIGHT_MAX = 5_000
"""Records sent and not yet confirmed; reaching it slows the reading."""
CONFIRM_SECONDS_MAX = 30
CLOSE_SECONDS_MAX = 5
REQUEST_BYTES_MAX = 8 * 1024 * 1024
PROBLEMS_MAX = 1_000
"""Refused lines that are named; all are counted."""


class Outgoing(NamedTuple):
    """A record to send."""

    line: int
    """Its number in the source, from 1."""
    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    """None: that of its key."""
    headers: Sequence[tuple[str, bytes]] = ()


class Problem(NamedTuple):
    """Why a line is not in the log."""

    line: int
    reason: str


@dataclass(slots=True)
class Sent:
    """What became of the lines so far."""

    log: str | None = None
    """Id of the log, for the tokens; None: unknown."""
    confirmed: int = 0
    invalid: int = 0
    failed: int = 0
    problems: list[Problem] = field(default_factory=list)
    last: dict[tuple[str, int], int] = field(default_factory=dict)
    """By (topic, partition): the offset of the last confirmed record."""

    @property
    def tokens(self) -> list[Token]:
        """Once all of these are searchable, every event sent is."""
        return [Token(*place, offset, self.log) for place, offset in sorted(self.last.items())]


def checked(topic: str, lines: Iterable[bytes], sent: Sent, now_ms: Callable[[], int]) -> Iterator[Outgoing]:
    """The lines that are valid events, blank ones left out; the others are noted in `sent`."""
    for number, line in enumerate(lines, 1):
        value = line.strip()
        if not value:
            continue
        try:
            event = parse(topic, None, value, arrived_at_ms=now_ms(), event_time_ms=None)
        except InvalidEvent as error:
            sent.invalid += 1
            _note(sent, number, str(error))
        else:
            yield Outgoing(number, topic, event.product_id.encode(), value)


def paced(
    records: Iterable[T], per_second: float, clock: Callable[[], float], sleep: Callable[[float], None]
) -> Iterator[T]:
    """The records, each not before its time, the n-th n / per_second seconds after the first.

    What a pause of more than a second held up is not made up for.
    """
    due = clock()
    for record in records:
        late = clock() - due
        if late < 0:
            sleep(-late)
        yield record
        due = max(due, clock() - 1.0) + 1 / per_second


class Producer:
    """Sends records and waits for their confirmations; a context manager.

    Raises Unavailable where no broker answers.
    """

    def __init__(self, brokers: Sequence[str]) -> None:
        try:
            self._kafka = KafkaProducer(
                bootstrap_servers=list(brokers),
                acks="all",
                linger_ms=2,
                max_request_size=REQUEST_BYTES_MAX,
                delivery_timeout_ms=CONFIRM_SECONDS_MAX * 1000,
                request_timeout_ms=CONFIRM_SECONDS_MAX * 500,
                max_block_ms=10_000,
                bootstrap_timeout_ms=5_000,
            )
        except (KafkaError, ValueError, OSError) as error:
            raise Unavailable(f"no broker answers at {', '.join(brokers)} ({error}): is it running there?") from None
        self._in_flight: deque[tuple[int, FutureRecordMetadata]] = deque()

    def __enter__(self) -> Producer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Waits a little for what is not confirmed."""
        self._kafka.close(timeout=CLOSE_SECONDS_MAX)

    def send_all(self, records: Iterable[Outgoing], sent: Sent, tell: Callable[[Sent], None] = lambda _: None) -> None:
        """Sends and awaits every confirmation; what cannot be sent is noted in `sent`. `tell` hears of each step."""
        for record in records:
            self.send_one(record, sent)
            tell(sent)
        self._settle(sent, at_most=0)
        tell(sent)

    def send_now(self, record: Outgoing) -> Token:
        """Sends one record and returns where it is. Raises Unavailable."""
        try:
            written = self._send(record).get(CONFIRM_SECONDS_MAX)
        except KafkaError as error:
            raise Unavailable(f"the broker did not confirm a record: {error}") from error
        return Token(written.topic, written.partition, written.offset)

    def send_one(self, record: Outgoing, sent: Sent) -> None:
        """Sends it and notes what was confirmed meanwhile; waits where too many are not."""
        try:
            self._in_flight.append((record.line, self._send(record)))
        except KafkaError as error:
            sent.failed += 1
            _note(sent, record.line, f"not sent: {error}")
        self._settle(sent, at_most=IN_FLIGHT_MAX)

    def _send(self, record: Outgoing) -> FutureRecordMetadata:
        return self._kafka.send(
            record.topic,
            key=record.key,
            value=record.value,
            partition=record.partition,
            headers=list(record.headers),
        )

    def _settle(self, sent: Sent, at_most: int) -> None:
        while len(self._in_flight) > at_most or (self._in_flight and self._in_flight[0][1].is_done):
            line, future = self._in_flight.popleft()
            try:
                written = future.get(CONFIRM_SECONDS_MAX)
            except KafkaError as error:
                sent.failed += 1
                _note(sent, line, f"not confirmed: {error}")
            else:
                sent.confirmed += 1
                sent.last[written.topic, written.partition] = written.offset


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def _note(sent: Sent, line: int, reason: str) -> None:
    if len(sent.problems) < PROBLEMS_MAX:
        sent.problems.append(Problem(line, reason))
