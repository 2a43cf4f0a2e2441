"""Reads the item log and the review states of owned partitions: to the end before the first event, and ever after."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from schemas.codec import decode_item, decode_review, split_review_key
from stream.items.publisher import WRITER_HEADER
from stream.topics import ITEMS, STATES
from stream.tracker import Partition

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from stream.items.partition import ItemPartition
    from stream.reader import Reader, Record

    Differs = Callable[[ItemPartition, str], None]
    Recovered = Callable[[ItemPartition, int], None]

log = structlog.get_logger(__name__)


class OwnLogs:
    """What the logs of the owned partitions say, joined into their state.

    A plain producer has no fencing: a worker that was frozen can append an older record after its successor's. So the
    owner reads on, and where a record of another writer is not the join, the join is published again.
    """

    def __init__(self, reader: Reader, writer: str, *, differs: Differs, recovered: Recovered) -> None:
        self._reader = reader
        self._writer = writer.encode()
        self._differs = differs
        self._recovered = recovered
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
        positions = self._reader.positions
        places = [Partition(topic, number) for number in self._owned for topic in STATES]
        self._reader.assign({p: 0 if p.number in self._new else positions.get(p, 0) for p in places})
        if not places:
            await asyncio.Event().wait()
        if self._new:
            await self._recover()
        async for records in self._reader.read_on():
            self._take(records, recovering=False)

    async def _recover(self) -> None:
        async for records in self._reader.read_to_end():
            self._take(records, recovering=True)
            await asyncio.sleep(0)  # Heartbeats and commits get their turn between lists of records.
        for number in sorted(self._new):
            partition = self._owned[number]
            end = self._reader.positions[Partition(ITEMS, number)]
            log.info("recovered", partition=number, items=len(partition.items), items_end=end)
            for product_id in partition.unlogged():
                self._differs(partition, product_id)
            self._recovered(partition, end)
        self._new.clear()

    def _take(self, records: list[Record], *, recovering: bool) -> None:
        for record in records:
            own = (WRITER_HEADER, self._writer) in record.headers
            if record.value is None or record.key is None or (own and not recovering):
                continue
            partition = self._owned[record.partition.number]
            product_id, differs = self._join(partition, record)
            if differs and not recovering:
                self._differs(partition, product_id)

    @staticmethod
    def _join(partition: ItemPartition, record: Record) -> tuple[str, bool]:
        key, value = record.key or b"", record.value or b""
        if record.partition.topic == ITEMS:
            item = decode_item(value)
            return item.state.product_id, partition.take_record(item)
        product_id, review_id = split_review_key(key)
        return product_id, partition.take_review(product_id, review_id, decode_review(value))
