"""Input events of a log that ends which no worker had finished, carried into the next one."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.errors import Unavailable
from stream.dead_letters import EVENT_TIME, event_time_ms
from stream.reader import Reader
from stream.topics import ITEMS_GROUP, commits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from stream.reader import Record
    from stream.tracker import Partition


TAKE_SECONDS_MAX = 3.0


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
        deadline = time.monotonic() + TAKE_SECONDS_MAX
        finished = await asyncio.to_thread(commits, kafka, ITEMS_GROUP)
        async with Reader(kafka) as reader:
            reader.assign({place: finished.get(place, 0) for place in self._partitions})
            while (ends := await reader.ends()) != reader.positions:
                if time.monotonic() > deadline:
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
            for r in self._taken:
                # The first time counts if it was carried before.
                before_ms = event_time_ms(r.headers)
                time_ms = r.timestamp_ms if before_ms is None else before_ms
                headers = [*((n, v) for n, v in r.headers if n != EVENT_TIME), (EVENT_TIME, str(time_ms).encode())]
                await producer.send_and_wait(
                    r.partition.topic, r.value, key=r.key, partition=r.partition.number, headers=headers
                )
        except KafkaError as error:
            raise Unavailable(f"the broker at {kafka} did not confirm events of the log before: {error}") from error
        finally:
            await producer.stop()
        self._taken.clear()
