"""A process: a loop, a producer and a consumer, without broker and threads."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from stream.items.arrival import LOG_APPEND_TIME
from stream.kafka.offset_tracker import OffsetTrackers
from stream.kafka.partitions import Partition

from .loop import ProcessLoop

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from stream.kafka.record_batch import RecordBatch
    from stream.kafka.send import KeyedRecord

    from .index import Request
    from .log import Group, Log
    from .loop import Clock


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
