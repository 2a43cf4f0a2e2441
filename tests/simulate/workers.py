"""The two workers, composed by the functions that compose the real ones."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from prometheus_client import CollectorRegistry
from typing_extensions import override

from schemas.errors import EmbeddingFailed
from stream.index.compose_writing import KafkaSide, compose_writing
from stream.items.compose import compose
from stream.kafka.cluster import Cluster
from stream.kafka.log_identity import LogIdentity
from stream.progress.recent_freshness import RecentFreshness
from stream.runtime.metrics import IndexMetrics, ItemsMetrics
from stream.watches.alert_log import AlertLog
from workers.index.roles import Roles
from workers.query_gate import QueryGate
from workers.search.hits import Shop
from workers.vocabulary.vocabulary import Vocabulary
from workers.watches.watch_set import WatchSet

from .events import CURSED, PARTITIONS
from .index import IndexClient, Request
from .log_reader import LogReader
from .process import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from schemas.progress import IndexProgress
    from schemas.watches import Alert
    from stream.kafka.partitions import Partition
    from stream.kafka.record_batch import RecordBatch
    from stream.watches.alert_feed import AlertFeed
    from workers.index.roles import Collections
    from workers.watches.watch import Watch

    from .index import Points

LOG_ID = "log"
EPOCH = 1
ITEMS_METRICS = ItemsMetrics(CollectorRegistry())
INDEX_METRICS = IndexMetrics(CollectorRegistry())
"""These metrics are shared by all runs: making them for each run would cost more than the run."""


def vector_of(text: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return float32 `(2,)`, different for each text."""
    return np.array([1.0, zlib.crc32(text.encode()) / 2**32], dtype=np.float32)


class ItemsProcess(Process):
    """The process of `stream.items.process`."""

    kind = "items"

    @override
    def build(self) -> None:
        self.reader = LogReader(self)
        self.parts = compose(
            self.writer,
            PARTITIONS,
            log_id=LOG_ID,
            sender=self,
            trackers=self.trackers,
            group=_Group(self),
            reader=self.reader,  # type: ignore[arg-type]
            metrics=ITEMS_METRICS,
            clock=self.clock,
            stamped_by_producers=False,
            gate=QueryGate(clock=self.clock),
        )
        self.run(self.parts.recovery.run(), self.parts.publisher.run(), self.parts.reporter.run())
        self.ready = True

    @override
    async def handle(self, batch: RecordBatch) -> None:
        await self.parts.worker.handle(batch)

    @override
    def assign(self, numbers: set[int]) -> None:
        self.parts.worker.assign(numbers)

    @override
    async def starts(self, commits: Mapping[Partition, int]) -> Mapping[Partition, int]:
        return await self.parts.worker.start_offsets(commits)

    @override
    def busy(self) -> bool:
        recovering = bool(self.reader.behind or self.parts.recovery.recovering)
        return super().busy() or recovering or not self.parts.publisher.idle


class IndexProcess(Process):
    """An index worker in the shipped wiring of `stream.index.compose_writing`, over the simulated log and index."""

    kind = "index"

    def __init__(
        self,
        name: str,
        number: int,
        points: Points,
        heard: Callable[[IndexProgress], None],
        watches: Mapping[str, Watch],
        **at: Any,
    ):
        """`heard` is called with how far this process is, as the searchable watermark of its API would be."""
        self._watches = watches
        self._points = points
        self._heard = heard
        super().__init__(name, number, **at)

    @override
    def build(self) -> None:
        index: Any = IndexClient(self._points, self.ask, self.writer)
        self.worker, _, self.writers, reporter = compose_writing(
            KafkaSide(Cluster(""), self.trackers, self, _Group(self)),
            identity=LogIdentity(LOG_ID, EPOCH),
            collections=cast("Collections", _OneCollection(index)),
            models=self,
            watermark=self,
            metrics=INDEX_METRICS,
            recent=RecentFreshness(),
            clock=self.clock,
            gate=QueryGate(clock=self.clock),
            shop_currency=None,
            publishes_progress=True,
            vocabulary=Vocabulary(),
            watches=self._watch_set(),
            alerts=AlertLog(self, PARTITIONS, Shop(None, ("en",)), self.clock, cast("AlertFeed", _NoStreams())),
        )
        self.run(self._begin(), reporter.run())

    def _watch_set(self) -> WatchSet:
        """Return the watches, which a process reads to their end before its first item record."""
        in_force = WatchSet()
        for watch in self._watches.values():
            in_force.put(watch)
        return in_force

    def index_progress(self, progress: IndexProgress) -> None:
        """Note how far a collection is, as the searchable watermark of the process does."""
        if self.alive:
            self._heard(progress)

    def serve(self, collection: str) -> None:
        """Note which collection serves: it is always the same."""

    def forget(self, collection: str) -> None:
        """Forget a collection that has been dropped, which none is."""

    def embedder(self, _source: str | None) -> Any:
        """Return the only embedder, which is this process."""
        return self

    async def loaded(self) -> None:
        """Return at once: the model needs no loading."""

    async def embed_documents(self, texts: Sequence[str]) -> Any:
        """Return float32 `(len(texts), 2)` when the scheduler lets it. Raises EmbeddingFailed for some texts."""
        await self.ask(Request(f"embeds {len(texts)}", [], lambda: None))
        if any(CURSED in text for text in texts):
            raise EmbeddingFailed("this text is cursed")
        return np.stack([vector_of(text) for text in texts])

    @override
    async def handle(self, batch: RecordBatch) -> None:
        await self.worker.handle(batch)

    @override
    def assign(self, numbers: set[int]) -> None:
        self.worker.assign(numbers)

    @override
    async def starts(self, commits: Mapping[Partition, int]) -> Mapping[Partition, int]:
        return await self.worker.start_offsets(commits)

    @override
    def busy(self) -> bool:
        lanes = any(len(writer.lanes) for writer in self.writers.writers)
        return super().busy() or lanes or any(request.writes for request in self.requests)

    async def _begin(self) -> None:
        await self.writers.refresh_until_available()
        self.ready = True
        await self.writers.run()


class _Group(NamedTuple):
    """The consumer group, as its process knows it."""

    process: Process

    def generation(self) -> int:
        """Return the generation in which the process has its partitions."""
        return self.process.generation


class _NoStreams:
    """The streams of a process to which nobody listens."""

    def deliver(self, _alert: Alert) -> None:
        """Deliver an alert to no one."""


class _OneCollection:
    """The only collection, which is never rebuilt."""

    def __init__(self, index: Any) -> None:
        self._roles = Roles(index)

    async def roles(self) -> Roles:
        return self._roles
