"""Real events for the scenarios on a server: a catalogue at once, then its changes, disordered and repeated."""

from __future__ import annotations

import itertools
import random
import threading
import zlib
from typing import TYPE_CHECKING, Self

import orjson

from stream.demo import clothing, electronics, hongkong
from stream.demo.source import rows
from stream.producing import Outgoing, Producer, Sent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.tokens import Token
    from stream.demo.source import Event

SWAPPED_WITHIN = 50
TWICE_SHARE = 0.1
REVIEW_EVERY = 6


class Traffic:
    """One producer; a context manager."""

    def __init__(self, kafka: str, seed: int, *, one_in: int, electronics_items: int) -> None:
        self._producer = Producer([kafka])
        self._rng = random.Random(seed)
        self._one_in = one_in
        self._electronics_items = electronics_items
        self._lines = itertools.count(1)
        self.sent = Sent()
        self._changes = self._endless()
        self._flowing: threading.Thread | None = None
        self._ends = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self._producer.close()

    def catalogue(self) -> int:
        """How many events."""
        events = [event for event in hongkong.snapshot(rows("hk_snapshot_start")) if self._chosen(event[1])]
        events += itertools.islice(electronics.events(rows("electronics_products")), 2 * self._electronics_items)
        self._rng.shuffle(events)
        self._producer.send_all(map(self._record, events), self.sent)
        return len(events)

    def flow(self, per_second: float) -> None:
        """Changes until `end`."""
        self._ends.clear()
        self._flowing = threading.Thread(target=self._flow, args=(per_second,))
        self._flowing.start()

    def end(self) -> None:
        """All that was sent is confirmed."""
        self._ends.set()
        if self._flowing is not None:
            self._flowing.join()
            self._flowing = None
        self._producer.send_all((), self.sent)
        assert not self.sent.failed, self.sent.problems

    def send(self, event: Event) -> Token:
        """One event of one's own."""
        return self._producer.send_now(self._record(event))

    def _flow(self, per_second: float) -> None:
        while not self._ends.wait(1 / per_second):
            self._producer.send_one(self._record(next(self._changes)), self.sent)

    def _endless(self) -> Iterator[Event]:
        while True:
            reviews = itertools.cycle(itertools.islice(clothing.reviews(rows("reviews_clothing")), 300))
            changes = (event for event in hongkong.changes(rows("hk_events")) if self._chosen(event[1]))
            while window := list(itertools.islice(changes, SWAPPED_WITHIN)):
                window += self._rng.sample(window, k=int(len(window) * TWICE_SHARE))
                window += itertools.islice(reviews, SWAPPED_WITHIN // REVIEW_EVERY)
                self._rng.shuffle(window)
                yield from window

    def _record(self, event: Event) -> Outgoing:
        topic, key, body = event
        return Outgoing(next(self._lines), topic, key.encode(), orjson.dumps(body))

    def _chosen(self, product_id: str) -> bool:
        return zlib.crc32(product_id.encode()) % self._one_in == 0
