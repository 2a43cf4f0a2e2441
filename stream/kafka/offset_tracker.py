"""Offset trackers: they decide which offsets are acked, and are the only source of commits.

Faust commits past gaps (`Consumer._new_offset`), so the committable offset is computed here: it is the first offset
that was delivered and is not acked, or the next offset where all are acked.

This module enforces docs/invariants.md#2.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from stream.kafka.partitions import Partition
    from stream.kafka.record_batch import RecordBatch


class ConsumerGroup(Protocol):
    """The consumer group of a worker."""

    def generation(self) -> int:
        """Return the generation of the group as this worker knows it. It rises in the consumer's own thread, before
        the worker hears of its new partitions."""


class OffsetTracker:
    """The offsets of one partition that were delivered, in rising order, and the acked ones among them, in any
    order."""

    def __init__(self) -> None:
        self._in_flight: deque[int] = deque()
        self._acked: set[int] = set()
        self._next: int | None = None

    def start(self, offsets: Sequence[int]) -> None:
        """Begin to track delivered offsets, at least one, in rising order. Raises ValueError if they do not rise."""
        if not self.follows(offsets[0]):
            raise ValueError(f"offset {offsets[0]} was delivered when {self._next} was next")
        self._in_flight.extend(offsets)
        self._next = offsets[-1] + 1

    def passes(self, end: int) -> None:
        """Note that no record lies between the last delivered one and this offset."""
        self._next = end if self._next is None else max(self._next, end)

    def follows(self, offset: int) -> bool:
        """Return whether the offset lies above every delivered one."""
        return self._next is None or offset >= self._next

    def ack(self, offset: int) -> None:
        """Ack a delivered offset: the effect of its record is safe downstream."""
        self._acked.add(offset)
        while self._in_flight and self._in_flight[0] in self._acked:
            self._acked.discard(self._in_flight.popleft())

    @property
    def committable(self) -> int | None:
        """Return the first offset that is not acked, which is what may be committed; None before the first delivery."""
        return self._in_flight[0] if self._in_flight else self._next

    @property
    def in_flight(self) -> int:
        """Return how many offsets were delivered from the committable one on, acked or not."""
        return len(self._in_flight)


class InFlightRecord:
    """One delivered record, to be acked once, when its effect is safe."""

    __slots__ = ("_tracker", "offset")

    def __init__(self, tracker: OffsetTracker, offset: int) -> None:
        self._tracker = tracker
        self.offset = offset

    def ack(self) -> None:
        """Ack the record. The ack of a record from before a rebalance reaches only a tracker that nobody reads."""
        self._tracker.ack(self.offset)


class OffsetTrackers:
    """A tracker for each assigned partition, replaced with each generation of the consumer group.

    After a rebalance Faust seeks to the committed offsets and delivers the records in flight once more (as after any
    seek back). Those deliveries belong to a new tracker, and late acks of the old ones change nothing.
    """

    def __init__(self) -> None:
        self._trackers: dict[Partition, tuple[int, OffsetTracker]] = {}

    def start(self, batch: RecordBatch) -> list[InFlightRecord]:
        """Begin to track the records of a batch, and return a handle for each of them."""
        known, offsets = self._trackers.get(batch.partition), [record.offset for record in batch.records]
        first = offsets[0] if offsets else batch.end
        if known is None or known[0] != batch.generation_id or not known[1].follows(first):
            known = self._trackers[batch.partition] = (batch.generation_id, OffsetTracker())
        if offsets:
            known[1].start(offsets)
        known[1].passes(batch.end)
        return [InFlightRecord(known[1], offset) for offset in offsets]

    def committable(self, partition: Partition) -> int | None:
        """Return the offset that may be committed; None where nothing was delivered yet."""
        known = self._trackers.get(partition)
        return known[1].committable if known else None

    def forget(self, partitions: Collection[Partition]) -> None:
        """Drop the trackers of partitions that were revoked: their acks count for nothing from now on."""
        for partition in partitions:
            self._trackers.pop(partition, None)

    @property
    def partitions(self) -> list[Partition]:
        """Return the partitions with a delivery since they were assigned."""
        return list(self._trackers)

    @property
    def in_flight(self) -> int:
        """Return how many records were delivered from the committable offsets on."""
        return sum(tracker.in_flight for _, tracker in self._trackers.values())
