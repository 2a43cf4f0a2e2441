"""Fills a collection that is being built with what the item log said before it was attached: the last lane.

For each partition that this worker owns: an end is asked for after every record delivered goes to this collection too;
what lies below is read from the log and written, newest version wins. End and progress stand in the collection itself,
so that whoever owns the partition next goes on where this one was.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from schemas.errors import Unavailable
from schemas.points import offset_in_log, point_version
from stream.kafka.offsets import OffsetTracker
from stream.kafka.partitions import Partition
from stream.kafka.reader import Reader
from stream.kafka.topics import ITEMS
from stream.state_files.records import item_of
from workers.lanes.pending_item import PendingItem

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Mapping

    from schemas.points import Payload
    from stream.kafka.reader import Record
    from stream.writers.context import WriterContext
    from workers.index.interface import Index, Stored
    from workers.lanes.queues import Lanes

log = structlog.get_logger(__name__)

SAVE_INTERVAL_S = 0.5
LOOK_INTERVAL_S = 0.1
AWAY_S = 1.0
AGAIN_INTERVAL_S = 1.0
"""Between two looks whether what is complete is still said to be."""
REUSE_ITEMS = 64
"""Whose vectors are looked up together in the collection that serves."""


class Backfill:
    """Of one collection, by the partitions of this worker."""

    def __init__(self, index: Index, lanes: Lanes, circumstances: WriterContext) -> None:
        self._index = index
        self._lanes = lanes
        self._circumstances = circumstances
        self.complete: dict[int, int] = {}
        """Partitions of which everything is in the collection, with the end that was asked for."""
        self._looked_s = time.monotonic()

    async def run(self) -> None:
        """Fills for ever: each partition once, as soon as it is owned."""
        while True:
            owned = set(self._circumstances.owned())
            self.complete = {number: end for number, end in self.complete.items() if number in owned}
            for number in sorted(owned - self.complete.keys()):
                await self._while_available(self._complete(number))
            if time.monotonic() - self._looked_s > AGAIN_INTERVAL_S:
                await self._while_available(self._save_again())
                self._looked_s = time.monotonic()
            await asyncio.sleep(LOOK_INTERVAL_S)

    @staticmethod
    async def _while_available(work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Unavailable as error:
            log.warning("backfill waits", error=str(error))
            await asyncio.sleep(AWAY_S)

    async def _complete(self, number: int) -> None:
        end = await self._fill(number)
        if end is not None:
            self.complete[number] = end
            self._circumstances.report()
            log.info("backfilled", partition=number, collection=self._index.collection)

    async def _save_again(self) -> None:
        """A worker that was frozen just as it saved, and owns the partition no more, may have written less since."""
        kept = await self._index.positions() if self.complete else {}
        for number, end in self.complete.items():
            if filled_to(kept, number, self._circumstances.epoch) is None:
                await self._save(number, end=end, done=end)

    async def _fill(self, number: int) -> int | None:
        """The end up to which it is complete; None if the partition was revoked meanwhile."""
        place, index = Partition(ITEMS, number), self._index
        async with Reader(self._circumstances.kafka) as reader:
            reader.assign({place: 0})
            kept = await index.positions()
            end = offset_in_log(kept.get(end_name(number)), self._circumstances.epoch)
            done = offset_in_log(kept.get(done_name(number)), self._circumstances.epoch)
            if end is None or done is None:
                end, done = (await reader.end_offsets())[place], 0
                await self._save(number, end=end, done=0)
            if done:  # Just after a change of what is assigned a reader takes a second to close.
                reader.assign({place: done})
            return await self._copy(number, reader, end)

    async def _copy(self, number: int, reader: Reader, end: int) -> int | None:
        place, written, saved_s = Partition(ITEMS, number), OffsetTracker(), time.monotonic()
        async for records in reader.read_to({place: end}):
            for start in range(0, len(records), REUSE_ITEMS):
                if number not in self._circumstances.owned():
                    return None
                await self._put(records[start : start + REUSE_ITEMS], written)
                if time.monotonic() - saved_s > SAVE_INTERVAL_S and written.prefix is not None:
                    await self._save(number, end=end, done=min(written.prefix, end))
                    saved_s = time.monotonic()
        while written.in_flight:  # noqa: ASYNC110 (finished by the lanes' callbacks)
            await asyncio.sleep(LOOK_INTERVAL_S)
        return end if await self._save(number, end=end, done=end) else None

    async def _put(self, records: list[Record], written: OffsetTracker) -> None:
        items = {record.offset: item_of(record.key, record.value) for record in records}
        serving = await self._serving({item.state.product_id for item in items.values() if item})
        for record in records:
            written.start(record.offset)
            if (item := items[record.offset]) is None:
                written.finish(record.offset)
                continue
            version = point_version(self._circumstances.epoch, record.offset)
            finish = [lambda offset=record.offset: written.finish(offset)]
            await self._lanes.put_backfill(
                PendingItem(
                    item,
                    record.partition.number,
                    version,
                    finish,  # type: ignore[arg-type]
                    serving=serving.get(item.state.product_id),
                )
            )

    async def _serving(self, product_ids: set[str]) -> dict[str, Payload]:
        """The points that serve now; their vectors are put at hand, to compute none of the same text and model."""
        serving = self._circumstances.serving_writer().index
        found = await serving.stored(product_ids, vectors=serving.model == self._index.model)
        self._reuse_vectors(found.values())
        return {product_id: stored.payload for product_id, stored in found.items()}

    def _reuse_vectors(self, found: Iterable[Stored]) -> None:
        for stored in found:
            fingerprint = stored.payload["vector_fingerprint"]
            # While one is owed the vector that stands there may be the new one already.
            if stored.dense is not None and fingerprint is not None and stored.payload["vector_due"] is None:
                self._circumstances.cache.put(fingerprint, stored.dense)

    async def _save(self, number: int, *, end: int, done: int) -> bool:
        """Both, as they belong together; False, and nothing is written, if the partition is another worker's now."""
        if number not in self._circumstances.owned():
            return False
        version = point_version(self._circumstances.epoch, 0)
        await self._index.save_positions({end_name(number): version + end, done_name(number): version + done})
        return True


def end_name(number: int) -> str:
    """The name among a collection's positions of the version that the backfill of a partition goes up to."""
    return f"backfill end {number}"


def done_name(number: int) -> str:
    """The name of the version up to which it is done."""
    return f"backfill done {number}"


def filled_to(kept: Mapping[str, int], number: int, epoch: int) -> int | None:
    """Of a collection with these positions: the offset below which the backfill wrote all of a partition; None: it has
    not reached its end."""
    end, at = offset_in_log(kept.get(end_name(number)), epoch), offset_in_log(kept.get(done_name(number)), epoch)
    return end if end is not None and at is not None and at >= end else None


async def partitions_filled(index: Index, epoch: int, partitions: int) -> tuple[int, int, int]:
    """(complete partitions, records done, records in all that were announced) of a collection that is being built.

    A partition that nobody began counts as not complete. Raises Unavailable.
    """
    kept, complete, done, total = await index.positions(), 0, 0, 0
    for number in range(partitions):
        end = offset_in_log(kept.get(end_name(number)), epoch)
        at = offset_in_log(kept.get(done_name(number)), epoch)
        if end is not None and at is not None:
            complete, done, total = complete + (at >= end), done + at, total + end
    return complete, done, total
