"""The index side of a stack in one process, over any backend: item records in, points out."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from schemas.errors import EmbeddingFailed
from schemas.points import point_version
from stream.kafka.offsets import OffsetTrackers
from stream.kafka.partitions import Partition
from stream.kafka.reader import Reader
from stream.kafka.topics import ITEMS
from stream.reconcile.compare import ComparisonContext
from stream.reconcile.run import reconcile
from stream.runtime.jobs import Step
from stream.state_files.records import item_of
from tests.support.index_backends import MODEL
from tests.support.waiting import until
from workers.embedder.cache import VectorCache
from workers.embedder.fake import FakeEmbedder
from workers.lanes.embedding import EmbeddingLane
from workers.lanes.pending_item import Observer, PendingItem
from workers.lanes.queues import Lanes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path
    from typing import Any

    from schemas.points import Payload
    from tests.support.running_broker import RunningBroker
    from workers.embedder.interface import Vectors
    from workers.index.interface import Index

PARTITIONS = 2
EPOCH = 3


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Told(Observer):
    def embedded(self, texts: int) -> None: ...

    def vector_searchable(self, due_at_ms: int | None, now_ms: int) -> None: ...

    async def vector_failed(self, payload: Payload, reason: str) -> None: ...


class Documents:
    """Vectors of the size of the test's model; fails on a text with `failing` in it."""

    def __init__(self) -> None:
        self.failing: str | None = None

    async def embed_documents(self, texts: Sequence[str]) -> Vectors:
        if self.failing is not None and any(self.failing in text for text in texts):
            raise EmbeddingFailed("the model failed on this text")
        return FakeEmbedder().embed_documents(texts)[:, : MODEL.dimension] + 0.01


class IndexSide:
    def __init__(self, broker: RunningBroker, index: Index, directory: Path) -> None:
        self.broker, self.index, self.documents = broker, index, Documents()
        self._directory = directory / "reconcile"
        self._trackers = OffsetTrackers()
        cache = VectorCache()
        self.lanes = Lanes(index, cached=cache.get, shop_currency=None, clock_ms=now_ms, observer=Told())
        self.owed = EmbeddingLane(
            index,
            self.documents,
            VectorCache(),
            partitions=lambda: range(PARTITIONS),
            clock_ms=now_ms,
            observer=Told(),
            ahead=self.lanes,
        )

    def indexed(self, number: int) -> int:
        return self._trackers.prefix(Partition(ITEMS, number)) or 0

    def indexed_records(self) -> int:
        return sum(self.indexed(number) for number in range(PARTITIONS))

    async def take(self) -> None:
        async with Reader(self.broker.address) as reader:
            reader.assign({Partition(ITEMS, number): 0 for number in range(PARTITIONS)})
            async for records in reader.read_on():
                for record in records:
                    delivery = self._trackers.start(record.partition, record.offset, 0)
                    if (item := item_of(record.key, record.value)) is None:
                        delivery.finish()
                        continue
                    version = point_version(EPOCH, record.offset)
                    await self.lanes.put(PendingItem(item, record.partition.number, version, [delivery.finish]))

    async def reconcile(self, *, repair: bool = False) -> dict[str, Any]:
        compared = ComparisonContext(
            index=self.index,
            epoch=EPOCH,
            indexed=self.indexed,
            shop_currency=None,
            clock_ms=now_ms,
            kafka=self.broker.address,
            partitions=PARTITIONS,
        )
        found = await reconcile(compared, self._directory, Step(), repair=repair)
        assert not self._directory.exists(), "it leaves nothing on the disk"
        return found

    async def faults(self) -> dict[str, list[str]]:
        """By kind of fault, the items that have it."""
        found = (await self.reconcile())["found"]
        assert found["faults"] == sum(len(examples) for examples in found["examples"].values())
        return {fault: sorted(each["product_id"] for each in examples) for fault, examples in found["examples"].items()}

    async def quiet(self, records: int) -> None:
        async def done() -> bool:
            return self.indexed_records() >= records and await self.index.count_owed() == 0

        await until(done, "all records are indexed and all vectors paid")


@asynccontextmanager
async def index_side(broker: RunningBroker, index: Index, directory: Path) -> AsyncIterator[IndexSide]:
    side = IndexSide(broker, index, directory)
    tasks = [asyncio.create_task(work) for work in (side.take(), side.lanes.run(), side.owed.run())]
    try:
        yield side
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended
