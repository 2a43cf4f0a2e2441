"""What the API knows of the whole pipeline: it reads `progress`, and asks the brokers for ends."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from schemas.errors import Unavailable
from schemas.progress import IndexProgress, ItemsProgress, WorkerReport, decode
from stream.kafka.partitions import Partition
from stream.kafka.topics import DEAD_LETTERS, INPUTS, ITEMS, PROGRESS
from stream.progress.lag import Lag

if TYPE_CHECKING:
    from stream.kafka.end_offsets import EndOffsets
    from stream.kafka.reader import Reader
    from stream.progress.freshness import FreshAsOf
    from stream.progress.watermark import Watermark
    from workers.index.interface import Index

log = structlog.get_logger(__name__)

SNAPSHOT_INTERVAL_S = 0.25


class PipelineMonitor:
    """Lag, dead letters and workers' counters, for one API process."""

    def __init__(
        self, log_id: str, partitions: int, *, horizon: Watermark, as_of: FreshAsOf, ends: EndOffsets, reader: Reader
    ) -> None:
        self._log_id = log_id
        self._partitions = partitions
        self._horizon = horizon
        self._as_of = as_of
        self._ends = ends
        self._reader = reader
        self.counters: dict[str, dict[str, float]] = {}
        """By worker."""

    async def read_progress(self) -> None:
        """Follow the topic `progress` until cancelled."""
        self._reader.assign(dict.fromkeys(self._places(PROGRESS), 0))
        async for records in self._reader.follow():
            for record in records:
                self._take(record.key, record.value)

    async def take_snapshots(self) -> None:
        """Ask for the end offsets of the item log once, and of the inputs several times a second, until cancelled."""
        begun = False
        while True:
            now_ms = time.time_ns() // 1_000_000
            try:
                if not begun:
                    self._as_of.begin(await self._ends.fetch(self._places(ITEMS)))
                    begun = True
                self._as_of.snapshot(now_ms, await self._ends.fetch(self._places(*INPUTS)))
            except Unavailable as error:
                log.warning("no ends", error=str(error))
            await asyncio.sleep(SNAPSHOT_INTERVAL_S)

    async def lag(self, index: Index, now_ms: int) -> Lag:
        """Upstream first; of a stage first what is finished, then the ends: else an event that moves between two reads
        is in neither. Raises Unavailable."""
        inputs, items = self._places(*INPUTS), self._places(ITEMS)
        finished = {place: self._horizon.finished(place) for place in inputs}
        input_ends = await self._ends.fetch(inputs)
        indexed = {place: self._horizon.indexed(place.number) for place in items}
        items_ends = await self._ends.fetch(items)
        by_topic = dict.fromkeys(INPUTS, 0)
        for place in inputs:
            by_topic[place.topic] += max(0, input_ends[place] - finished[place])
        waiting = sum(max(0, items_ends[place] - indexed[place]) for place in items)
        return Lag(
            inputs=by_topic,
            items=waiting,
            vectors_due=await index.count_pending_embeddings(),
            sale_boundaries=await index.count_due_price_changes(now_ms),
        )

    async def dead_letters(self) -> dict[str, int]:
        """How many were ever written, by the topic they came from. Raises Unavailable."""
        ends = await self._ends.fetch(self._places(*DEAD_LETTERS.values()))
        counts = dict.fromkeys(DEAD_LETTERS, 0)
        for topic, letters in DEAD_LETTERS.items():
            counts[topic] = sum(end for place, end in ends.items() if place.topic == letters)
        return counts

    def _places(self, *topics: str) -> list[Partition]:
        return [Partition(topic, number) for topic in topics for number in range(self._partitions)]

    def _take(self, key: bytes | None, value: bytes | None) -> None:
        match decode(self._log_id, key, value):
            case ItemsProgress() as word:
                self._horizon.items_progress(word)
            case IndexProgress() as word:
                self._horizon.index_progress(word)
            case WorkerReport(worker=worker, counters=counters):
                self.counters[worker] = counters
