"""Sends records for commands: at a rate if one is asked for, and each confirmed by the broker."""

from __future__ import annotations

from collections import deque
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from kafka.errors import KafkaConnectionError, KafkaError

from schemas.errors import Unavailable
from schemas.tokens import Token
from stream.kafka.producer_connection import connect, end, is_loss
from stream.kafka.send_outcomes import SendOutcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kafka import KafkaProducer
    from kafka.producer.future import FutureRecordMetadata, RecordMetadata

    from stream.kafka.cluster import Cluster
    from stream.kafka.send import Headers
    from stream.kafka.send_report import SendReport
    from stream.kafka.send_spans import SendSpans

IN_FLIGHT_MAX = 5_000
"""The most records that are sent and not yet confirmed. Reaching it slows the reading of the input."""
CONFIRM_SECONDS_MAX = 30
CLOSE_SECONDS_MAX = 5
CONNECT_SECONDS_MAX = 5.0


class OutgoingRecord(NamedTuple):
    """A record to send."""

    line: int
    """The number of its line in the source, from 1; 0 if it comes from no line."""
    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    """The number of the partition; None for the partition of the key."""
    headers: Sequence[tuple[str, bytes]] = ()


class Producer:
    """Sends records and waits for their confirmations; a context manager.

    If the broker is lost, records without a confirmation are not sent again: a late copy without its own stamp could
    win over a newer event. Later records go over a new connection. If the broker refuses a record, kafka-python's
    producer sends nothing more and blames every record in flight: these are sent once more, one by one, at once. One of
    another partition may have been written all the same, and is then in the log twice.
    """

    def __init__(
        self,
        kafka: Cluster,
        *,
        in_flight_max: int = IN_FLIGHT_MAX,
        confirm_seconds_max: int = CONFIRM_SECONDS_MAX,
        close_seconds_max: float = CLOSE_SECONDS_MAX,
        connect_seconds_max: float = CONNECT_SECONDS_MAX,
        spans: SendSpans | None = None,
    ) -> None:
        """Connect. `spans` records a span for each record; without it none is recorded.

        Raises Unavailable if no broker answers.
        """
        self._cluster = kafka
        self._in_flight_max = in_flight_max
        self._confirm_seconds_max = confirm_seconds_max
        self._close_seconds_max = close_seconds_max
        self._connect_seconds_max = connect_seconds_max
        self._spans = spans
        self._kafka: KafkaProducer | None = self._connect()
        """The client; None after the broker was lost."""
        self._in_flight: deque[tuple[OutgoingRecord, FutureRecordMetadata]] = deque()
        self._outcomes = SendOutcomes(kafka)

    def __enter__(self) -> Producer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, after a short wait for records without a confirmation."""
        if self._kafka is not None:
            end(self._kafka, self._close_seconds_max)
            self._kafka = None

    def send_all(
        self,
        records: Iterable[OutgoingRecord],
        report: SendReport,
        show: Callable[[SendReport], None] = lambda _: None,
    ) -> None:
        """Send the records and wait for every confirmation; the report gets what cannot be sent.

        `show` is called with the report after each step. The method stops if the broker was lost and does not come
        back. When it is interrupted, it counts the records that are confirmed, and ends.
        """
        try:
            for record in records:
                why = self._outcomes.why_no_more() or self._try(record, report)
                if why is not None:
                    report.stop(record.line, why)
                    break
                show(report)
            self._await_confirmations(report, in_flight_max=0)
        except KeyboardInterrupt:
            self._lose(report)
            raise
        finally:
            show(report)

    def send_now(self, record: OutgoingRecord) -> Token:
        """Send one record, wait for its confirmation and return its position. Raises Unavailable."""
        try:
            try:
                written = self._send(record).get(self._confirm_seconds_max)
            except KafkaError as error:
                self.close()  # After a refusal it would send nothing more.
                if is_loss(error) or not self._in_flight:
                    raise
                # The refusal may be that of a record in flight, for which kafka-python's producer blames all others.
                written = self._send(record).get(self._confirm_seconds_max)
        except KafkaError as error:
            self.close()
            raise Unavailable(f"the broker did not confirm a record: {error}") from error
        return Token(written.topic, written.partition, written.offset)

    def send_one(self, record: OutgoingRecord, report: SendReport) -> None:
        """Send a record without waiting for it, unless too many are in flight; count what was confirmed meanwhile."""
        if (why := self._try(record, report)) is not None:
            report.fail(record.line, f"not sent: {why}")

    def _try(self, record: OutgoingRecord, report: SendReport) -> str | None:
        """Send a record. Return why not if the broker is away and may stay so; note in the report what it refuses."""
        try:
            self._in_flight.append((record, self._send_after_refusals(record, report)))
        except Unavailable as error:
            return str(error)
        except KafkaError as error:
            if is_loss(error):
                report.fail(record.line, f"not sent: {error}")
                self._lose(report)
            else:
                report.refuse(record.line, f"not sent: {error}")
        self._await_confirmations(report, in_flight_max=self._in_flight_max)
        return None

    def _send_after_refusals(self, record: OutgoingRecord, report: SendReport) -> FutureRecordMetadata:
        """Put a record into the buffer; if that fails because of an earlier refusal, over a new connection."""
        try:
            return self._send(record)
        except KafkaError as error:
            if is_loss(error) or not self._in_flight:
                raise
            self._await_confirmations(report, in_flight_max=0)
            return self._send(record)

    def _send(self, record: OutgoingRecord) -> FutureRecordMetadata:
        if self._kafka is None:
            self._kafka = self._connect()
            self._outcomes.reconnected()
        kafka, headers = self._kafka, list(record.headers)

        def send(headers: Headers) -> FutureRecordMetadata:
            return kafka.send(
                record.topic, key=record.key, value=record.value, partition=record.partition, headers=headers
            )

        return send(headers) if self._spans is None else self._spans.send(record.topic, headers, send)

    def _await_confirmations(self, report: SendReport, in_flight_max: int) -> None:
        """Count the outcomes that are known, and wait for more while too many records are in flight."""
        while len(self._in_flight) > in_flight_max or (self._in_flight and self._in_flight[0][1].is_done):
            record, future = self._in_flight[0]
            outcome = self._outcome(future)
            if is_loss(outcome):
                self._lose(report)
            elif isinstance(outcome, KafkaError):
                self._send_one_by_one(report)
            else:
                self._in_flight.popleft()
                self._outcomes.count(report, record.line, outcome)

    def _send_one_by_one(self, report: SendReport) -> None:
        """Send the records in flight that failed with a refusal once more, and count every record in flight.

        The records that are refused again are the refused ones. Order is kept: in a partition no record behind one that
        failed was written.
        """
        outcomes = [(record, self._outcome(future)) for record, future in self._in_flight]
        self._in_flight.clear()
        self.close()
        for record, first in outcomes:
            if (why := self._outcomes.why_no_more()) is not None and isinstance(first, KafkaError):
                report.fail(record.line, f"not sent: {why}")
                continue
            refused = isinstance(first, KafkaError) and not is_loss(first)
            outcome = self._outcome_alone(record) if refused else first
            if is_loss(outcome):
                self._outcomes.broker_lost()
                report.lose([record.line])
            else:
                self._outcomes.count(report, record.line, outcome)

    def _outcome_alone(self, record: OutgoingRecord) -> RecordMetadata | KafkaError:
        try:
            outcome = self._outcome(self._send(record))
        except Unavailable as error:
            outcome = KafkaConnectionError(str(error))
        except KafkaError as error:
            outcome = error
        if isinstance(outcome, KafkaError):
            self.close()
        return outcome

    def _lose(self, report: SendReport) -> None:
        """Close the connection to a broker that was lost, and count every record in flight.

        After such an error kafka-python's producer confirms nothing any more. See docs/traps.md#kafka-python.
        """
        self._outcomes.broker_lost()
        self.close()
        outcomes = [(record.line, self._outcome(future)) for record, future in self._in_flight]
        self._in_flight.clear()
        for is_lost, run in groupby(outcomes, key=lambda each: is_loss(each[1])):
            if is_lost:
                report.lose([line for line, _ in run])
                continue
            for line, outcome in run:
                self._outcomes.count(report, line, outcome)

    def _connect(self) -> KafkaProducer:
        return connect(
            self._cluster,
            confirm_seconds_max=self._confirm_seconds_max,
            connect_seconds_max=self._connect_seconds_max,
        )

    def _outcome(self, future: FutureRecordMetadata) -> RecordMetadata | KafkaError:
        try:
            return future.get(self._confirm_seconds_max)
        except KafkaError as error:
            return error
