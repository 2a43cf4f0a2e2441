"""A reader of the simulated log that has the interface of the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stream.kafka.reader import Record

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Mapping

    from stream.kafka.partitions import Partition

    from .process import Process


class LogReader:
    """A `stream.kafka.reader.Reader` over the simulated log: each list of records waits for the scheduler."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._positions: dict[Partition, int] = {}
        self._waiting: asyncio.Future[None] | None = None
        self._asks_ends = False
        self._seen = -1
        self.chosen: Callable[[int], int] = lambda _choices: 0

    @property
    def positions(self) -> dict[Partition, int]:
        return dict(self._positions)

    def assign(self, positions: Mapping[Partition, int]) -> None:
        self._positions, self._asks_ends = dict(positions), False

    async def read_to_end(self) -> AsyncIterator[list[Record]]:
        self._asks_ends = True
        await self._turn()
        self._asks_ends = False
        ends = {partition: self._process.log.end(partition) for partition in self._positions}
        while any(self._positions[partition] < end for partition, end in ends.items()):
            await self._turn()
            yield self._next()

    async def follow(self) -> AsyncIterator[list[Record]]:
        while True:
            await self._turn()
            yield self._next()

    @property
    def behind(self) -> list[Partition]:
        """Return the partitions in which there are more records to read."""
        return [partition for partition, offset in self._positions.items() if offset < self._process.log.end(partition)]

    @property
    def wants(self) -> bool:
        """Return whether the reader waits for an answer that the broker has."""
        if self._waiting is None or self._waiting.done():
            return False
        if not self._asks_ends and self._seen == self._process.log.length:
            return False
        self._seen = self._process.log.length
        return self._asks_ends or bool(self.behind)

    def turn(self) -> None:
        """Answer the fetch that the reader waits for."""
        if self._waiting is not None:
            self._waiting.set_result(None)

    async def _turn(self) -> None:
        self._waiting, self._seen = self._process.loop.create_future(), -1
        await self._waiting

    def _next(self) -> list[Record]:
        partition = self.behind[self.chosen(len(self.behind))]
        there = self._process.log.records(partition, self._positions[partition])
        taken = there[: 1 + self.chosen(len(there))]
        self._positions[partition] += len(taken)
        return [Record(partition, r.offset, r.timestamp_ms, r.key, r.value, r.headers) for r in taken]
