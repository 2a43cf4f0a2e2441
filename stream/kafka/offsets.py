"""Which offsets are finished: the only source of commits.

Faust commits past gaps (`Consumer._new_offset`), so what may be committed is decided here: the end of the finished
prefix of what was delivered.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from stream.kafka.partitions import Partition


class OffsetTracker:
    """One partition: what was delivered, in rising order, and which of it is finished, in any order."""

    def __init__(self) -> None:
        self._unfinished: deque[int] = deque()
        self._finished: set[int] = set()
        self._next: int | None = None

    def start(self, offset: int) -> None:
        """An offset was delivered. Raises ValueError if it does not rise."""
        if not self.follows(offset):
            raise ValueError(f"offset {offset} was delivered when {self._next} was next")
        self._unfinished.append(offset)
        self._next = offset + 1

    def follows(self, offset: int) -> bool:
        """Whether it lies above all that was delivered."""
        return self._next is None or offset >= self._next

    def finish(self, offset: int) -> None:
        """Its effect is safe downstream."""
        self._finished.add(offset)
        while self._unfinished and self._unfinished[0] in self._finished:
            self._finished.discard(self._unfinished.popleft())

    @property
    def prefix(self) -> int | None:
        """The first offset that is not finished: what may be committed. None before the first delivery."""
        return self._unfinished[0] if self._unfinished else self._next

    @property
    def in_flight(self) -> int:
        """Delivered offsets above the prefix, finished or not."""
        return len(self._unfinished)


class InFlightRecord:
    """One delivered record: finish it once, when its effect is safe."""

    __slots__ = ("_tracker", "offset")

    def __init__(self, tracker: OffsetTracker, offset: int) -> None:
        self._tracker = tracker
        self.offset = offset

    def ack(self) -> None:
        """Acks; of a delivery from before a rebalance nothing is left to ack, and nothing happens."""
        self._tracker.finish(self.offset)

    finish = ack


class OffsetTrackers:
    """A tracker for each owned partition, begun anew with each generation of the consumer group.

    After a rebalance Faust seeks to the committed offsets and delivers again what was in flight (as after any seek
    back): those deliveries belong to a new tracker, and late finishes of the old ones touch nothing.
    """

    def __init__(self) -> None:
        self._trackers: dict[Partition, tuple[int, OffsetTracker]] = {}

    def start(self, partition: Partition, offset: int, generation: int) -> InFlightRecord:
        """A record was delivered in this generation."""
        known = self._trackers.get(partition)
        if known is None or known[0] != generation or not known[1].follows(offset):
            known = self._trackers[partition] = (generation, OffsetTracker())
        known[1].start(offset)
        return InFlightRecord(known[1], offset)

    def prefix(self, partition: Partition) -> int | None:
        """What may be committed of it; None: nothing was delivered yet."""
        known = self._trackers.get(partition)
        return known[1].prefix if known else None

    def forget(self, partitions: Collection[Partition]) -> None:
        """They were revoked."""
        for partition in partitions:
            self._trackers.pop(partition, None)

    @property
    def partitions(self) -> list[Partition]:
        """Those with a delivery since they were assigned."""
        return list(self._trackers)

    @property
    def in_flight(self) -> int:
        """Delivered records above the prefixes."""
        return sum(tracker.in_flight for _, tracker in self._trackers.values())
