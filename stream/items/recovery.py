"""The recovery of state: it reads the item log and the review states of the assigned partitions to their end before
the first event, and goes on reading, to repair what other writers append."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import structlog

from schemas.errors import ForeignRecord
from schemas.state_codec import decode_review, logged_item_under, split_review_key
from stream.kafka.partitions import Partition
from stream.kafka.topics import ITEMS, STATES
from stream.state_files.records import WRITER_HEADER

if TYPE_CHECKING:
    from collections.abc import Collection

    from stream.items.assignment import ItemsAssignment
    from stream.items.partition import ItemPartition
    from stream.items.publisher import Publisher
    from stream.kafka.reader import Reader, Record
    from stream.runtime.metrics import ItemsMetrics

log = structlog.get_logger(__name__)


class Heap(Protocol):
    """The memory of the process. `workers.memory` is one."""

    def freeze_heap(self) -> None:
        """Exclude everything that is on the heap now from all later garbage collections."""


class StateRecovery:
    """Joins the logs of the assigned partitions into their state.

    A plain producer has no fencing: a worker that was frozen can append an older record after its successor's. So the
    worker reads on, and where a record of another writer is not the join, the join is published again.
    """

    def __init__(
        self,
        reader: Reader,
        *,
        assignment: ItemsAssignment,
        publisher: Publisher,
        metrics: ItemsMetrics,
        heap: Heap | None = None,
    ) -> None:
        """`heap` is frozen whenever the state of a partition is in memory, to stay."""
        self._reader = reader
        self._assignment = assignment
        self._publisher = publisher
        self._metrics = metrics
        self._heap = heap
        self._assigned: dict[int, ItemPartition] = {}
        self._new: set[int] = set()
        self._changed = asyncio.Event()

    @property
    def recovering(self) -> bool:
        """Return whether the state of an assigned partition is not recovered yet."""
        return bool(self._new)

    def assign(self, partitions: Collection[ItemPartition]) -> None:
        """Replace the partitions that are read; the state of those not assigned before is recovered."""
        before, self._assigned = self._assigned, {partition.number: partition for partition in partitions}
        kept = {number for number, partition in self._assigned.items() if before.get(number) is partition}
        self._new = (self._new & kept) | (self._assigned.keys() - kept)
        self._changed.set()

    async def run(self) -> None:
        """Read until cancelled; start over whenever the assignment changes."""
        while True:
            self._changed.clear()
            following = asyncio.create_task(self._follow())
            changed = asyncio.create_task(self._changed.wait())
            try:
                await asyncio.wait({following, changed}, return_when=asyncio.FIRST_COMPLETED)
                if following.done():
                    following.result()
            finally:
                for task in (following, changed):
                    task.cancel()
                await asyncio.gather(following, changed, return_exceptions=True)

    async def _follow(self) -> None:
        # Both are other objects once the assignment has changed; a read that is under way must touch only these.
        assigned, new, positions = self._assigned, self._new, self._reader.positions
        partitions = [Partition(topic, number) for number in assigned for topic in STATES]
        self._reader.assign({p: 0 if p.number in new else positions.get(p, 0) for p in partitions})
        if not partitions:
            await asyncio.Event().wait()
        if new:
            await self._recover(assigned, new)
        async for records in self._reader.follow():
            self._join_records(assigned, records, recovering=False)

    async def _recover(self, assigned: dict[int, ItemPartition], new: set[int]) -> None:
        async for records in self._reader.read_to_end():
            self._join_records(assigned, records, recovering=True)
            await asyncio.sleep(0)  # Heartbeats and commits get their turn between lists of records.
        if assigned is not self._assigned:
            return
        for number in sorted(new):
            partition = assigned[number]
            end = self._reader.positions[Partition(ITEMS, number)]
            log.info("recovered", partition=number, items=len(partition.items), items_end=end)
            for product_id in partition.unlogged():
                self._publish(partition, product_id)
            self._assignment.recovered(partition, end)
            if self._heap is not None:
                self._heap.freeze_heap()
        new.clear()

    def _join_records(self, assigned: dict[int, ItemPartition], records: list[Record], *, recovering: bool) -> None:
        if assigned is not self._assigned:
            return  # Read while the assignment changed: the worker that has the partition now reads it again.
        partition = assigned[records[0].partition.number]
        own = (WRITER_HEADER, partition.writer.encode())
        for record in records:
            if own in record.headers and not recovering:
                continue
            try:
                product_id, differs = self._join(partition, record)
            except ForeignRecord as error:  # The index worker sends those of the item log to the dead letters.
                product_id = (record.key or b"").decode(errors="replace")
                _log_foreign(record, product_id, error)
                differs = record.partition.topic == ITEMS and partition.hide(product_id)
            if recovering:
                continue
            if record.partition.topic == ITEMS:  # An event that it states already is acked without a record of ours.
                self._assignment.reaches(partition, record.offset)
            if differs:
                self._publish(partition, product_id)

    def _publish(self, partition: ItemPartition, product_id: str) -> None:
        self._metrics.joined.inc()
        self._publisher.publish_again(partition, product_id)

    def _join(self, partition: ItemPartition, record: Record) -> tuple[str, bool]:
        """Join a record; return the item's product_id, and whether it must be published again."""
        key, value = record.key, record.value
        if not key or not value:
            raise ForeignRecord("it lacks a key or a value")
        followed = self._publisher.appends_after(partition, record.partition.topic, record.offset)
        if record.partition.topic == ITEMS:
            item = logged_item_under(key, value)
            return item.product_id, partition.join_record(item, followed=followed)
        product_id, review_id = split_review_key(key)
        review = decode_review(value)
        return product_id, partition.join_review_record(product_id, review_id, review, followed=followed)


def _log_foreign(record: Record, product_id: str, error: ForeignRecord) -> None:
    topic, number = record.partition
    where = {"topic": topic, "partition": number, "offset": record.offset}
    log.error("not ours, passed over", product_id=product_id, **where, error=str(error))
