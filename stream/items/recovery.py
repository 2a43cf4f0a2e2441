"""Reads the item log and the review states of owned partitions: to the end before the first event, and ever after."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from schemas.errors import ForeignRecord
from schemas.state_codec import decode_item_under, decode_review, split_review_key
from stream.kafka.partitions import Partition
from stream.kafka.topics import ITEMS, STATES
from stream.state_files.records import WRITER_HEADER

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from stream.items.partition import ItemPartition
    from stream.kafka.reader import Reader, Record

    Differs = Callable[[ItemPartition, str], None]
    Recovered = Callable[[ItemPartition, int], None]
    Reaches = Callable[[ItemPartition, int], None]

log = structlog.get_logger(__name__)


class StateRecovery:
    """What the logs of the owned partitions say, joined into their state.

    A plain producer has no fencing: a worker that was frozen can append an older record after its successor's. So the
    owner reads on, and where a record of another writer is not the join, the join is published again.
    """

    def __init__(self, reader: Reader, *, differs: Differs, recovered: Recovered, reaches: Reaches) -> None:
        self._reader = reader
        self._differs = differs
        self._recovered = recovered
        self._reaches = reaches
        self._owned: dict[int, ItemPartition] = {}
        self._new: set[int] = set()
        self._changed = asyncio.Event()

    def own(self, partitions: Collection[ItemPartition]) -> None:
        """These, and no others, from now on; those not owned before are recovered."""
        before, self._owned = self._owned, {partition.number: partition for partition in partitions}
        kept = {number for number, partition in self._owned.items() if before.get(number) is partition}
        self._new = (self._new & kept) | (self._owned.keys() - kept)
        self._changed.set()

    async def run(self) -> None:
        """Reads for ever; begins anew whenever the ownership changes."""
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
        # Both are other objects once the ownership has changed; what is under way then must touch only what it knows.
        owned, new, positions = self._owned, self._new, self._reader.positions
        places = [Partition(topic, number) for number in owned for topic in STATES]
        self._reader.assign({p: 0 if p.number in new else positions.get(p, 0) for p in places})
        if not places:
            await asyncio.Event().wait()
        if new:
            await self._recover(owned, new)
        async for records in self._reader.follow():
            self._take(owned, records, recovering=False)

    async def _recover(self, owned: dict[int, ItemPartition], new: set[int]) -> None:
        async for records in self._reader.read_to_end():
            self._take(owned, records, recovering=True)
            await asyncio.sleep(0)  # Heartbeats and commits get their turn between lists of records.
        if owned is not self._owned:
            return
        for number in sorted(new):
            partition = owned[number]
            end = self._reader.positions[Partition(ITEMS, number)]
            log.info("recovered", partition=number, items=len(partition.items), items_end=end)
            for product_id in partition.unlogged():
                self._differs(partition, product_id)
            self._recovered(partition, end)
        new.clear()

    def _take(self, owned: dict[int, ItemPartition], records: list[Record], *, recovering: bool) -> None:
        if owned is not self._owned:
            return  # Read while the ownership changed: it is read again by whoever owns it now.
        for record in records:
            partition = owned[record.partition.number]
            own = (WRITER_HEADER, partition.writer.encode()) in record.headers
            if own and not recovering:
                continue
            try:
                product_id, differs = self._join(partition, record)
            except ForeignRecord as error:  # Of the item log, the index worker sends it to the dead letters.
                log.error("not ours, passed over", place=record.partition, offset=record.offset, error=str(error))
                product_id = (record.key or b"").decode(errors="replace")
                differs = record.partition.topic == ITEMS and partition.hidden(product_id)
            if recovering:
                continue
            if record.partition.topic == ITEMS:  # An event that it says already is finished without a record of ours.
                self._reaches(partition, record.offset)
            if differs:
                self._differs(partition, product_id)

    @staticmethod
    def _join(partition: ItemPartition, record: Record) -> tuple[str, bool]:
        key, value = record.key, record.value
        if not key or not value:
            raise ForeignRecord("it lacks a key or a value")
        if record.partition.topic == ITEMS:
            item = decode_item_under(key, value)
            return item.state.product_id, partition.take_record(item)
        product_id, review_id = split_review_key(key)
        return product_id, partition.take_review(product_id, review_id, decode_review(value))
