"""The assignment of a worker: its partitions of the item log, where it began to read them, and how far it has acked.

It is created before the worker, the writers and the lanes, which all read it. So they learn which partitions are
assigned without depending on each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stream.kafka.partitions import Partition
from stream.kafka.topics import ITEMS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from stream.kafka.offset_tracker import ConsumerGroup, InFlightRecord, OffsetTrackers
    from stream.kafka.record_batch import RecordBatch


class Assignment:
    """The partitions of the item log that the consumer group has assigned to this worker."""

    def __init__(self, trackers: OffsetTrackers, group: ConsumerGroup) -> None:
        """`trackers` decide which offsets are committed, so they may track only records of assigned partitions."""
        self._trackers = trackers
        self._group = group
        self._start_offsets: dict[int, int] = {}
        self._partitions: frozenset[int] = frozenset()

    @property
    def partitions(self) -> frozenset[int]:
        """The partitions that are assigned now; empty while the group rebalances."""
        return self._partitions

    @property
    def generation(self) -> int:
        """The generation of the consumer group."""
        return self._group.generation()

    @property
    def in_flight(self) -> int:
        """The number of delivered records above the committable offsets."""
        return self._trackers.in_flight

    def assign(self, numbers: Collection[int]) -> None:
        """Replace the assigned partitions. Later acks of records from a revoked partition are ignored."""
        self._partitions = frozenset(numbers)
        # This includes partitions that had been revoked again by the time the worker learned of them.
        revoked = [each for each in self._trackers.partitions if each.number not in self._partitions]
        self._trackers.forget(revoked)
        self._start_offsets = {n: start for n, start in self._start_offsets.items() if n in self._partitions}

    def begin(self, generation: int, starts: Mapping[Partition, int]) -> bool:
        """Set the offsets from which this generation reads; return False, and set nothing, if the generation has ended.

        The caller then computes the offsets again, for the partitions of the next generation.
        """
        if generation != self.generation:
            return False
        self._start_offsets |= {partition.number: start for partition, start in starts.items()}
        return True

    def deliver(self, batch: RecordBatch) -> list[InFlightRecord]:
        """Begin to track the records of a batch, and return a handle for each of them.

        Return none if the batch was fetched before a rebalance: its records will be delivered again.
        """
        return self._trackers.start(batch) if batch.generation_id == self.generation else []

    def committable(self) -> dict[int, int]:
        """Return, for each assigned partition, the offset below which every item record is searchable."""
        known = {number: self._trackers.committable(Partition(ITEMS, number)) for number in self._start_offsets}
        return {n: self._start_offsets[n] if offset is None else offset for n, offset in known.items()}
