"""Sends events while faults happen, and remembers what the broker confirmed."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from kafka import KafkaProducer
from kafka.errors import KafkaError

from tests.faults.api import HANG_SECONDS_MAX, Failed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kafka.producer.future import FutureRecordMetadata

    from tests.faults.events import Made

IN_FLIGHT_MAX = 2_000
RECORD_BYTES_MAX = 4 << 20
TRY_SECONDS = 2
NOWHERE = -1
"""The offset of an event whose log is gone."""


class Sent(NamedTuple):
    """An event that is in the log."""

    made: Made
    topic: str
    partition: int
    offset: int
    at_s: float
    """The monotonic time at which the event was handed to the producer."""


class Feed:
    """A producer that sends an event again if it was not confirmed because its broker died; the fold is idempotent."""

    def __init__(self, kafka: str, changes: Iterator[Made], per_second: float) -> None:
        self._kafka_address = kafka
        self._changes = changes
        self._per_second = per_second
        self._kafka = self._producer()
        self._in_flight: deque[tuple[Made, float, FutureRecordMetadata]] = deque()
        self._thread: threading.Thread | None = None
        self._halt = threading.Event()
        self._error: BaseException | None = None
        self.sent: list[Sent] = []
        self.again = 0
        """The number of events that were sent again."""

    def _producer(self) -> KafkaProducer:
        return KafkaProducer(
            bootstrap_servers=self._kafka_address,
            acks="all",
            linger_ms=2,
            max_request_size=RECORD_BYTES_MAX,
            delivery_timeout_ms=15_000,
            request_timeout_ms=10_000,
            max_block_ms=TRY_SECONDS * 1000,
            # A broker that lost its memory would refuse the sequence numbers of before.
            enable_idempotence=False,
        )

    def start(self) -> None:
        """Send changes until `stop`."""
        self._halt.clear()
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop, and return when all events are confirmed. Raises Failed."""
        self._halt.set()
        if self._thread:
            self._thread.join(HANG_SECONDS_MAX)
            self._thread = None
        if self._error:
            raise Failed(f"the feed ended: {self._error!r}")
        self.settle()

    def close(self) -> None:
        """Close the producer, whatever happened before."""
        self._halt.set()
        if self._thread:
            self._thread.join(5)
        with contextlib.suppress(KafkaError):  # What a broker that is away has not confirmed.
            self._kafka.close(timeout=1)

    def send_all(self, made: Iterable[Made]) -> None:
        """Send all events as fast as possible, and return when they are confirmed."""
        for each in made:
            self._send(each)
        self.settle()

    def send_now(self, made: Made) -> Sent | None:
        """Send an event; return it if it is confirmed within two seconds, else None. It may be in the log even then."""
        at_s = time.monotonic()
        try:
            future = self._put(made)
            written = future.get(TRY_SECONDS)
        except KafkaError:
            return None
        sent = Sent(made, written.topic, written.partition, written.offset, at_s)
        self.sent.append(sent)
        return sent

    def forget_places(self, before_s: float) -> None:
        """Forget the offsets of the log that has just ended."""
        self.sent = [sent._replace(offset=NOWHERE) if sent.at_s < before_s else sent for sent in self.sent]

    def settle(self) -> None:
        """Return when all events are confirmed."""
        deadline = time.monotonic() + HANG_SECONDS_MAX
        while self._in_flight:
            self._take_first()
            if time.monotonic() > deadline:
                raise Failed(f"{len(self._in_flight)} events were not confirmed within {HANG_SECONDS_MAX:.0f} s")

    def _run(self) -> None:
        due = time.monotonic()
        try:
            for made in self._changes:
                if self._halt.is_set():
                    return
                due = max(due, time.monotonic() - 1.0) + 1 / self._per_second
                time.sleep(max(0.0, due - time.monotonic()))
                self._send(made)
                while self._in_flight and self._in_flight[0][2].is_done:
                    self._take_first()
        except BaseException as error:
            self._error = error

    def _send(self, made: Made) -> None:
        """Send an event; wait while no broker answers, or while too many events are not confirmed."""
        self._hand_over(made)
        while len(self._in_flight) > IN_FLIGHT_MAX:
            self._take_first()

    def _hand_over(self, made: Made) -> None:
        deadline = time.monotonic() + HANG_SECONDS_MAX
        while True:
            try:
                self._in_flight.append((made, time.monotonic(), self._put(made)))
                break
            except KafkaError:
                if time.monotonic() > deadline:
                    raise

    def _put(self, made: Made) -> FutureRecordMetadata:
        return self._kafka.send(
            made.topic, key=made.key, value=made.value, partition=made.partition, headers=list(made.headers)
        )

    def _take_first(self) -> None:
        made, at_s, future = self._in_flight.popleft()
        try:
            written = future.get(HANG_SECONDS_MAX)
        except KafkaError:
            self.again += 1
            self._hand_over(made)
            return
        self.sent.append(Sent(made, written.topic, written.partition, written.offset, at_s))
