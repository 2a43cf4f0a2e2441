"""Exact end offsets of partitions, on Apache Kafka and on the embedded broker.

The embedded broker's answer to ListOffsets "latest" is too small, because it knows only the base offset of the last
batch (see docs/traps.md#tansu). So an end offset here is the high watermark of a fetch. Every record that was confirmed
before the question lies below it.

The fetch first asks far beyond the end. The embedded broker answers such a fetch without looking at its batches, which
takes 0.4 ms of processor time instead of 5 ms where a partition has 10,000 batches. Apache Kafka refuses such a fetch,
and is then asked near the end.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Self

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, OffsetOutOfRangeError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest

from schemas.errors import Unavailable
from stream.kafka.closing import close_client
from stream.kafka.diagnosis import why_unavailable
from stream.kafka.partitions import Partition
from workers.retry import Backoff, until_available

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from stream.kafka.cluster import Cluster

log = logging.getLogger(__name__)

LATEST = -1
"""The timestamp that stands for the end of a partition in a ListOffsets request."""
FAR = 1 << 50
"""An offset beyond the end of any partition."""
PATIENCE_S = 20.0
"""The time to ask again for a partition without a leader: it or its broker may be new, and the machine busy."""
FETCH_WAIT_MS = 1
"""The time that the broker may look for records, doubled with each attempt.

The embedded broker leaves out the partitions that it did not get to in that time; with a wait of 0 it leaves out all.
"""
FETCH_WAIT_MS_MAX = 64
GAP_WAIT_MS = 5_000
"""The wait of `has_records`. When the embedded broker is busy, it answers a short wait as if there were no records."""
BACKOFF = Backoff(0.05, 0.05)
REQUEST_SECONDS_MAX = 10


class _Fetched(NamedTuple):
    end: int
    """The high watermark, which is the offset of the next record."""
    has_records: bool
    """True if there are records at or above the offset that was asked for."""


class EndOffsets:
    """Asks the brokers for end offsets, over its own connections. A question takes 1-3 ms."""

    def __init__(self, kafka: Cluster, *, patience_s: float = PATIENCE_S) -> None:
        self._kafka = kafka
        self._patience_s = patience_s
        self._client = AIOKafkaClient(**kafka.for_aiokafka, request_timeout_ms=REQUEST_SECONDS_MAX * 1000)
        self._near: dict[Partition, int] = {}
        """The end offsets found last, for partitions whose broker refuses a fetch far beyond the end."""
        self._topics: set[str] = set()

    async def start(self) -> None:
        """Connect. Raises Unavailable if no broker answers."""
        try:
            await self._client.bootstrap()
        except KafkaError as error:
            nobody = f"no broker answers at {self._kafka}: does it run, or hang?"
            raise await why_unavailable(self._kafka, nobody) from error

    async def stop(self) -> None:
        """Close the connections."""
        await close_client(self._client)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def fetch(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Return the end offset of each partition, which is the offset of its next record.

        Raises Unavailable if a partition has no leader, or its broker does not answer.
        """
        fetched = await self._ask({partition: self._near.get(partition, FAR) for partition in partitions})
        found = {partition: answer.end for partition, answer in fetched.items()}
        self._near.update({partition: end for partition, end in found.items() if partition in self._near})
        return found

    async def has_records(self, partition: Partition, offset: int) -> bool:
        """Return whether a record lies at or above the offset.

        Between an offset and the end there may be none, because of compaction. Raises Unavailable like `fetch`.
        """
        return (await self._ask({partition: offset}, GAP_WAIT_MS))[partition].has_records

    async def _ask(
        self, offsets: Mapping[Partition, int], first_wait_ms: int = FETCH_WAIT_MS
    ) -> dict[Partition, _Fetched]:
        left, answers, wait_ms = dict(offsets), dict[Partition, _Fetched](), first_wait_ms
        try:
            async with asyncio.timeout(self._patience_s):
                await self._learn_topics({partition.topic for partition in offsets})
                while left:
                    ask = partial(self._ask_once, left, wait_ms)
                    answers.update(await until_available(ask, None, BACKOFF))
                    left = {partition: offset for partition, offset in left.items() if partition not in answers}
                    wait_ms = max(first_wait_ms, min(2 * wait_ms, FETCH_WAIT_MS_MAX))
        except TimeoutError:
            partition = next(iter(left))
            where = f"partition {partition.number} of {partition.topic}"
            silent = f"the broker at {self._kafka} does not answer for {where} within {self._patience_s:.0f} s: "
            raise await why_unavailable(self._kafka, f"{silent}does it run, or hang?") from None
        return answers

    async def _learn_topics(self, topics: set[str]) -> None:
        if topics <= self._topics:
            return
        self._topics |= topics
        # `set_topics` returns a future, which ends when the metadata is there.
        await self._client.set_topics(sorted(self._topics))

    async def _ask_once(self, offsets: Mapping[Partition, int], wait_ms: int) -> dict[Partition, _Fetched]:
        """Return the answers to one question, which may leave out partitions. Raises Unavailable."""
        try:
            return await self._ask_leaders(offsets, wait_ms)
        except (KafkaError, OSError) as error:
            log.debug("no end offsets: %r", error)
            await self._client.force_metadata_update()  # Another broker may lead the partition now.
            raise Unavailable(f"no end offsets: {error!r}") from error

    async def _ask_leaders(self, offsets: Mapping[Partition, int], wait_ms: int) -> dict[Partition, _Fetched]:
        by_node: dict[int, list[Partition]] = defaultdict(list)
        for partition in offsets:
            by_node[self._leader(partition)].append(partition)
        answers = await asyncio.gather(
            *(self._ask_node(node, {p: offsets[p] for p in led}, wait_ms) for node, led in by_node.items())
        )
        return {partition: fetched for answer in answers for partition, fetched in answer.items()}

    def _leader(self, partition: Partition) -> int:
        node = self._client.cluster.leader_for_partition(TopicPartition(*partition))
        if node is None or node < 0:
            raise KafkaError("it has no leader")
        return int(node)

    async def _ask_node(self, node: int, offsets: Mapping[Partition, int], wait_ms: int) -> dict[Partition, _Fetched]:
        answers, beyond = await self._fetch(node, offsets, wait_ms)
        if beyond:  # Too far; or the log begins later; or it is another, shorter log.
            near = await self._latest(node, beyond)
            again, still_beyond = await self._fetch(node, near, wait_ms)
            if still_beyond:
                raise OffsetOutOfRangeError(still_beyond)
            self._near.update(near)
            answers.update(again)
        return answers

    async def _fetch(
        self, node: int, offsets: Mapping[Partition, int], wait_ms: int
    ) -> tuple[dict[Partition, _Fetched], list[Partition]]:
        """Return the fetched records, and the partitions whose offset was out of range.

        The broker is asked for the fewest bytes that it sends.
        """
        topics: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
        for partition, offset in offsets.items():
            topics[partition.topic].append((partition.number, offset, 1))
        response = await self._client.send(node, FetchRequest(wait_ms, 0, 1, 0, list(topics.items())))
        answers, beyond = dict[Partition, _Fetched](), list[Partition]()
        for topic, parts in response.topics:
            for number, error_code, end, *_, records in parts:
                partition = Partition(topic, number)
                if for_code(error_code) is OffsetOutOfRangeError:
                    beyond.append(partition)
                elif error_code:
                    raise for_code(error_code)(partition)
                else:
                    answers[partition] = _Fetched(end, bool(records))
        return answers, beyond

    async def _latest(self, node: int, partitions: Collection[Partition]) -> dict[Partition, int]:
        """Return an offset of each partition that lies in its log and near its end."""
        topics: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for partition in partitions:
            topics[partition.topic].append((partition.number, LATEST))
        response = await self._client.send(node, OffsetRequest(-1, 0, list(topics.items())))
        found = {}
        for topic, parts in response.topics:
            for number, error_code, _, offset in parts:
                if error_code:
                    raise for_code(error_code)(Partition(topic, number))
                found[Partition(topic, number)] = offset
        return found
