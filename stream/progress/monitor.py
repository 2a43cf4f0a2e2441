"""The pipeline monitor: lag, dead letters and counters of all workers, from the topic `progress` and end offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.progress import IndexProgress, ItemsProgress, WorkerReport, decode
from stream.kafka.partitions import Partition, all_partitions
from stream.kafka.topics import DEAD_LETTERS, INPUTS, ITEMS, PROGRESS
from stream.progress.lag import LagMeter
from stream.progress.lag_by_partition import PartitionLags
from stream.progress.searchable_times import SearchableTimes
from workers.retry import every

if TYPE_CHECKING:
    from stream.kafka.end_offsets import EndOffsets
    from stream.kafka.reader import Reader
    from stream.progress.fresh_as_of import FreshAsOf
    from stream.progress.lag import Lag
    from stream.progress.watermark import Watermark
    from workers.clock import Clock
    from workers.index.interface import Index

SNAPSHOT_INTERVAL_S = 0.25


class PipelineMonitor:
    """Tells lag and dead letters, and collects the workers' counters, for one API process."""

    def __init__(
        self,
        log_id: str,
        partitions: int,
        *,
        watermark: Watermark,
        as_of: FreshAsOf,
        ends: EndOffsets,
        reader: Reader,
        clock: Clock,
    ) -> None:
        self._log_id = log_id
        self._partitions = partitions
        self._watermark = watermark
        self._as_of = as_of
        self._ends = ends
        self._reader = reader
        self._clock = clock
        self._begun = False
        self.counters: dict[str, dict[str, float]] = {}
        """The newest counters of each worker, by its name."""
        self.partition_lags = PartitionLags()
        """The lag of each partition, as `lag` last found it."""
        self._lag = LagMeter(partitions, watermark, ends, self.partition_lags)
        self.searchable_times = SearchableTimes()
        """The times by which the events of this process's time were searchable."""

    async def read_progress(self) -> None:
        """Follow the topic `progress` until cancelled."""
        self._reader.assign(dict.fromkeys(self._partitions_of(PROGRESS), 0))
        async for records in self._reader.follow():
            for record in records:
                self._read(record.key, record.value)

    async def take_snapshots(self) -> None:
        """Ask for the end offsets of the item log once, and of the inputs several times a second, until cancelled."""
        await every(SNAPSHOT_INTERVAL_S, self._take_snapshot, "no ends")

    async def lag(self, index: Index, now_ms: int) -> Lag:
        """Return how much of the log search does not show yet. Raises Unavailable."""
        return await self._lag.measure(index, now_ms)

    async def dead_letters(self) -> dict[str, int]:
        """Return how many dead letters were ever written, by the topic of their events. Raises Unavailable."""
        ends = await self._ends.fetch(self._partitions_of(*DEAD_LETTERS.values()))
        counts = dict.fromkeys(DEAD_LETTERS, 0)
        for topic, refused_topic in DEAD_LETTERS.items():
            counts[topic] = sum(end for partition, end in ends.items() if partition.topic == refused_topic)
        return counts

    async def _take_snapshot(self) -> None:
        now_ms, inputs = self._clock.now_ms(), self._partitions_of(*INPUTS)
        searchable = {partition: self._watermark.searchable(partition) for partition in inputs}
        self.searchable_times.look(now_ms, searchable)
        if not self._begun:
            self._as_of.begin(await self._ends.fetch(self._partitions_of(ITEMS)))
            self._begun = True
        self._as_of.snapshot(now_ms, await self._ends.fetch(inputs))

    def _partitions_of(self, *topics: str) -> list[Partition]:
        return all_partitions(*topics, each=self._partitions)

    def _read(self, key: bytes | None, value: bytes | None) -> None:
        match decode(self._log_id, key, value):
            case ItemsProgress() as progress:
                self._watermark.items_progress(progress)
            case IndexProgress() as progress:
                self._watermark.index_progress(progress)
            case WorkerReport(worker=worker, counters=counters):
                self.counters[worker] = counters
