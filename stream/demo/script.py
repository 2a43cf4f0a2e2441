"""What the demo sends: a catalogue once, then changes without end."""

from __future__ import annotations

from itertools import count, islice
from typing import TYPE_CHECKING

import orjson

from stream.demo import clothing, electronics, hongkong
from stream.demo.source import Event, rows
from stream.kafka.producer import OutgoingRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

CHANGES_PER_REVIEW = 8


def catalogue() -> Iterator[Event]:
    """Hong Kong's prices, electronics, clothing and the older half of its reviews."""
    yield from hongkong.snapshot(rows("hk_snapshot_start"))
    yield from electronics.events(rows("electronics_products"))
    yield from clothing.products(rows("reviews_clothing"))
    yield from islice(clothing.reviews(rows("reviews_clothing")), 0, None, 2)


def changes(done: int) -> Iterator[Event]:
    """Hong Kong's changes in their order, a review after every eighth; at their end from the start again.

    `done`: how many an earlier run has sent.
    """
    return islice(_rounds(), done, None)


def outgoing(events: Iterable[Event], tick_ms: Callable[[], int]) -> Iterator[OutgoingRecord]:
    """As records, each stamped with its own time instead of the source's, so that later ones win."""
    for number, (topic, product_id, event) in enumerate(events, 1):
        stamped = {name: value for name, value in event.items() if name != "version"} | {"updated_at": tick_ms()}
        yield OutgoingRecord(number, topic, product_id.encode(), orjson.dumps(stamped))


def ticks(now_ms: Callable[[], int]) -> Callable[[], int]:
    """A clock that never says the same millisecond twice: equal times of one product would not be ordered."""
    last = 0

    def tick() -> int:
        nonlocal last
        last = max(last + 1, now_ms())
        return last

    return tick


def _rounds() -> Iterator[Event]:
    for _ in count():
        reviews = islice(clothing.reviews(rows("reviews_clothing")), 1, None, 2)
        for number, change in enumerate(hongkong.changes(rows("hk_events")), 1):
            yield change
            if number % CHANGES_PER_REVIEW == 0:
                yield from islice(reviews, 1)
