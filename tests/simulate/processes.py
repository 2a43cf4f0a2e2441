"""The two workers, composed by the functions that compose the real ones, without broker and threads."""

from __future__ import annotations

import asyncio
import zlib
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from prometheus_client import CollectorRegistry
from typing_extensions import override

from schemas.errors import EmbeddingFailed
from stream.index.compose import KafkaSide, compose_writing
from stream.items.arrival import LOG_APPEND_TIME
from stream.items.compose import compose
from stream.kafka.cluster import Cluster
from stream.kafka.log_identity import LogIdentity
from stream.kafka.offsets import OffsetTrackers
from stream.kafka.partitions import Partition
from stream.kafka.reader import Record
from stream.progress.freshness import RecentFreshness
from stream.runtime.metrics import IndexMetrics, ItemsMetrics
from workers.index.interface import Roles
from workers.priority import QueryGate

from .events import CURSED, PARTITIONS
from .index import IndexClient, Request
from .loop import ProcessLoop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence

    from schemas.progress import IndexProgress
    from stream.kafka.record_batch import RecordBatch
    from stream.kafka.send import KeyedRecord
    from workers.index.interface import Collections

    from .index import Points
    from .log import Group, Log
    from .loop import Clock

LOG_ID = "log"
EPOCH = 1
ITEMS_METRICS = ItemsMetrics(CollectorRegistry())
INDEX_METRICS = IndexMetrics(CollectorRegistry())
"""These metrics are shared by all runs: making them for each run would cost more than the run."""


class Message(NamedTuple):
    """A record of a batch, as a fetch returns it."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp_type: int = LOG_APPEND_TIME


class Outgoing(NamedTuple):
    """A record in the producer's buffer."""

    partition: Partition
    key: bytes | None
    value: bytes | None
    headers: Any
    confirmation: asyncio.Future[Any]
    generation: int
    """The generation in which its process sent it."""


def vector_of(text: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return float32 `(2,)`, different for each text."""
    return np.array([1.0, zlib.crc32(text.encode()) / 2**32], dtype=np.float32)


class Process:
    """The parts that both workers have: a loop, a producer, a consumer with a queue for each topic."""

    kind: str

    def __init__(self, name: str, number: int, *, clock: Clock, log: Log, group: Group) -> None:
        self.name = name
        self.clock = clock
        self.log = log
        self.group = group
        self.loop = ProcessLoop(clock)  # type: ignore[abstract]
        self.trackers = OffsetTrackers()
        self.alive, self.runs, self.ready = True, True, False
        """`runs` means alive and not frozen. `ready` means that the process may join its group."""
        self.outbox: dict[Partition, deque[Outgoing]] = {}
        self.sending = 0
        """The number of records in the outbox."""
        self.unconfirmed: deque[tuple[asyncio.Future[Any], Any]] = deque()
        self.requests: list[Request] = []
        self.generation = -1
        self.assigned: set[int] = set()
        self.positions: dict[Partition, int] | None = None
        """The positions of the consumer; None between an assignment and the seek to the committed offsets."""
        self.seeking = False
        self.seen = -1
        """The length of the log when the consumer had last read all of it."""
        self.writer = f"{name}-{number}"
        self.failures: list[BaseException] = []
        with self.loop.inside():
            self.queues: dict[str, asyncio.Queue[RecordBatch]] = {topic: asyncio.Queue() for topic in group.topics}
            self.build()

    def build(self) -> None:
        """Compose the worker and start its tasks."""
        raise NotImplementedError

    async def handle(self, batch: RecordBatch) -> None:
        """Hand a batch of the consumer to the worker."""
        raise NotImplementedError

    def assign(self, numbers: set[int]) -> None:
        """Assign these partitions, as Faust's signals do."""
        raise NotImplementedError

    async def starts(self, commits: Mapping[Partition, int]) -> Mapping[Partition, int]:
        """Return the offsets that the consumer seeks to."""
        raise NotImplementedError

    async def seek(self, commits: Mapping[Partition, int]) -> None:
        """Begin to consume, unless the partitions were revoked meanwhile."""
        generation = self.generation
        starts = await self.starts(commits)
        if self.generation == generation and self.seeking:
            self.positions, self.seen, self.seeking = dict(starts), -1, False

    def busy(self) -> bool:
        """Return whether any record or request of the process is under way."""
        return bool(self.sending or self.unconfirmed or any(not queue.empty() for queue in self.queues.values()))

    def run(self, *work: Coroutine[Any, Any, None]) -> None:
        """Start the tasks of the worker, and an agent for each topic."""
        for each in (*work, *(self._agent(queue) for queue in self.queues.values())):
            self.loop.start(each)

    def fail(self, error: BaseException) -> None:
        """Fail as an error that ends the process does."""
        self.failures.append(error)

    def current_generation(self) -> int:
        """Return the generation of the consumer group, as this process knows it."""
        return self.generation

    async def send(self, topic: str, key: bytes | None, value: bytes | None, partition: int, headers: Any) -> Any:
        """Put a record into the producer's buffer; the returned future is the confirmation."""
        confirmation = self.loop.create_future()
        target = Partition(topic, partition)
        if self.alive:
            self.sending += 1
            self.outbox.setdefault(target, deque()).append(
                Outgoing(target, key, value, headers, confirmation, self.generation)
            )
        return confirmation

    async def send_batch(self, topic: str, partition: int, records: Sequence[KeyedRecord]) -> asyncio.Future[int]:
        """Put records into the producer's buffer, each of which the broker appends in a step of its own.

        That is harsher than Kafka, which appends a batch at once. The future is the confirmation of the last record.
        """
        last = [await self.send(topic, *record[:2], partition, record.headers) for record in records][-1]
        confirmed: asyncio.Future[int] = self.loop.create_future()

        def confirm(done: asyncio.Future[Any]) -> None:
            if not confirmed.cancelled():
                confirmed.set_result(done.result().offset)

        last.add_done_callback(confirm)
        return confirmed

    def ask(self, request: Request) -> asyncio.Future[Any]:
        """Queue a request to the index."""
        if self.alive:
            self.requests.append(request)
        return request.reply

    def crash(self) -> None:
        """Crash: the memory of the process is lost."""
        self.alive = self.runs = False
        self.loop.dispose()

    async def _agent(self, queue: asyncio.Queue[RecordBatch]) -> None:
        while True:
            await self.handle(await queue.get())


class LogReader:
    """A `stream.kafka.reader.Reader` over the simulated log: each list of records waits for the scheduler."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._positions: dict[Partition, int] = {}
        self._waiting: asyncio.Future[None] | None = None
        self._asks_ends = False
        self._seen = -1
        self.chosen: Callable[[int], int] = lambda _choices: 0

    @property
    def positions(self) -> dict[Partition, int]:
        return dict(self._positions)

    def assign(self, positions: Mapping[Partition, int]) -> None:
        self._positions, self._asks_ends = dict(positions), False

    async def read_to_end(self) -> AsyncIterator[list[Record]]:
        self._asks_ends = True
        await self._turn()
        self._asks_ends = False
        ends = {partition: self._process.log.end(partition) for partition in self._positions}
        while any(self._positions[partition] < end for partition, end in ends.items()):
            await self._turn()
            yield self._next()

    async def follow(self) -> AsyncIterator[list[Record]]:
        while True:
            await self._turn()
            yield self._next()

    @property
    def behind(self) -> list[Partition]:
        """Return the partitions in which there are more records to read."""
        return [partition for partition, offset in self._positions.items() if offset < self._process.log.end(partition)]

    @property
    def wants(self) -> bool:
        """Return whether the reader waits for an answer that the broker has."""
        if self._waiting is None or self._waiting.done():
            return False
        if not self._asks_ends and self._seen == self._process.log.length:
            return False
        self._seen = self._process.log.length
        return self._asks_ends or bool(self.behind)

    def turn(self) -> None:
        """Answer the fetch that the reader waits for."""
        if self._waiting is not None:
            self._waiting.set_result(None)

    async def _turn(self) -> None:
        self._waiting, self._seen = self._process.loop.create_future(), -1
        await self._waiting

    def _next(self) -> list[Record]:
        partition = self.behind[self.chosen(len(self.behind))]
        there = self._process.log.records(partition, self._positions[partition])
        taken = there[: 1 + self.chosen(len(there))]
        self._positions[partition] += len(taken)
        return [Record(partition, r.offset, r.timestamp_ms, r.key, r.value, r.headers) for r in taken]


class ItemsProcess(Process):
    """The process of `stream.items.__main__`."""

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
            gate=QueryGate(),
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
    """An index worker in the shipped wiring of `stream.index.compose`, over the simulated log and index."""

    kind = "index"

    def __init__(self, name: str, number: int, points: Points, heard: Callable[[IndexProgress], None], **at: Any):
        """`heard` is called with how far this process is, as the searchable watermark of its API would be."""
        self._points = points
        self._heard = heard
        super().__init__(name, number, **at)

    @override
    def build(self) -> None:
        index: Any = IndexClient(self._points, self.ask)
        self.worker, _, self.writers, reporter = compose_writing(
            KafkaSide(Cluster(""), self.trackers, self.send, _Group(self)),
            identity=LogIdentity(LOG_ID, EPOCH),
            collections=cast("Collections", _OneCollection(index)),
            models=self,
            watermark=self,
            metrics=INDEX_METRICS,
            recent=RecentFreshness(),
            clock=self.clock,
            gate=QueryGate(),
            shop_currency=None,
            publishes_progress=True,
        )
        self.run(self._begin(), reporter.run())

    def index_progress(self, progress: IndexProgress) -> None:
        """Note how far a collection is, as the searchable watermark of the process does."""
        if self.alive:
            self._heard(progress)

    def serve(self, collection: str) -> None:
        """Note which collection serves: it is always the same."""

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


class _OneCollection:
    """The only collection, which is never rebuilt."""

    def __init__(self, index: Any) -> None:
        self._roles = Roles(index)

    async def roles(self) -> Roles:
        return self._roles
