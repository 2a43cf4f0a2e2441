"""Fills a collection that is being built with what the item log said before it was attached: the last lane.

For each partition that this worker owns: an end is asked for after every record delivered goes to this collection too;
what lies below is read from the log and written, newest version wins. End and progress stand in the collection itself,
so that whoever owns the partition next goes on where this one was.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

import structlog

from schemas.errors import Unavailable
from schemas.points import offset_in_log, point_version
from stream.reader import Reader
from stream.states import item_of
from stream.topics import ITEMS
from stream.tracker import Partition, Tracker
from workers.indexing import Pending

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stream.index.writing import Circumstances, Writer
    from stream.reader import Record
    from workers.index.interface import Index

log = structlog.get_logger(__name__)

SAVE_INTERVAL_S = 0.5
LOOK_INTERVAL_S = 0.1
AWAY_S = 1.0
INSIST_INTERVAL_S = 2.0
REUSE_ITEMS = 64
"""Whose vectors are looked up together in the collection that serves."""


class Backfill:
    """Of one collection, by the partitions of this worker."""

    def __init__(self, writer: Writer, circumstances: Circumstances) -> None:
        self._writer = writer
        self._circumstances = circumstances
        self.complete: set[int] = set()
        """Partitions of which everything is in the collection."""
        self._next_look_s = 0.0

    async def run(self) -> None:
        """Fills for ever: each partition once, as soon as it is owned."""
        while True:
            self.complete &= set(self._circumstances.owned())
            for number in sorted(set(self._circumstances.owned()) - self.complete):
                try:
                    if await self._fill(number):
                        self.complete.add(number)
                        self._circumstances.report()
                        log.info("backfilled", partition=number, collection=self._writer.index.collection)
                except Unavailable as error:
                    log.warning("backfill waits", error=str(error))
                    await asyncio.sleep(AWAY_S)
            await self._insist()
            await asyncio.sleep(LOOK_INTERVAL_S)

    async def _insist(self) -> None:
        """A worker that was frozen may write, once thawed, how far it was before this one had taken over."""
        if time.monotonic() < self._next_look_s:
            return
        self._next_look_s = time.monotonic() + INSIST_INTERVAL_S
        with contextlib.suppress(Unavailable):
            kept, epoch = await self._writer.index.positions(), self._circumstances.epoch
            for number in self.complete:
                if filled_to(kept, number, epoch) is None:
                    end = offset_in_log(kept.get(end_name(number)), epoch)
                    await self._save(number, done=end or 0, end=end or 0)

    async def _fill(self, number: int) -> bool:
        """Whether it is complete; False if the partition was revoked meanwhile."""
        place, index = Partition(ITEMS, number), self._writer.index
        async with Reader(self._circumstances.kafka) as reader:
            reader.assign({place: 0})
            kept = await index.positions()
            end = offset_in_log(kept.get(end_name(number)), self._circumstances.epoch)
            done = offset_in_log(kept.get(done_name(number)), self._circumstances.epoch)
            if end is None or done is None:
                end, done = (await reader.ends())[place], 0
                await self._save(number, end=end, done=0)
            reader.assign({place: done})
            return await self._copy(number, reader, end)

    async def _copy(self, number: int, reader: Reader, end: int) -> bool:
        place, written, saved_s = Partition(ITEMS, number), Tracker(), time.monotonic()
        async for records in reader.read_to({place: end}):
            for start in range(0, len(records), REUSE_ITEMS):
                if number not in self._circumstances.owned():
                    return False
                await self._put(records[start : start + REUSE_ITEMS], written)
                if time.monotonic() - saved_s > SAVE_INTERVAL_S and written.prefix is not None:
                    await self._save(number, done=min(written.prefix, end))
                    saved_s = time.monotonic()
        while written.in_flight:  # noqa: ASYNC110 (finished by the lanes' callbacks)
            await asyncio.sleep(LOOK_INTERVAL_S)
        if number not in self._circumstances.owned():
            return False
        await self._save(number, done=end)
        return True

    async def _put(self, records: list[Record], written: Tracker) -> None:
        items = {record.offset: item_of(record.key, record.value) for record in records}
        await self._reuse_vectors({item.state.product_id for item in items.values() if item})
        for record in records:
            written.start(record.offset)
            if (item := items[record.offset]) is None:
                written.finish(record.offset)
                continue
            version = point_version(self._circumstances.epoch, record.offset)
            finish = [lambda offset=record.offset: written.finish(offset)]
            await self._writer.lanes.put_backfill(
                Pending(item, record.partition.number, version, finish)  # type: ignore[arg-type]
            )

    async def _reuse_vectors(self, product_ids: set[str]) -> None:
        """The vectors that serve now, put at hand: where the fingerprint is still the same, none is computed."""
        serving = self._circumstances.serving_writer().index
        if serving.model != self._writer.index.model:
            return
        for stored in (await serving.stored(product_ids, vectors=True)).values():
            fingerprint = stored.payload["vector_fingerprint"]
            # While one is owed the vector that stands there may be the new one already.
            if stored.dense is not None and fingerprint is not None and stored.payload["vector_due"] is None:
                self._circumstances.cache.put(fingerprint, stored.dense)

    async def _save(self, number: int, *, done: int, end: int | None = None) -> None:
        version = point_version(self._circumstances.epoch, 0)
        ends = {} if end is None else {end_name(number): version + end}
        await self._writer.index.save_positions({**ends, done_name(number): version + done})


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
