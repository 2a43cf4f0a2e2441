"""Input events that arrived between the last look at a log and its end, carried into the next one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.errors import Unavailable
from stream.dead_letters import EVENT_TIME, event_time_ms
from stream.ends import Ends
from stream.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stream.reader import Record
    from stream.tracker import Partition


class InputTail:
    """Marks ends below which all is done; takes what lies above them; publishes it in the next log.

    Events are published once more at worst: the fold does not mind.
    """

    def __init__(self, partitions: Sequence[Partition]) -> None:
        self._partitions = partitions
        self._done: dict[Partition, int] = {}
        self._taken: list[Record] = []

    async def mark(self, kafka: str) -> None:
        """All events before these ends are done, if what is asked after this says so."""
        with contextlib.suppress(Unavailable):
            async with Ends(kafka) as ends:
                self._done = await ends.ends(self._partitions)

    async def take(self, kafka: str) -> None:
        """Everything above the mark."""
        with contextlib.suppress(Unavailable):
            async with Reader(kafka) as reader:
                reader.assign(self._done)
                async for records in reader.read_to_end():
                    self._taken += records

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
