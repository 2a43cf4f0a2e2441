"""Reads partitions without a consumer group: up to their end offsets, and then as records come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, Self, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from stream.kafka.closing import close_client
from stream.kafka.diagnosis import why_unavailable
from stream.kafka.end_offsets import EndOffsets
from stream.kafka.fetch_waits import adapt_fetch_waits
from stream.kafka.partitions import Partition

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from aiokafka import ConsumerRecord

    from stream.kafka.cluster import Cluster

FETCH_WAIT_MS = 10
"""The time that a fetch waits for records.

It is short: the embedded broker does not wake a waiting fetch when a record arrives, and on any broker a fetch of the
partitions that are read to their end holds up the others.
"""
FOLLOW_WAIT_MS = 100
"""The time that a fetch of `follow` waits at a broker that wakes fetches. With 10 ms the reader of `progress` made half
of all requests in a stack where only the canary sends a record every few seconds."""
POLL_MS = 500
STOP_SECONDS_MAX = 1.0
RECORDS_MAX = 1000
"""The most records in one list, so that the event loop gets its turn between two lists."""


class Record(NamedTuple):
    """A record as it is in the log."""

    partition: Partition
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Reader:
    """Reads some partitions, each from its own position. Only one task at a time may use a reader."""

    def __init__(self, kafka: Cluster, *, fetch_wait_ms: int = FETCH_WAIT_MS) -> None:
        """`fetch_wait_ms` is how long a fetch waits while there are no records.

        `follow` also pauses for as long after each fetch that found some: thousands of fetches of one record each cost
        the broker more than the records do.
        """
        self._kafka = kafka
        self._pause_s = fetch_wait_ms / 1000
        self._end_offsets = EndOffsets(kafka)
        self._consumer = AIOKafkaConsumer(
            **kafka.for_aiokafka,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=4 << 20,
        )
        self._fetch_wait_ms = fetch_wait_ms
        self._fetches = adapt_fetch_waits(self._consumer, fetch_wait_ms, wakes_fetches=kafka.wakes_fetches)
        self._positions: dict[Partition, int] = {}

    async def start(self) -> None:
        """Connect. Raises Unavailable if no broker answers."""
        try:
            await self._end_offsets.start()
            await self._consumer.start()
        except KafkaError as error:
            await self.stop()
            nobody = f"no broker answers at {self._kafka}: does it run, or hang?"
            raise await why_unavailable(self._kafka, nobody) from error
        except BaseException:  # Nobody else can close the connections, and the library complains about open ones.
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close the connections."""
        await asyncio.gather(self._stop_consumer(), self._end_offsets.stop(), return_exceptions=True)
        # While the broker is away, the consumer's stop raises half way (the CancelledError of one of its own fetches)
        # and leaves its private client open. See docs/traps.md#aiokafka.
        await close_client(self._consumer._client)

    async def _stop_consumer(self) -> None:
        """Stop the consumer within a bound, because aiokafka 0.14 may wait forever.

        It cancels its fetches once and waits for their end. If the assignment changes at the same moment, the cancel is
        lost and the wait has no end. When the stop itself is cancelled, it cancels the fetches once more. See
        docs/traps.md#aiokafka.
        """
        async with asyncio.timeout(STOP_SECONDS_MAX):
            await self._consumer.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def positions(self) -> dict[Partition, int]:
        """The offset of the next record, by partition."""
        return dict(self._positions)

    async def end_offsets(self) -> dict[Partition, int]:
        """Return the end offsets of the assigned partitions now. Raises Unavailable."""
        return await self._end_offsets.fetch(self._positions)

    def assign(self, positions: Mapping[Partition, int]) -> None:
        """Read these partitions from these offsets, and no others; `{**reader.positions, ...}` adds to those it has."""
        self._positions = dict(positions)
        if self._kafka.wakes_fetches:
            self._fetches.wait_for(self._fetch_wait_ms)
        self._consumer.assign([TopicPartition(*partition) for partition in positions])
        for partition, offset in positions.items():
            self._consumer.seek(TopicPartition(*partition), offset)

    async def read_to(self, end_offsets: Mapping[Partition, int]) -> AsyncIterator[list[Record]]:
        """Yield all records below these end offsets, and perhaps some above. Each list is of one partition, in order.

        Raises Unavailable if the broker goes away meanwhile.
        """
        while behind := {p: end for p, end in end_offsets.items() if self._positions[p] < end}:
            fetched = await self._next(behind)
            for records in fetched:
                yield records
            if not fetched:
                await self._pass_gaps(behind)

    async def read_to_end(self) -> AsyncIterator[list[Record]]:
        """Yield all records that were confirmed before the call. Raises Unavailable."""
        async for records in self.read_to(await self.end_offsets()):
            yield records

    async def follow(self) -> AsyncIterator[list[Record]]:
        """Yield records as they come, until cancelled. If the broker is away, wait for it."""
        if self._kafka.wakes_fetches:
            self._fetches.wait_for(max(FOLLOW_WAIT_MS, self._fetch_wait_ms))
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
        """Move past gaps, after a fetch that brought nothing.

        Between the last record and the end offset there may be offsets without a record, which no fetch ever passes.
        """
        await self._end_offsets.fetch(behind)
        for partition, end in behind.items():
            if not await self._end_offsets.has_records(partition, self._positions[partition]):
                self._consumer.seek(TopicPartition(*partition), end)
                self._positions[partition] = end


def _records(tp: TopicPartition, records: list[ConsumerRecord[bytes, bytes]]) -> list[Record]:
    partition = Partition(*tp)
    return [Record(partition, r.offset, r.timestamp, r.key, r.value, _headers(r.headers)) for r in records]


def _headers(headers: tuple[tuple[str, bytes | None], ...]) -> tuple[tuple[str, bytes], ...]:
    """Return the headers with an empty value for each that has none: kafka-python cannot write such a header again."""
    for _, value in headers:
        if value is None:
            return tuple((name, b"" if value is None else value) for name, value in headers)
    return cast("tuple[tuple[str, bytes], ...]", headers)
