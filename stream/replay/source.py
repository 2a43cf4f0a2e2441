"""Reads an offset range of a topic in the order in which its records came, over all partitions."""

from __future__ import annotations

import asyncio
import heapq
from typing import TYPE_CHECKING, Self

from stream.kafka.reader import Reader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from stream.kafka.cluster import Cluster
    from stream.kafka.partitions import Partition
    from stream.kafka.reader import Record
    from stream.replay.offset_range import OffsetRange


class ReplaySource:
    """The records of an offset range, as a context manager that connects to the broker.

    It holds up to one fetch of each partition in memory, so that the partitions can be merged. It reads with
    `stream.kafka.reader`, the one reader that reaches exact end offsets on both brokers. That reader is asynchronous,
    so it gets an event loop of its own, which runs only while the next records are awaited. Raises Unavailable.
    """

    def __init__(self, kafka: Cluster, offset_range: OffsetRange) -> None:
        self._kafka = kafka
        self._offset_range = offset_range
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        self._runner.__enter__()
        try:
            self._reader = self._runner.run(self._started())
        except BaseException:
            self._runner.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._runner.run(self._reader.stop())
        finally:
            self._runner.close()

    def records(self) -> Iterator[Record]:
        """Yield each partition in its own order, the partitions merged by the timestamps of their records."""
        return heapq.merge(*map(self._records_of, self._offset_range.first), key=lambda record: record.timestamp_ms)

    async def _started(self) -> Reader:
        reader = Reader(self._kafka)
        try:
            await reader.start()
            reader.assign(self._offset_range.first)
        except BaseException:
            await reader.stop()
            raise
        return reader

    def _records_of(self, partition: Partition) -> Iterator[Record]:
        end = self._offset_range.end[partition]
        batches = self._reader.read_to({partition: end})
        while records := self._runner.run(_next(batches)):
            yield from (record for record in records if record.offset < end)


async def _next(batches: AsyncIterator[list[Record]]) -> list[Record] | None:
    return await anext(batches, None)
