"""Sends lines of JSON as events: each checked as the agents will check it, at_rate, confirmed by the broker."""

from __future__ import annotations

from collections import deque
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from kafka import KafkaProducer
from kafka.errors import (
    BrokerResponseError,
    InvalidProducerEpochError,
    KafkaError,
    KafkaTimeoutError,
    OutOfOrderSequenceNumberError,
    ProducerFencedError,
    UnknownProducerIdError,
)

from schemas.errors import Unavailable
from schemas.tokens import Token
from stream.kafka.topics import ITEMS, topic_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kafka.producer.future import FutureRecordMetadata, RecordMetadata

    from stream.kafka.send_report import SendReport

T = TypeVar("T")

IN_FLIGHT_MAX = 5_000
"""Records sent and not yet confirmed; reaching it slows the reading."""
CONFIRM_SECONDS_MAX = 30
CLOSE_SECONDS_MAX = 5
REQUEST_BYTES_MAX = 8 * 1024 * 1024
FRUITLESS = "two connections in succession confirmed nothing; look at `freshline status`"
FORGOTTEN = (InvalidProducerEpochError, OutOfOrderSequenceNumberError, ProducerFencedError, UnknownProducerIdError)
"""A broker that says these does not know the producer any more, and takes nothing from it."""


class OutgoingRecord(NamedTuple):
    """A record to send."""

    line: int
    """Its number in the source, from 1."""
    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    """None: that of its key."""
    headers: Sequence[tuple[str, bytes]] = ()


def at_rate(
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

    Where the broker is lost, what is not confirmed is not sent again: without a stamp of its own a late copy could win.
    What comes after goes on with a new connection. Raises Unavailable where no broker answers.
    """

    def __init__(self, brokers: Sequence[str]) -> None:
        self._brokers = brokers
        self._kafka: KafkaProducer | None = _connected(brokers)
        """None: it was lost."""
        self._in_flight: deque[tuple[int, FutureRecordMetadata]] = deque()
        self._fruitless = 0
        """Losses since a record was confirmed."""
        self._log_may_be_new = False

    def __enter__(self) -> Producer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Waits a little for what is not confirmed."""
        if self._kafka is not None:
            _end(self._kafka)
            self._kafka = None

    def send_all(
        self, records: Iterable[OutgoingRecord], sent: SendReport, tell: Callable[[SendReport], None] = lambda _: None
    ) -> None:
        """Sends and awaits every confirmation; what cannot be sent is noted in `sent`. `tell` hears of each step.

        Stops where the broker was lost and does not come back. Interrupted, it counts what is confirmed, and ends.
        """
        try:
            for record in records:
                why = FRUITLESS if self._fruitless > 1 else self._try(record, sent)
                if why is not None:
                    where = f" before line {record.line}" if record.line else ""
                    sent.stopped = f"stopped{where}, the rest was not sent: {why}"
                    break
                tell(sent)
            self._settle(sent, at_most=0)
        except KeyboardInterrupt:
            self._lose(sent)
            raise
        finally:
            tell(sent)

    def send_now(self, record: OutgoingRecord) -> Token:
        """Sends one record and returns where it is. Raises Unavailable."""
        try:
            written = self._send(record).get(CONFIRM_SECONDS_MAX)
        except KafkaError as error:
            raise Unavailable(f"the broker did not confirm a record: {error}") from error
        return Token(written.topic, written.partition, written.offset)

    def send_one(self, record: OutgoingRecord, sent: SendReport) -> None:
        """Sends it and notes what was confirmed meanwhile; waits where too many are not."""
        if (why := self._try(record, sent)) is not None:
            sent.fail(record.line, f"not sent: {why}")

    def _try(self, record: OutgoingRecord, sent: SendReport) -> str | None:
        """Why it was not handed over: the broker is away, and may stay so. What is refused is noted in `sent`."""
        try:
            self._in_flight.append((record.line, self._send(record)))
        except Unavailable as error:
            return str(error)
        except KafkaError as error:
            self._refused(sent, record.line, error)
        self._settle(sent, at_most=IN_FLIGHT_MAX)
        return None

    def _refused(self, sent: SendReport, line: int, error: KafkaError) -> None:
        sent.fail(line, f"not sent: {error}")
        if _is_loss(error):
            self._lose(sent)

    def _send(self, record: OutgoingRecord) -> FutureRecordMetadata:
        if self._kafka is None:
            self._kafka, self._log_may_be_new = _connected(self._brokers), True
        return self._kafka.send(
            record.topic,
            key=record.key,
            value=record.value,
            partition=record.partition,
            headers=list(record.headers),
        )

    def _settle(self, sent: SendReport, at_most: int) -> None:
        while len(self._in_flight) > at_most or (self._in_flight and self._in_flight[0][1].is_done):
            line, future = self._in_flight[0]
            outcome = _outcome(future)
            if _is_loss(outcome):
                self._lose(sent)
            else:
                self._in_flight.popleft()
                self._count(sent, line, outcome)

    def _lose(self, sent: SendReport) -> None:
        """Gives up a producer that is lost: after such an error kafka-python's confirms nothing any more."""
        self._fruitless += 1
        self.close()
        outcomes = [(line, _outcome(future)) for line, future in self._in_flight]
        self._in_flight.clear()
        for is_lost, run in groupby(outcomes, key=lambda each: _is_loss(each[1])):
            if is_lost:
                sent.lose([line for line, _ in run])
                continue
            for line, outcome in run:
                self._count(sent, line, outcome)

    def _count(self, sent: SendReport, line: int, outcome: RecordMetadata | KafkaError) -> None:
        if isinstance(outcome, KafkaError):
            sent.fail(line, f"not confirmed: {outcome}")
            return
        self._fruitless = 0
        if self._log_may_be_new and sent.log is not None:
            sent.goes_on_in(_log_id(self._brokers))
        self._log_may_be_new = False
        sent.confirmed += 1
        sent.last[outcome.topic, outcome.partition] = outcome.offset


def _connected(brokers: Sequence[str]) -> KafkaProducer:
    try:
        return KafkaProducer(
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


def _end(kafka: KafkaProducer) -> None:
    """What is not confirmed by then never will be."""
    try:
        kafka.close(timeout=CLOSE_SECONDS_MAX)
    except KafkaTimeoutError:  # It could not flush, and would go on trying beside the producer that follows it.
        kafka._sender.force_close()


def _log_id(brokers: Sequence[str]) -> str | None:
    try:
        return topic_id(",".join(brokers), ITEMS)
    except Unavailable:
        return None


def _outcome(future: FutureRecordMetadata) -> RecordMetadata | KafkaError:
    try:
        return future.get(CONFIRM_SECONDS_MAX)
    except KafkaError as error:
        return error


def _is_loss(outcome: RecordMetadata | KafkaError) -> bool:
    """Not where a broker is there, refuses this record and takes the next."""
    if not isinstance(outcome, KafkaError):
        return False
    return outcome.retriable or isinstance(outcome, FORGOTTEN) or not isinstance(outcome, BrokerResponseError)
