"""The index side of a stack in one process, over any backend: item records in, points out."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry

from schemas.errors import EmbeddingFailed
from stream.index.compose_writing import KafkaSide, WritingSide, compose_writing
from stream.kafka.cluster import Cluster
from stream.kafka.log_identity import LogIdentity
from stream.kafka.offset_tracker import OffsetTrackers
from stream.kafka.partitions import Partition
from stream.kafka.reader import Reader
from stream.kafka.topics import ITEMS
from stream.progress.recent_freshness import RecentFreshness
from stream.progress.watermark import Watermark
from stream.reconcile.compare import ComparisonContext
from stream.reconcile.run import reconcile
from stream.runtime.jobs import Step
from stream.runtime.metrics import IndexMetrics
from tests.support.index_backends import MODEL
from tests.support.record_batches import MadeRecord, batch_of
from tests.support.waiting import until
from tests.support.watching import RememberedAlerts
from workers.clock import SystemClock
from workers.embedder.fake import FakeEmbedder
from workers.index.roles import Roles
from workers.query_gate import QueryGate
from workers.vocabulary.vocabulary import Vocabulary
from workers.watches.watch_set import WatchSet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from stream.kafka.reader import Record
    from stream.kafka.record_batch import RecordBatch
    from stream.kafka.send import RecordSender
    from stream.runtime.telemetry.interface import Tracer
    from tests.support.running_broker import RunningBroker
    from workers.clock import Clock
    from workers.embedder.interface import Vectors
    from workers.index.interface import Index
    from workers.lanes.embedding import EmbeddingLane
    from workers.lanes.sinks import Alerts

PARTITIONS = 2
EPOCH = 3


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Models:
    """An embedder registry whose only model is at hand."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def embedder(self, _source: str | None) -> Documents:
        return self._documents


class FirstGeneration:
    """A consumer group that never rebalances."""

    def generation(self) -> int:
        return 0


class OneCollection:
    """Collections with one that serves; with `building`, it is being built as well."""

    def __init__(self, index: Index, *, building: bool = False) -> None:
        self._roles = Roles(index, index if building else None)

    async def roles(self) -> Roles:
        return self._roles


class Confirming:
    """A producer whose records the broker confirms at once; it remembers them."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes | None, bytes | None, int, dict[str, bytes]]] = []

    async def send(
        self, topic: str, key: bytes | None, value: bytes | None, partition: int, headers: Any
    ) -> asyncio.Future[Any]:
        self.sent.append((topic, key, value, partition, dict(headers)))
        confirmed = asyncio.get_running_loop().create_future()
        confirmed.set_result(None)
        return confirmed


NOWHERE = Cluster("")


def writing_side(
    collections: Any,
    models: Any,
    *,
    kafka: Cluster = NOWHERE,
    log_id: str = "log",
    epoch: int = EPOCH,
    sender: RecordSender | None = None,
    vocabulary: Vocabulary | None = None,
    watches: WatchSet | None = None,
    alerts: Alerts | None = None,
    clock: Clock | None = None,
    tracer: Tracer | None = None,
    metrics: IndexMetrics | None = None,
    watermark: Watermark | None = None,
) -> WritingSide:
    """Compose the shipped wiring of an index worker over these collections, in generation 0 of its group."""
    return compose_writing(
        KafkaSide(kafka, OffsetTrackers(), sender or Confirming(), FirstGeneration()),
        identity=LogIdentity(log_id, epoch),
        collections=collections,
        models=models,
        watermark=watermark or Watermark(),
        metrics=metrics or IndexMetrics(CollectorRegistry()),
        recent=RecentFreshness(),
        clock=clock or SystemClock(),
        gate=QueryGate(),
        shop_currency=None,
        publishes_progress=False,
        vocabulary=Vocabulary() if vocabulary is None else vocabulary,
        watches=WatchSet() if watches is None else watches,
        alerts=alerts or RememberedAlerts(),
        tracer=tracer,
    )


class Documents:
    """A model of the size of the test's vectors, which fails on a text with `failing` in it."""

    def __init__(self) -> None:
        self.failing: str | None = None

    async def loaded(self) -> None: ...

    async def embed_documents(self, texts: Sequence[str]) -> Vectors:
        if self.failing is not None and any(self.failing in text for text in texts):
            raise EmbeddingFailed("the model failed on this text")
        return FakeEmbedder().embed_documents(texts)[:, : MODEL.dimension] + 0.01


class IndexSide:
    def __init__(self, broker: RunningBroker, index: Index, directory: Path) -> None:
        self.broker, self.index, self.documents = broker, index, Documents()
        self.vocabulary = Vocabulary()
        self._directory = directory / "reconcile"
        self.worker, self.assignment, self.writers, _ = writing_side(
            OneCollection(index), Models(self.documents), kafka=broker.cluster, vocabulary=self.vocabulary
        )

    @property
    def embedding(self) -> EmbeddingLane:
        return self.writers.serving.embedding

    def indexed(self, number: int) -> int:
        return self.assignment.committable().get(number, 0)

    def indexed_records(self) -> int:
        return sum(self.indexed(number) for number in range(PARTITIONS))

    async def consume(self) -> None:
        """Hand the worker every record of the item log, from its start."""
        await self.worker.start_offsets({Partition(ITEMS, number): 0 for number in range(PARTITIONS)})
        self.worker.assign(range(PARTITIONS))
        async with Reader(self.broker.cluster) as reader:
            reader.assign({Partition(ITEMS, number): 0 for number in range(PARTITIONS)})
            async for records in reader.follow():
                for record in records:
                    await self.worker.handle(batch(record))

    async def reconcile(self, *, repair: bool = False, only: int | None = None) -> dict[str, Any]:
        compared = ComparisonContext(
            index=self.index,
            epoch=EPOCH,
            watermark=self,
            shop_currency=None,
            clock=SystemClock(),
            kafka=self.broker.cluster,
            partitions=PARTITIONS,
            only=only,
        )
        found = await reconcile(compared, self._directory, Step(SystemClock()), QueryGate(), repair=repair)
        assert not self._directory.exists(), "it leaves nothing on the disk"
        return found

    async def faults(self) -> dict[str, list[str]]:
        """Return by kind of fault the items that have it."""
        found = (await self.reconcile())["found"]
        assert found["faults"] == sum(len(examples) for examples in found["examples"].values())
        return {fault: sorted(each["product_id"] for each in examples) for fault, examples in found["examples"].items()}

    async def quiet(self, records: int) -> None:
        async def done() -> bool:
            return self.indexed_records() >= records and await self.index.count_pending_embeddings() == 0

        await until(done, "all records are indexed and all vectors made")


def batch(record: Record) -> RecordBatch:
    """Return the record as the consumer hands it over."""
    made = MadeRecord(record.offset, record.key, record.value, record.timestamp_ms, tuple(record.headers))
    return batch_of(record.partition, made, generation_id=0)


@asynccontextmanager
async def index_side(broker: RunningBroker, index: Index, directory: Path) -> AsyncIterator[IndexSide]:
    side = IndexSide(broker, index, directory)
    await side.writers.refresh_until_available()
    tasks = [asyncio.create_task(work) for work in (side.consume(), side.writers.run())]
    try:
        yield side
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended
