"""Reads a span of a topic in the order in which its records came, over all partitions."""

from __future__ import annotations

import asyncio
import heapq
from typing import TYPE_CHECKING, Self

from stream.kafka.reader import Reader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from stream.kafka.partitions import Partition
    from stream.kafka.reader import Record
    from stream.replay.offset_range import OffsetRange


class Source:
    """A context manager. Holds up to a fetch of each partition, so that they can be merged.

    Reads with the one reader that reaches exact ends on both brokers, on a loop of its own which runs only while the
    next records are waited for. Raises Unavailable.
    """

    def __init__(self, kafka: str, span: OffsetRange) -> None:
        self._kafka = kafka
        self._span = span
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
        """Each partition in its order, the partitions merged by the timestamps of their records."""
        return heapq.merge(*map(self._of, self._span.first), key=lambda record: record.timestamp_ms)

    async def _started(self) -> Reader:
        reader = Reader(self._kafka)
        try:
            await reader.start()
            reader.assign(self._span.first)
        except BaseException:
            await reader.stop()
            raise
        return reader

    def _of(self, place: Partition) -> Iterator[Record]:
        end = self._span.end[place]
        lists = self._reader.read_to({place: end})
        while records := self._runner.run(_next(lists)):
            yield from (record for record in records if record.offset < end)


async def _next(lists: AsyncIterator[list[Record]]) -> list[Record] | None:
    return await anext(lists, None)
