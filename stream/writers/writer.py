"""All that keeps one physical collection up to date: its lanes, its debts, its sale windows, its backfill."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from schemas.errors import Gone, Misconfigured, Unavailable
from schemas.points import offset_in_log, point_version
from stream.writers.backfill import Backfill, filled_to
from stream.writers.epoch import LOG
from workers.lanes.embedding import EmbeddingLane
from workers.lanes.queues import Lanes
from workers.lanes.sale_windows import SaleWindows

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from stream.writers.context import WriterContext
    from stream.writers.metrics_sink import MetricsSink
    from workers.index.interface import Index

log = structlog.get_logger(__name__)

POSITIONS_INTERVAL_S = 1.0
FLUSH_INTERVAL_S = 10.0


class Writer:
    """Of one collection, from the moment it is attached: every record delivered after it goes to its lanes."""

    def __init__(self, index: Index, observed: MetricsSink, circumstances: WriterContext, *, building: bool) -> None:
        """`building`: what the item log said before must be filled in from it."""
        c = self._circumstances = circumstances
        self.index = index
        self.lanes = Lanes(
            index,
            cached=c.cache.get,
            shop_currency=c.shop_currency,
            clock_ms=c.clock_ms,
            observer=observed,
            gate=c.gate,
        )
        self.owed = EmbeddingLane(
            index,
            c.models.embedder(index.metadata.model_source),
            c.cache,
            partitions=c.owned,
            clock_ms=c.clock_ms,
            observer=observed,
            ahead=self.lanes,
            after=self._served_first,
        )
        observed.wake_embedding = self.owed.wake
        self.windows = SaleWindows(
            index,
            partitions=c.owned,
            shop_currency=c.shop_currency,
            clock_ms=c.clock_ms,
            repriced=observed.repriced,
        )
        self.backfill = Backfill(index, self.lanes, c) if building else None
        self.failed: Misconfigured | None = None
        """Why this collection can never be complete: its model cannot be loaded."""
        self._read: dict[str, int] = {}

    async def read_positions(self) -> None:
        """What the collection says of itself. Raises Unavailable."""
        self._read = await self.index.positions()

    def start(self, partition: int) -> int | None:
        """Where reading must begin for its sake; None: wherever, the backfill sees to it."""
        epoch = self._circumstances.epoch
        own = offset_in_log(self._read.get(str(partition)), epoch)
        if self.backfill is None:
            return own or 0
        filled = filled_to(self._read, partition, epoch)
        return filled if own is None or filled is None else own

    def complete(self, partition: int) -> bool:
        """Whether everything below what was delivered is in it."""
        return self.backfill is None or partition in self.backfill.complete

    def versions(self) -> dict[str, int]:
        """By complete partition: the version up to which everything is searchable, as the collection keeps it."""
        c = self._circumstances
        return {str(n): point_version(c.epoch, offset) for n, offset in c.positions().items() if self.complete(n)}

    async def run(self) -> None:
        """Writes for ever. Raises what only a restart can mend."""
        works: list[Coroutine[None, None, None]] = [
            self.lanes.run(),
            self._pay(),
            self.windows.run(),
            self._keep_positions(),
            self._keep_flushed(),
        ]
        if self.backfill is not None:
            works.append(self.backfill.run())
        async with asyncio.TaskGroup() as tasks:
            for work in works:
                tasks.create_task(work)

    async def _pay(self) -> None:
        try:
            await self._circumstances.models.embedder(self.index.metadata.model_source).loaded()
        except Misconfigured as error:
            if self._circumstances.serving_writer() is self:
                raise
            # One that is being built is given up for it; one that served before is kept, and found by words alone.
            log.warning("no vectors", collection=self.index.collection, error=str(error))
            self.failed = error
            return
        self._circumstances.model_loaded()
        await self.owed.run()

    def _served_first(self) -> EmbeddingLane | None:
        serving = self._circumstances.serving_writer()
        return None if serving is self else serving.owed

    async def _keep_positions(self) -> None:
        """Saves how far the index is in the index itself, for ever. Raises Gone once it is another."""
        saved: dict[str, int] = {}
        while True:
            await asyncio.sleep(POSITIONS_INTERVAL_S)
            try:
                if (versions := self.versions()) != saved:
                    await self.index.save_positions({**versions, LOG: self._circumstances.log_mark})
                    saved = versions
                else:
                    await self.index.positions()  # Nothing changes: it may be gone all the same.
            except Gone:
                raise
            except Unavailable as error:
                log.warning("positions not saved", error=str(error))

    async def _keep_flushed(self) -> None:
        """Bounds the index's write-ahead log, for ever."""
        while True:
            await asyncio.sleep(FLUSH_INTERVAL_S)
            try:
                await self.index.flush()
            except Unavailable as error:
                log.warning("not flushed", error=str(error))
