"""Sends events from a process of its own, so that the measuring process does not wait for the sender."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING, NamedTuple

import orjson

from stream.client import Client
from stream.kafka.cluster import Cluster
from stream.kafka.producer import OutgoingRecord, Producer
from stream.kafka.send_rate import at_rate
from stream.kafka.send_report import SendReport
from tests.benchmarks.catalogue import Catalogue, Mix, catalogue
from tests.benchmarks.running import waiting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stream.demo.rows import DemoEvent

IN_FLIGHT_MAX = 1_500
"""The most events that are sent and not yet searchable in the flood."""
LOOK_INTERVAL_S = 0.1
FULL_WAIT_S = 0.002
NAP_SECONDS_MIN = 0.01
"""The shortest pause: at high rates events go in bunches, as from a shop's own systems. One by one, the sender used a
whole core."""


class Offered(NamedTuple):
    """The events that were sent, all of them confirmed by the broker."""

    events: int
    seconds: float


class _Sender:
    """The state of the sending process."""

    items: Catalogue
    mixes = 0

    @classmethod
    def load(cls) -> None:
        cls.items = catalogue()

    @classmethod
    def mix(cls) -> Mix:
        """Return another mix for each phase."""
        cls.mixes += 1
        return Mix(cls.items, cls.mixes)


@contextmanager
def sending() -> Iterator[ProcessPoolExecutor]:
    """Start a process that runs one of the functions here at a time."""
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=_Sender.load) as pool:
        yield pool


def send_products(kafka: str) -> Offered:
    """Send all items, without prices."""
    return _send(kafka, _records(_Sender.items.product_events))


def send_offers(kafka: str) -> Offered:
    """Send the prices of all items."""
    return _send(kafka, _records(_Sender.items.offers))


def send_texts(kafka: str) -> Offered:
    """Send a new text of every item."""
    mix = _Sender.mix()
    return _send(kafka, _records(mix.text(product_id) for product_id in _Sender.items.products))


def offer(kafka: str, per_second: float, seconds: float) -> Offered:
    """Send the mix at a steady rate."""
    events = _Sender.mix().events(round(per_second * seconds))
    return _send(kafka, at_rate(_records(events), per_second, time.monotonic, _nap))


def flood(kafka: str, api: str, seconds: float) -> Offered:
    """Send the mix as fast as it becomes searchable: never more than 1,500 events are under way."""
    backlog, stop = _Backlog(api), time.monotonic() + seconds

    def as_there_is_room() -> Iterator[OutgoingRecord]:
        for outgoing in _records(_Sender.mix()):
            while backlog.events >= IN_FLIGHT_MAX:
                time.sleep(FULL_WAIT_S)
            if time.monotonic() > stop:
                return
            backlog.sent += 1
            yield outgoing

    with backlog:
        return _send(kafka, as_there_is_room())


def _nap(seconds: float) -> None:
    if seconds >= NAP_SECONDS_MIN:
        time.sleep(seconds)


class _Backlog:
    """The most events that can be under way: those of the last look, and all sent since before it."""

    def __init__(self, api: str) -> None:
        self.sent = 0
        self._client = Client(api)
        self._looked = (0, 0)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    @property
    def events(self) -> int:
        waited, sent_before = self._looked
        return waited + self.sent - sent_before

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(LOOK_INTERVAL_S):
            sent_before = self.sent
            self._looked = (waiting(self._client.status().model_dump(), vectors=False), sent_before)


def record(event: DemoEvent, number: int = 1) -> OutgoingRecord:
    """Return a record without `updated_at`, so that its own time stamps it."""
    topic, product_id, value = event
    return OutgoingRecord(number, topic, product_id.encode(), orjson.dumps(value))


def _records(events: Iterable[DemoEvent]) -> Iterator[OutgoingRecord]:
    return (record(event, number) for number, event in enumerate(events, 1))


def _send(kafka: str, records: Iterable[OutgoingRecord]) -> Offered:
    sent, began = SendReport(), time.monotonic()
    with Producer(Cluster(kafka)) as producer:
        producer.send_all(records, sent)
    if sent.failed:
        raise RuntimeError(f"{sent.failed} events were not sent: {sent.problems[0].reason}")
    return Offered(sent.confirmed, time.monotonic() - began)
