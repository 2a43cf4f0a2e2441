"""Reads partitions without a consumer group: to their ends, and then on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.errors import Unavailable
from stream.kafka.end_offsets import EndOffsets
from stream.kafka.fetch_waits import adapt_fetch_waits
from stream.kafka.partitions import Partition

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from aiokafka import ConsumerRecord

FETCH_WAIT_MS = 10
"""The embedded broker does not wake a waiting fetch when data arrives; to Kafka it is 100 small requests a second."""
POLL_MS = 500
STOP_SECONDS_MAX = 1.0
RECORDS_MAX = 1000
"""In one list, so that the loop gets its turn between."""


class Record(NamedTuple):
    """A record as it lies in the log."""

    partition: Partition
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Reader:
    """One connection's worth of partitions, each at a position of its own. One task at a time."""

    def __init__(self, kafka: str, *, fetch_wait_ms: int = FETCH_WAIT_MS) -> None:
        """`fetch_wait_ms`: which a fetch waits where there is nothing, and `follow` after each that found something:
        thousands of fetches of one record cost the broker more than the records."""
        self._kafka = kafka
        self._pause_s = fetch_wait_ms / 1000
        self._ends = EndOffsets(kafka)
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=kafka,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=4 << 20,
        )
        adapt_fetch_waits(self._consumer, fetch_wait_ms)
        self._positions: dict[Partition, int] = {}

    async def start(self) -> None:
        """Connects. Raises Unavailable if no broker answers."""
        try:
            await self._ends.start()
            await self._consumer.start()
        except KafkaError as error:
            await self.stop()
            raise Unavailable(f"no broker answers at {self._kafka}: does it run, or hang?") from error
        except BaseException:  # Nobody else knows of them: the library complains of what is left open.
            await self.stop()
            raise

    async def stop(self) -> None:
        """Closes its connections."""
        await asyncio.gather(self._stop_consumer(), self._ends.stop(), return_exceptions=True)
        # While the broker is away its stop raises half way (CancelledError of a fetch of its own), its client open.
        await self._consumer._client.close()

    async def _stop_consumer(self) -> None:
        """aiokafka 0.14 cancels its fetches once and waits for their end; where that falls into a change of what is
        assigned it is lost, and the wait has no end. Cancelled itself, it cancels them once more."""
        async with asyncio.timeout(STOP_SECONDS_MAX):
            await self._consumer.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def positions(self) -> dict[Partition, int]:
        """Of each partition, the offset that comes next."""
        return dict(self._positions)

    async def end_offsets(self) -> dict[Partition, int]:
        """The ends of its partitions now. Raises Unavailable."""
        return await self._ends.fetch(self._positions)

    def assign(self, positions: Mapping[Partition, int]) -> None:
        """These partitions from these offsets, and no others; `{**reader.positions, ...}` adds to what it has."""
        self._positions = dict(positions)
        self._consumer.assign([TopicPartition(*partition) for partition in positions])
        for partition, offset in positions.items():
            self._consumer.seek(TopicPartition(*partition), offset)

    async def read_to(self, ends: Mapping[Partition, int]) -> AsyncIterator[list[Record]]:
        """All records below these ends (and perhaps some above), each list of one partition, in order.

        Raises Unavailable if the broker goes away meanwhile.
        """
        while behind := {p: end for p, end in ends.items() if self._positions[p] < end}:
            fetched = await self._next(behind)
            for records in fetched:
                yield records
            if not fetched:
                await self._pass_gaps(behind)

    async def read_to_end(self) -> AsyncIterator[list[Record]]:
        """All records confirmed before the call. Raises Unavailable."""
        async for records in self.read_to(await self.end_offsets()):
            yield records

    async def follow(self) -> AsyncIterator[list[Record]]:
        """Records as they come, for ever; a broker that is away is waited for."""
        while True:
            fetched = await self._next(self._positions)
            for records in fetched:
                yield records
            if 0 < sum(map(len, fetched)) < RECORDS_MAX:
                await asyncio.sleep(self._pause_s)

    async def _next(self, partitions: Mapping[Partition, int]) -> list[list[Record]]:
        assigned = [TopicPartition(*partition) for partition in partitions]
        fetched = await self._consumer.getmany(*assigned, timeout_ms=POLL_MS, max_records=RECORDS_MAX)
        lists = [_records(tp, records) for tp, records in fetched.items() if records]
        for tp in assigned:
            self._positions[Partition(*tp)] = await self._consumer.position(tp)
        return lists

    async def _pass_gaps(self, behind: Mapping[Partition, int]) -> None:
        """Nothing came: beyond the last record there may be a gap up to the end, which no fetch ever passes."""
        await self._ends.fetch(behind)
        for partition, end in behind.items():
            if not await self._ends.has_records(partition, self._positions[partition]):
                self._consumer.seek(TopicPartition(*partition), end)
                self._positions[partition] = end


def _records(tp: TopicPartition, records: list[ConsumerRecord[bytes, bytes]]) -> list[Record]:
    partition = Partition(*tp)
    return [Record(partition, r.offset, r.timestamp, r.key, r.value, tuple(r.headers)) for r in records]
