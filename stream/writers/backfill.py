"""Backfill, the last lane: fills a collection that is being built with the item records from before it was attached.

Once every delivered record goes to this collection too, the backfill requests the end offset of each assigned
partition. It reads the records below this end from the log and writes them; the newest version wins. The end and the
progress are stored in the collection, so that the next worker to which the partition is assigned continues from there.

This module enforces docs/invariants.md#8.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import structlog

from schemas.errors import Gone, Unavailable
from schemas.points import offset_in_log, point_version
from stream.kafka.offset_tracker import InFlightRecord, OffsetTracker
from stream.kafka.partitions import Partition
from stream.kafka.reader import Reader
from stream.kafka.topics import ITEMS
from stream.state_files.records import logged_item_of
from workers.lanes.pending_item import PendingItem
from workers.retry import unless_away

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from schemas.points import Payload
    from stream.kafka.reader import Record
    from stream.writers.context import WriterContext
    from workers.index.interface import Index
    from workers.index.stored import Stored
    from workers.lanes.lanes import Lanes

log = structlog.get_logger(__name__)

SAVE_INTERVAL_S = 0.5
LOOK_INTERVAL_S = 0.1
AWAY_S = 1.0
"""The pause after a broker or the index was away."""
CHECK_INTERVAL_S = 1.0
"""The time between two checks that the collection still marks the complete partitions as complete."""
REUSE_ITEMS = 64
"""The number of items whose vectors are looked up together in the collection that serves."""


class Backfill:
    """Fills one collection, partition by partition."""

    def __init__(
        self,
        index: Index,
        lanes: Lanes,
        context: WriterContext,
        *,
        check_interval_s: float = CHECK_INTERVAL_S,
        away_s: float = AWAY_S,
    ) -> None:
        self._index = index
        self._lanes = lanes
        self._context = context
        self._check_interval_s = check_interval_s
        self._away_s = away_s
        self._checked_s = context.clock.monotonic_s()
        self.complete: dict[int, int] = {}
        """The complete partitions, each with the end offset up to which it was filled."""

    async def run(self) -> None:
        """Fill each partition once, as soon as it is assigned, until cancelled."""
        while True:
            assigned = self._context.assignment.partitions
            self.complete = {number: end for number, end in self.complete.items() if number in assigned}
            for number in sorted(assigned - self.complete.keys()):
                await self._unless_away(partial(self._complete, number))
            await self._unless_away(self._check_complete)
            await asyncio.sleep(LOOK_INTERVAL_S)

    async def _unless_away(self, work: Callable[[], Awaitable[bool]]) -> None:
        """Leave work to the next round if a broker or the index is away, so that the other partitions go on."""
        if not await unless_away(work, "backfill waits", False):
            await asyncio.sleep(self._away_s)

    async def _complete(self, number: int) -> bool:
        end = await self._fill(number)
        if end is not None:
            self.complete[number] = end
            self._context.progress.publish()
            log.info("backfilled", partition=number, collection=self._index.collection)
        return True

    async def _check_complete(self) -> bool:
        """Save the positions of complete partitions again, at intervals, if the collection has lower ones.

        A worker may freeze while it saves, lose its partition to this worker, and then overwrite the positions with its
        lower ones when it resumes.
        """
        if self._context.clock.monotonic_s() - self._checked_s <= self._check_interval_s:
            return True
        kept = await self._index.positions() if self.complete else {}
        for number, end in self.complete.items():
            if filled_to(kept, number, self._context.epoch) is None:
                await self._save(number, end=end, done=end)
        self._checked_s = self._context.clock.monotonic_s()
        return True

    async def _fill(self, number: int) -> int | None:
        """Return the end up to which the partition is complete; None if it was revoked in the meantime."""
        partition, index = Partition(ITEMS, number), self._index
        async with Reader(self._context.kafka) as reader:
            reader.assign({partition: 0})
            kept = await index.positions()
            end = offset_in_log(kept.get(end_name(number)), self._context.epoch)
            done = offset_in_log(kept.get(done_name(number)), self._context.epoch)
            if end is None or done is None:
                end, done = (await reader.end_offsets())[partition], 0
                await self._save(number, end=end, done=0)
            if done:  # A reader whose partitions have just changed takes a second to close.
                reader.assign({partition: done})
            return await self._copy(number, reader, end)

    async def _copy(self, number: int, reader: Reader, end: int) -> int | None:
        partition, written, saved_s = Partition(ITEMS, number), OffsetTracker(), self._context.clock.monotonic_s()
        async for records in reader.read_to({partition: end}):
            for start in range(0, len(records), REUSE_ITEMS):
                if number not in self._context.assignment.partitions:
                    return None
                await self._put(records[start : start + REUSE_ITEMS], written)
                if self._context.clock.monotonic_s() - saved_s > SAVE_INTERVAL_S and written.committable is not None:
                    await self._save(number, end=end, done=min(written.committable, end))
                    saved_s = self._context.clock.monotonic_s()
        while written.in_flight:  # noqa: ASYNC110 (acked by the lanes)
            await asyncio.sleep(LOOK_INTERVAL_S)
        return end if await self._save(number, end=end, done=end) else None

    async def _put(self, records: list[Record], written: OffsetTracker) -> None:
        items = {record.offset: logged_item_of(record.key, record.value) for record in records}
        serving = await self._serving({item.product_id for item in items.values() if item})
        written.start(list(items))
        for record in records:
            in_flight = InFlightRecord(written, record.offset)
            if (item := items[record.offset]) is None:
                in_flight.ack()
                continue
            version = point_version(self._context.epoch, record.offset)
            shown = serving.get(item.product_id)
            pending = PendingItem(item, record.partition.number, version, [in_flight], serving=shown)
            await self._lanes.put_backfill(pending)

    async def _serving(self, product_ids: set[str]) -> dict[str, Payload]:
        """Return the points that searches see now, and cache their vectors, so that no vector is computed twice."""
        serving = self._context.attached.serving.index
        try:
            found = await serving.stored(product_ids, vectors=serving.model == self._index.model)
        except Gone as error:
            raise Unavailable(f"another collection serves by now: {error}") from error
        self._reuse_vectors(found.values())
        return {product_id: stored.payload for product_id, stored in found.items()}

    def _reuse_vectors(self, found: Iterable[Stored]) -> None:
        for stored in found:
            fingerprint = stored.payload["vector_fingerprint"]
            # While a vector is pending, the stored vector may already be the new one.
            if stored.dense is not None and fingerprint is not None and stored.payload["vector_due"] is None:
                self._context.cache.put(fingerprint, stored.dense)

    async def _save(self, number: int, *, end: int, done: int) -> bool:
        """Save `end` and `done` together; return False, and save nothing, if the partition has been revoked."""
        if number not in self._context.assignment.partitions:
            return False
        version = point_version(self._context.epoch, 0)
        await self._index.save_positions({end_name(number): version + end, done_name(number): version + done})
        return True


def end_name(number: int) -> str:
    """Return the name, among a collection's positions, of the version up to which a partition must be filled."""
    return f"backfill end {number}"


def done_name(number: int) -> str:
    """Return the name of the version up to which the partition is filled."""
    return f"backfill done {number}"


def filled_to(kept: Mapping[str, int], number: int, epoch: int) -> int | None:
    """Return the offset below which the backfill has written all of a partition, from the positions that a collection
    keeps; None: the backfill has not reached its end."""
    end, at = offset_in_log(kept.get(end_name(number)), epoch), offset_in_log(kept.get(done_name(number)), epoch)
    return end if end is not None and at is not None and at >= end else None


async def partitions_filled(index: Index, epoch: int, partitions: int) -> tuple[int, int, int]:
    """Return (complete partitions, records done, records in all) of a collection that is being built.

    A partition that no worker has begun counts as not complete. Raises Unavailable.
    """
    kept, complete, done, total = await index.positions(), 0, 0, 0
    for number in range(partitions):
        end = offset_in_log(kept.get(end_name(number)), epoch)
        at = offset_in_log(kept.get(done_name(number)), epoch)
        if end is not None and at is not None:
            complete, done, total = complete + (at >= end), done + at, total + end
    return complete, done, total
