"""Takes input events: decode, fold, publish the item, ack. Effects at its edge, decisions in schemas and workers."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any

import structlog
from aiokafka.partitioner import murmur2

from schemas.errors import InvalidEvent
from schemas.events import parse
from schemas.progress import ItemsProgress
from stream.items.partition import FACET_OF_TOPIC, ItemPartition
from stream.items.publisher import ItemKey, Publisher
from stream.kafka.headers import (
    Origin,
    bug_headers,
    dead_letter_headers,
    dead_letter_topic,
    event_time_ms,
    first_arrival_ms,
    forwarded_headers,
)
from stream.kafka.partitions import Partition
from stream.kafka.topics import INPUTS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from schemas.events import Event
    from stream.kafka.offsets import InFlightRecord, OffsetTrackers
    from stream.kafka.send import Send
    from stream.progress.reporter import Reporter
    from stream.runtime.metrics import ItemsMetrics

log = structlog.get_logger(__name__)

ROUTES_CACHED_MAX = 100_000


class ItemsWorker:
    """The items app without Faust: what happens to each record, and to ownership."""

    def __init__(
        self,
        writer: str,
        partitions: int,
        *,
        send: Send,
        trackers: OffsetTrackers,
        reporter: Reporter,
        metrics: ItemsMetrics,
        current_generation: Callable[[], int],
        fail: Callable[[BaseException], None],
    ) -> None:
        self._send = send
        self._trackers = trackers
        self._reporter = reporter
        self._metrics = metrics
        self._current_generation = current_generation
        self._fail = fail
        self._owned: dict[int, ItemPartition] = {}
        self._ready: dict[int, asyncio.Event] = {}
        self._items_end: dict[int, int] = {}
        self._start: dict[Partition, int] = {}
        self._writers = (f"{writer}-{ownership}" for ownership in count())
        self.publisher = Publisher(send, self.reaches)
        self._route = lru_cache(ROUTES_CACHED_MAX)(lambda key: (murmur2(key) & 0x7FFFFFFF) % partitions)

    async def starts(self, commits: Mapping[Partition, int]) -> Mapping[Partition, int]:
        """Remembers the commits that owned partitions start from: below them everything is finished."""
        self._start.update(commits)
        for number in {place.number for place in commits}:
            self._report(number)  # A recovery that was faster has told less than what the commits say.
        return commits

    def own(self, numbers: Collection[int]) -> list[ItemPartition]:
        """The partitions assigned now; what was held of others is dropped."""
        for number in self._owned.keys() - set(numbers):
            self.publisher.forget(self._owned.pop(number))
            self._trackers.forget([Partition(topic, number) for topic in INPUTS])
            self._ready.pop(number).set()  # Whoever waits looks again, and finds it gone.
            self._items_end.pop(number, None)
        for number in set(numbers) - self._owned.keys():
            self._owned[number] = ItemPartition(number, next(self._writers))
            self._ready[number] = asyncio.Event()
        return list(self._owned.values())

    def recovered(self, partition: ItemPartition, items_end: int) -> None:
        """Its logs are read: events may come, and the start of this ownership is reported."""
        if self._owned.get(partition.number) is partition:
            self._items_end[partition.number] = max(items_end, self._items_end.get(partition.number, 0))
            self._ready[partition.number].set()
            self._report(partition.number)

    def reaches(self, partition: ItemPartition, offset: int) -> None:
        """What is known of it comes from its item log up to this offset: what is finished now is shown with that."""
        if self._owned.get(partition.number) is partition:
            self._items_end[partition.number] = max(self._items_end.get(partition.number, 0), offset + 1)
            self._report(partition.number)

    def position(self) -> dict[Partition, int | None]:
        """By input partition: up to where everything is finished."""
        return {place: self._trackers.prefix(place) for place in self._trackers.partitions}

    def differs(self, partition: ItemPartition, product_id: str) -> None:
        """The log says otherwise than the state: it is told the state."""
        self._metrics.joined.inc()
        self.publisher.publish(ItemKey(partition, product_id))

    async def take(self, message: Any) -> None:
        """One record of an input topic. Raises only what must end the process."""
        place = Partition(message.topic, message.partition)
        await self.publisher.wait_for_room()
        if not await self._may_take(message):
            return  # Revoked meanwhile: it is delivered again, here or to the next owner.
        delivery = self._trackers.start(place, message.offset, message.generation_id)
        arrived_at_ms = int(message.timestamp * 1000)
        origin = Origin(message.topic, message.partition, message.offset, arrived_at_ms)
        headers = list(message.headers or ())
        try:
            event = parse(
                message.topic,
                message.key,
                message.value,
                arrived_at_ms=first_arrival_ms(headers, arrived_at_ms),
                event_time_ms=event_time_ms(headers),
            )
            number = self._route(event.product_id.encode())
            if number == message.partition:
                self._fold(event, delivery, arrived_at_ms)
                return
        except InvalidEvent as error:
            await self._refuse(message, error, dead_letter_headers(origin, headers, error), delivery)
            return
        except Exception as error:
            log.exception("bug", topic=message.topic, partition=message.partition, offset=message.offset)
            self._metrics.bugs.labels("fold").inc()
            await self._refuse(message, error, bug_headers(origin, headers, error), delivery)
            return
        await self._forward(message, event, number, origin, headers, delivery)

    async def _may_take(self, message: Any) -> bool:
        while (ready := self._ready.get(message.partition)) is not None and not ready.is_set():
            await ready.wait()
        # A delivery from before a rebalance must not begin a tracker: the offsets below it are not finished.
        return ready is not None and message.generation_id == self._current_generation()

    def _fold(self, event: Event, delivery: InFlightRecord, arrived_at_ms: int) -> None:
        partition = self._owned[self._route(event.product_id.encode())]
        key = ItemKey(partition, event.product_id)
        self._metrics.events.labels(event.topic).inc()
        displaced, changed = partition.displaced, partition.take(event)
        self._metrics.evicted.inc(partition.displaced - displaced)
        if not changed:
            self._metrics.unchanged.labels(event.topic).inc()
            self.publisher.finish_after(key, delivery)
            return
        publication = self.publisher.publish(key)
        publication.note(FACET_OF_TOPIC[event.topic], arrived_at_ms)
        if event.topic == "reviews":
            review_id = event.part or ""
            publication.reviews[review_id] = partition.items[event.product_id].reviews[review_id]
        self.publisher.finish_after(key, delivery, publication)

    async def _forward(
        self, message: Any, event: Event, number: int, origin: Origin, headers: list[Any], delivery: InFlightRecord
    ) -> None:
        """A producer with another partitioner, or without a key: to the partition that owns the item."""
        self._metrics.misrouted.labels(message.topic).inc()
        again = forwarded_headers(headers, origin)
        sent = await self._send(message.topic, event.product_id.encode(), message.value, number, again)
        self._finish_when(sent, message.partition, delivery)

    async def _refuse(self, message: Any, error: Exception, headers: list[Any], delivery: InFlightRecord) -> None:
        self._metrics.dead_letters.labels(message.topic, type(error).__name__).inc()
        topic = dead_letter_topic(message.topic)
        sent = await self._send(topic, message.key, message.value, message.partition, headers)
        self._finish_when(sent, message.partition, delivery)

    def _finish_when(self, sent: Awaitable[Any], number: int, delivery: InFlightRecord) -> None:
        def confirmed(done: asyncio.Future[Any]) -> None:
            if done.cancelled():
                return
            if (error := done.exception()) is not None:
                self._fail(error)
                return
            delivery.finish()
            self._report(number)

        asyncio.ensure_future(sent).add_done_callback(confirmed)

    def _report(self, number: int) -> None:
        self._reporter.mark(("items", number), lambda: self._progress(number))

    def _progress(self, number: int) -> ItemsProgress | None:
        end = self._items_end.get(number)
        if end is None:
            return None
        finished = {}
        for topic in INPUTS:
            place = Partition(topic, number)
            prefix = self._trackers.prefix(place)
            finished[topic] = self._start.get(place, 0) if prefix is None else prefix
        return ItemsProgress(number, finished, end)
