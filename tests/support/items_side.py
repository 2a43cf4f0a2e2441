"""An items worker whose producer is the test: it sees what is sent, and confirms it when it likes."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from prometheus_client import CollectorRegistry

from stream.items.compose import compose
from stream.kafka.offset_tracker import OffsetTrackers
from stream.kafka.partitions import Partition
from stream.runtime.metrics import ItemsMetrics
from tests.support.clocks import ManualClock
from tests.support.record_batches import MadeRecord, batch_of
from tests.support.waiting import until
from workers.query_gate import QueryGate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from stream.items.decoder import Decoder
    from stream.items.publisher import PublisherBounds
    from stream.kafka.send import KeyedRecord
    from stream.runtime.telemetry.interface import Tracer

PARTITIONS = 4
T_MS = 1_800_000_000_000


class Sent(NamedTuple):
    """A record that was sent, to be confirmed."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int
    headers: dict[str, bytes]
    confirmation: asyncio.Future[Any]


class Confirmed(NamedTuple):
    offset: int


class Message(NamedTuple):
    """A record of an input topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = T_MS
    headers: tuple[tuple[str, bytes], ...] = ()
    generation_id: int = 1
    timestamp_type: int = 0


class FirstGeneration:
    def generation(self) -> int:
        return 1


class Bench:
    """A worker whose producer is the test: it sees what is sent, and confirms it when it likes."""

    def __init__(
        self,
        bounds: PublisherBounds | None = None,
        decoder: Decoder | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self.sent: list[Sent] = []
        self.trackers = OffsetTrackers()
        self.registry = CollectorRegistry()
        self.metrics = ItemsMetrics(self.registry)
        self.parts = compose(
            "me",
            PARTITIONS,
            log_id="log",
            sender=self,
            trackers=self.trackers,
            group=FirstGeneration(),
            reader=cast("Any", None),
            metrics=self.metrics,
            clock=ManualClock(T_MS / 1000),
            gate=QueryGate(),
            stamped_by_producers=False,
            bounds=bounds,
            decoder=decoder,
            tracer=tracer,
        )
        self.reporter = self.parts.reporter
        self.worker, self.assignment = self.parts.worker, self.parts.assignment
        self.publishing: asyncio.Task[None] | None = None

    async def send(self, topic: str, key: bytes | None, value: bytes | None, partition: int, headers: Any) -> Any:
        confirmation = asyncio.get_running_loop().create_future()
        self.sent.append(Sent(topic, key, value, partition, dict(headers), confirmation))
        return confirmation

    async def send_batch(self, topic: str, partition: int, records: Sequence[KeyedRecord]) -> Any:
        sent = [await self.send(topic, each.key, each.value, partition, each.headers) for each in records]

        async def last_offset() -> int:
            return [int((await each).offset) for each in sent][-1]

        return asyncio.ensure_future(last_offset())

    def assign_all(self) -> None:
        self.worker.assign(range(PARTITIONS))
        for partition in self.assignment.states:
            self.assignment.recovered(partition, 0)

    async def handle(self, *messages: Message) -> None:
        for place, group in groupby(messages, lambda message: Partition(message.topic, message.partition)):
            several = list(group)
            records = (MadeRecord(m.offset, m.key, m.value, m.timestamp, m.headers, m.timestamp_type) for m in several)
            await self.worker.handle(batch_of(place, *records, generation_id=several[0].generation_id))

    def confirm_all(self) -> None:
        for offset, sent in enumerate(self.sent):
            if not sent.confirmation.done():
                sent.confirmation.set_result(Confirmed(offset))

    def committable(self, message: Message) -> int | None:
        return self.trackers.committable(Partition(message.topic, message.partition))

    async def sends(self, count: int) -> list[Sent]:
        await until(lambda: len(self.sent) >= count, f"{count} records are sent")
        return self.sent


@asynccontextmanager
async def bench(
    bounds: PublisherBounds | None = None, decoder: Decoder | None = None, tracer: Tracer | None = None
) -> AsyncIterator[Bench]:
    """Yield a worker that publishes, to which all partitions are assigned."""
    made = Bench(bounds, decoder, tracer)
    made.assign_all()
    made.publishing = asyncio.create_task(made.parts.publisher.run())
    try:
        yield made
    finally:
        made.publishing.cancel()
        await asyncio.gather(made.publishing, return_exceptions=True)
