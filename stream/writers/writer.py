"""The writer of one collection, which keeps it up to date: lanes, embedding, sale windows, alerts, backfill."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from schemas.errors import Misconfigured
from schemas.points import offset_in_log, point_version
from stream.writers.backfill import Backfill, filled_to
from stream.writers.epoch import LOG
from stream.writers.metrics_sink import MetricsSink
from stream.writers.trace_sink import TraceSink
from stream.writers.vocabulary import VocabularySink
from workers.lanes.compose import LaneParts, compose_lanes
from workers.retry import every

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from stream.writers.context import WriterContext
    from workers.index.interface import Index
    from workers.lanes.compose import CollectionLanes
    from workers.lanes.embedding import EmbeddingLane
    from workers.lanes.lanes import Lanes
    from workers.lanes.sinks import Sink

log = structlog.get_logger(__name__)

POSITIONS_INTERVAL_S = 1.0
FLUSH_INTERVAL_S = 10.0
"""The time between two flushes, which bound the write-ahead log of an embedded index."""


class Writer:
    """Writes one collection: every record that is delivered after the writer was attached goes to its lanes."""

    def __init__(self, index: Index, context: WriterContext, *, building: bool) -> None:
        """`building`: a backfill must copy the earlier records of the item log into the collection."""
        self._context = context
        self.index = index
        self._embedder = context.models.embedder(index.metadata.model_source)
        self._lanes = self._compose_lanes()
        self.backfill = Backfill(index, self._lanes.items, context) if building else None
        self._failed: Misconfigured | None = None
        self._kept: dict[str, int] = {}
        self._saved: dict[str, int] = {}

    @property
    def lanes(self) -> Lanes:
        """The lanes through which item records reach the collection."""
        return self._lanes.items

    @property
    def embedding(self) -> EmbeddingLane:
        """The lane that embeds the texts of the collection."""
        return self._lanes.embedding

    @property
    def failed(self) -> Misconfigured | None:
        """The reason why this collection can never be complete (its model cannot be loaded); None while it can."""
        return self._failed

    async def read_positions(self) -> None:
        """Read the positions that are stored in the collection. Raises Unavailable."""
        self._kept = await self.index.positions()

    def start(self, partition: int) -> int | None:
        """Return the offset at which reading must begin; None if any offset will do, as the backfill reads the rest."""
        epoch = self._context.epoch
        kept = offset_in_log(self._kept.get(str(partition)), epoch)
        if self.backfill is None:
            return kept or 0
        filled = filled_to(self._kept, partition, epoch)
        return filled if kept is None or filled is None else kept

    def complete(self, partition: int) -> bool:
        """Return whether the collection has every record below the first one that was delivered."""
        return self.backfill is None or partition in self.backfill.complete

    def versions(self) -> dict[str, int]:
        """Return, by the name of each complete partition's position, the version up to which all is searchable."""
        epoch, committable = self._context.epoch, self._context.assignment.committable()
        return {str(n): point_version(epoch, offset) for n, offset in committable.items() if self.complete(n)}

    async def run(self) -> None:
        """Write until cancelled. Raises errors that only a restart can repair."""
        works: list[Coroutine[None, None, None]] = [
            self.lanes.run(),
            self._embed(),
            self._lanes.windows.run(),
            self._lanes.alerts.run(),
            every(POSITIONS_INTERVAL_S, self._save_positions, "positions not saved", rest_first=True),
            every(FLUSH_INTERVAL_S, self.index.flush, "not flushed", rest_first=True),
        ]
        if self.backfill is not None:
            works.append(self.backfill.run())
        async with asyncio.TaskGroup() as tasks:
            for work in works:
                tasks.create_task(work)

    def _observing_sink(self) -> Sink:
        """Return the sink of the metrics, and of the traces where they are recorded."""
        context, collection = self._context, self.index.collection
        metrics = MetricsSink(
            context.metrics, context.recent, collection=collection, attached=context.attached, clock=context.clock
        )
        if context.tracer is None:
            return metrics
        return TraceSink(context.tracer, metrics, collection=collection, attached=context.attached)

    def _compose_lanes(self) -> CollectionLanes:
        context, observing = self._context, self._observing_sink()
        parts = LaneParts(
            assigned=context.assignment,
            serving=context.attached,
            cache=context.cache,
            clock=context.clock,
            gate=context.gate,
            shop_currency=context.shop_currency,
            dead_letters=context.dead_letters,
            watches=context.watches,
            alerts=context.alerts,
        )
        sinks = VocabularySink(context.vocabulary), observing, context.progress
        return compose_lanes(self.index, self._embedder, parts, observing=observing, sinks=sinks)

    async def _embed(self) -> None:
        try:
            await self._embedder.loaded()
        except Misconfigured as error:
            if self._context.attached.serving is self:
                raise
            # A collection that is being built is then abandoned; one that already serves stays, with lexical search
            # only.
            log.warning("no vectors", collection=self.index.collection, error=str(error))
            self._failed = error
            return
        await self.embedding.run()

    async def _save_positions(self) -> None:
        """Save the positions in the collection. Raises Unavailable, and Gone once the collection has been replaced."""
        if (versions := self.versions()) != self._saved:
            await self.index.save_positions({**versions, LOG: self._context.log_mark})
            self._saved = versions
        else:
            await self.index.positions()  # Nothing has changed, but the collection may be gone.
