"""The assignment of an items worker: its partitions, whether their state is recovered, and how far each one is acked.

It is made before everything that reads it, so worker, publisher and recovery need nothing of each other to know which
partitions are theirs.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from schemas.progress import ItemsProgress
from stream.items.partition import ItemPartition
from stream.kafka.partitions import Partition
from stream.kafka.topics import INPUTS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from stream.kafka.offset_tracker import ConsumerGroup, InFlightRecord, OffsetTrackers
    from stream.kafka.record_batch import RecordBatch
    from stream.progress.reporter import Reporter


@dataclass(slots=True)
class AssignedPartition:
    """A partition for as long as it is assigned to this worker."""

    state: ItemPartition
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the state is recovered, and when the partition is revoked: then those who wait look once more."""
    revoked: bool = False
    items_end: int | None = None
    """The offset behind the last record of the item log that the state is known from; None until it is recovered."""


class Delivery(NamedTuple):
    """A batch that is being handled: the partition it is from, and a handle for each of its records."""

    assigned: AssignedPartition
    in_flight: list[InFlightRecord]


class ItemsAssignment:
    """The partitions that the consumer group has assigned to this worker, with the same number in every input topic."""

    def __init__(self, writer: str, trackers: OffsetTrackers, group: ConsumerGroup, reporter: Reporter) -> None:
        """`writer` names the process. `trackers` decide what is committed."""
        self._writers = (f"{writer}-{assignment}" for assignment in count())
        self._trackers = trackers
        self._group = group
        self._reporter = reporter
        self._assigned: dict[int, AssignedPartition] = {}
        self._start_offsets: dict[Partition, int] = {}
        # Not in AssignedPartition: the consumer may learn its commits before the worker hears of the assignment.

    @property
    def states(self) -> list[ItemPartition]:
        """Return the states of the partitions assigned now."""
        return [assigned.state for assigned in self._assigned.values()]

    def state(self, number: int) -> ItemPartition:
        """Return the state of an assigned partition. Raises KeyError for any other."""
        return self._assigned[number].state

    def assign(self, numbers: Collection[int]) -> list[ItemPartition]:
        """Replace the assigned partitions, and return the states of those that were revoked."""
        revoked = [self._assigned.pop(number) for number in self._assigned.keys() - set(numbers)]
        for partition in revoked:
            self._trackers.forget([Partition(topic, partition.state.number) for topic in INPUTS])
            partition.revoked = True
            partition.ready.set()
        for number in set(numbers) - self._assigned.keys():
            self._assigned[number] = AssignedPartition(ItemPartition(number, next(self._writers)))
        return [partition.state for partition in revoked]

    def begin(self, commits: Mapping[Partition, int]) -> None:
        """Remember the commits that the partitions are read from: every event below them is acked."""
        self._start_offsets.update(commits)
        for number in {partition.number for partition in commits}:
            self._report(number)  # A recovery that was faster has reported less than the commits say.

    async def deliver(self, batch: RecordBatch) -> Delivery | None:
        """Wait until the partition is recovered and begin to track the records; None if it was revoked meanwhile.

        A batch from before a rebalance must not begin a tracker: the offsets below it are not acked.
        """
        number = batch.partition.number
        while (assigned := self._assigned.get(number)) is not None and not assigned.ready.is_set():
            await assigned.ready.wait()
        if assigned is None or batch.generation_id != self._group.generation():
            return None
        delivery = Delivery(assigned, self._trackers.start(batch))
        if not batch.records:  # No ack reports that a gap was passed.
            self._report(number)
        return delivery

    def recovered(self, state: ItemPartition, items_end: int) -> None:
        """Let events of a partition come, as its logs are read up to `items_end`, and report where it begins."""
        assigned = self._assigned.get(state.number)
        if assigned is not None and assigned.state is state:
            assigned.items_end = max(items_end, assigned.items_end or 0)
            assigned.ready.set()
            self._report(state.number)

    def reaches(self, state: ItemPartition, offset: int) -> None:
        """Note that the state comes from the item log up to this offset, with which acked events are searchable.

        -1 adds no record, and only reports what was acked.
        """
        assigned = self._assigned.get(state.number)
        if assigned is not None and assigned.state is state:
            assigned.items_end = max(assigned.items_end or 0, offset + 1)
            self._report(state.number)

    def committable(self) -> dict[Partition, int | None]:
        """Return the committable offset of each input partition with a delivery."""
        return {partition: self._trackers.committable(partition) for partition in self._trackers.partitions}

    def progress(self, number: int) -> ItemsProgress | None:
        """Return the progress record of a partition; None while it is not assigned and recovered."""
        assigned = self._assigned.get(number)
        if assigned is None or assigned.items_end is None:
            return None
        acked = {}
        for topic in INPUTS:
            partition = Partition(topic, number)
            committable = self._trackers.committable(partition)
            acked[topic] = self._start_offsets.get(partition, 0) if committable is None else committable
        return ItemsProgress(number, acked, assigned.items_end)

    def _report(self, number: int) -> None:
        self._reporter.mark(("items", number), PartitionProgress(self, number))


class PartitionProgress(NamedTuple):
    """The progress of a partition, as the assignment knows it."""

    assignment: ItemsAssignment
    number: int

    def latest(self) -> ItemsProgress | None:
        """Return the progress record; None while the partition is not assigned and recovered."""
        return self.assignment.progress(self.number)
