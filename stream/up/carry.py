"""Input events of a log that ends which no worker had finished, carried into the next one."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.errors import Unavailable
from stream.dead_letters import EVENT_TIME, event_time_ms
from stream.reader import Reader
from stream.topics import ITEMS_GROUP, commits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from aiokafka.structs import RecordMetadata

    from stream.reader import Record
    from stream.tracker import Partition


BATCH_RECORDS = 1_000
GAIN_SECONDS_MAX = 3.0
"""In which what is left must become half as much, or producers are faster than this."""


class InputTail:
    """Takes what lies above the items workers' commits, which are what is finished; publishes it in the next log.

    Events are published once more at worst: the fold does not mind.
    """

    def __init__(self, partitions: Sequence[Partition]) -> None:
        self._partitions = partitions
        self._taken: list[Record] = []

    async def take(self, kafka: str, end: Callable[[], Awaitable[None]]) -> None:
        """Everything above the commits of workers that have stopped. Raises Unavailable.

        `end` is to end the broker: it is called as soon as there is no more, as producers go on meanwhile; also where
        they are faster than this, which is Unavailable as well.
        """
        finished = await asyncio.to_thread(commits, kafka, ITEMS_GROUP)
        async with Reader(kafka) as reader:
            reader.assign({place: finished.get(place, 0) for place in self._partitions})
            least, deadline = math.inf, 0.0
            while left := _left(ends := await reader.ends(), reader.positions):
                if 2 * left <= least:
                    least, deadline = left, time.monotonic() + GAIN_SECONDS_MAX
                elif time.monotonic() > deadline:
                    await end()
                    raise Unavailable("events came faster than they could be read")
                async for records in reader.read_to(ends):
                    self._taken += records
            await end()

    async def publish(self, kafka: str) -> None:
        """What was taken, with its time of arrival. Raises Unavailable; then it can be called again."""
        producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", max_request_size=10 << 20)
        try:
            await producer.start()
            for start in range(0, len(self._taken), BATCH_RECORDS):
                some = self._taken[start : start + BATCH_RECORDS]
                await asyncio.gather(*[await _sent(producer, record) for record in some])
        except KafkaError as error:
            raise Unavailable(f"the broker at {kafka} did not confirm events of the log before: {error}") from error
        finally:
            await producer.stop()
        self._taken.clear()


def _left(ends: Mapping[Partition, int], positions: Mapping[Partition, int]) -> int:
    return sum(end - positions[place] for place, end in ends.items())


async def _sent(producer: AIOKafkaProducer, record: Record) -> Awaitable[RecordMetadata]:
    """As it was, and with its time of arrival: the first one counts if it was carried before."""
    before_ms = event_time_ms(record.headers)
    time_ms = record.timestamp_ms if before_ms is None else before_ms
    headers = [*((n, v) for n, v in record.headers if n != EVENT_TIME), (EVENT_TIME, str(time_ms).encode())]
    place = record.partition
    sent: Awaitable[RecordMetadata] = await producer.send(
        place.topic, record.value, key=record.key, partition=place.number, headers=headers
    )
    return sent
