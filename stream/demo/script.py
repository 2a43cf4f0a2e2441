"""The script of the demo: a catalogue once, then changes without end. And how far the demo is in it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, islice
from typing import TYPE_CHECKING

import orjson

from stream.demo import clothing, electronics, hongkong
from stream.demo.rows import DemoEvent, rows
from stream.kafka.producer import OutgoingRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from workers.clock import Clock

CHANGES_PER_REVIEW = 8


def catalogue() -> Iterator[DemoEvent]:
    """Yield Hong Kong's prices, the electronics, the clothing and the older half of its reviews."""
    yield from hongkong.snapshot(rows("hk_snapshot_start"))
    yield from electronics.events(rows("electronics_products"))
    yield from clothing.products(rows("reviews_clothing"))
    yield from islice(clothing.reviews(rows("reviews_clothing")), 0, None, 2)


def changes(done: int) -> Iterator[DemoEvent]:
    """Yield Hong Kong's changes in their order, with a review after every eighth; at the end they start again.

    `done` is how many of them an earlier run has sent.
    """
    return islice(_rounds(), done, None)


class StampClock:
    """The times that events are stamped with. Each is later than the last: equal times of a product have no order."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_ms = 0

    def next_ms(self) -> int:
        """Return the time of day in milliseconds, or one more than the last one returned."""
        self._last_ms = max(self._last_ms + 1, self._clock.now_ms())
        return self._last_ms


def outgoing(events: Iterable[DemoEvent], stamps: StampClock) -> Iterator[OutgoingRecord]:
    """Yield the events as records, stamped with the time of sending instead of the source's, so that later ones win."""
    for number, (topic, product_id, event) in enumerate(events, 1):
        stamped = {name: value for name, value in event.items() if name != "version"}
        stamped["updated_at"] = stamps.next_ms()
        yield OutgoingRecord(number, topic, product_id.encode(), orjson.dumps(stamped))


@dataclass(slots=True)
class DemoPosition:
    """The position of the demo in its script, saved in the data directory every few seconds, so that a second start
    goes on.

    After a crash some changes are sent twice, which changes nothing.
    """

    path: Path
    loaded: bool = False
    """True once the whole catalogue is in the log."""
    changes: int = 0
    """The changes sent after the catalogue."""

    @classmethod
    def read(cls, data_dir: Path) -> DemoPosition:
        """Return the saved position; the start of the script if there is none, or none that can be read."""
        path = data_dir / "demo.json"
        try:
            saved = orjson.loads(path.read_bytes())
            return cls(path, bool(saved["loaded"]), int(saved["changes"]))
        except (OSError, ValueError, KeyError, TypeError):
            return cls(path)

    def count_change(self) -> None:
        """Count a change that was sent after the catalogue."""
        self.changes += 1

    def note_loaded(self) -> None:
        """Note that the whole catalogue is searchable."""
        self.loaded = True

    def save(self) -> None:
        """Write the file in one step: a kill leaves the old or the new one."""
        new = self.path.with_suffix(".new")
        new.write_bytes(orjson.dumps({"loaded": self.loaded, "changes": self.changes}))
        new.replace(self.path)


def _rounds() -> Iterator[DemoEvent]:
    for _ in count():
        reviews = islice(clothing.reviews(rows("reviews_clothing")), 1, None, 2)
        for number, change in enumerate(hongkong.changes(rows("hk_events")), 1):
            yield change
            if number % CHANGES_PER_REVIEW == 0:
                yield from islice(reviews, 1)
