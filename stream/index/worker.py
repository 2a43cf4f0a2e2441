"""Takes item records into the lanes and acks them when search can show them. Knows ownership, not Faust."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import structlog

from schemas.codec import decode_item
from schemas.points import OFFSET_BITS, point_version
from schemas.progress import IndexProgress
from stream.dead_letters import Origin, bug_headers, dead_letter_headers, dead_letter_topic
from stream.index.freshness import Observation, RecentFreshness
from stream.topics import ITEMS
from stream.tracker import Partition, Trackers
from workers import indexing
from workers.embedder.interface import EmbeddingFailed
from workers.indexing import Pending

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from schemas.errors import Unavailable
    from schemas.items import Change
    from schemas.points import Payload
    from stream.items.publisher import Send
    from stream.metrics import IndexMetrics
    from workers.plan import Action

log = structlog.get_logger(__name__)


class Observed(indexing.Observer):
    """Turns what the lanes tell into metrics."""

    def __init__(self, metrics: IndexMetrics, recent: RecentFreshness) -> None:
        self._metrics = metrics
        self._recent = recent
        self.wake_embedding: Callable[[], None] = lambda: None
        self.refuse: Callable[[Pending, Exception], None] = lambda _pending, _error: None
        self.report: Callable[[], None] = lambda: None
        self.give_up: Callable[[Payload, str], Awaitable[None]]

    def planned(self, action: Action) -> None:
        """See indexing.Observer."""
        self._metrics.plans.labels(action.value).inc()
        if action == "patch":
            self._metrics.avoided.inc()
        elif action == "upsert":
            self._metrics.cached.inc()

    def wrote(self) -> None:
        """See indexing.Observer."""
        self.report()

    def searchable(self, facet: str, change: Change, now_ms: int) -> None:
        """See indexing.Observer."""
        self._observe(facet, max(0, now_ms - change.first_arrived_at_ms) / 1000, change.events)

    def vector_searchable(self, due_at_ms: int | None, now_ms: int) -> None:
        """See owed_vectors.Observer."""
        self._observe("vector", max(0, now_ms - (due_at_ms or now_ms)) / 1000, 1)

    def vectors_owed(self) -> None:
        """See indexing.Observer."""
        self.wake_embedding()

    def embedded(self, texts: int) -> None:
        """See owed_vectors.Observer."""
        self._metrics.embedded.inc(texts)

    async def vector_failed(self, payload: Payload, reason: str) -> None:
        """See owed_vectors.Observer."""
        self._metrics.embedding_failures.inc()
        await self.give_up(payload, reason)

    def retried(self, error: Unavailable) -> None:
        """See indexing.Observer."""
        self._metrics.retries.inc()

    def refused(self, pending: Pending, error: Exception) -> None:
        """See indexing.Observer."""
        self.refuse(pending, error)

    def _observe(self, facet: str, seconds: float, events: int) -> None:
        histogram = self._metrics.freshness.labels(facet)
        for _ in range(events):
            histogram.observe(seconds)
        self._recent.observe(facet, Observation(time.monotonic(), seconds, events))


class IndexWorker:
    """The index app without Faust: what happens to each item record, and to ownership."""

    def __init__(
        self,
        epoch: int,
        collection: str,
        *,
        lanes: indexing.Lanes,
        trackers: Trackers,
        send: Send,
        report: Callable[[IndexProgress], None],
        current_generation: Callable[[], int],
        fail: Callable[[BaseException], None],
    ) -> None:
        self._epoch = epoch
        self._collection = collection
        self._lanes = lanes
        self._trackers = trackers
        self._send = send
        self._report_progress = report
        self._current_generation = current_generation
        self._fail = fail
        self._start: dict[int, int] = {}
        self._indexed: dict[int, int] = {}
        self._reported: dict[int, int] = {}
        self.owned: frozenset[int] = frozenset()

    def start_from(self, positions: dict[int, int]) -> None:
        """What the index says of itself, by partition: versions up to which everything is searchable."""
        in_this_log = {n: v - point_version(self._epoch, 0) for n, v in positions.items()}
        self._indexed = {n: offset for n, offset in in_this_log.items() if 0 <= offset < 1 << OFFSET_BITS}

    def start_offset(self, partition: Partition, commit: int) -> int:
        """The lesser of commit and the index's own position: an index that was wiped or restored is filled again."""
        start = min(commit, self._indexed.get(partition.number, 0))
        self._start[partition.number] = start
        self.report()
        return start

    def own(self, numbers: Collection[int]) -> None:
        """The partitions assigned now."""
        revoked, self.owned = self.owned - set(numbers), frozenset(numbers)
        self._indexed.update(self.positions())
        self._trackers.forget([Partition(ITEMS, number) for number in revoked])

    def positions(self) -> dict[int, int]:
        """By owned partition: the offset up to which every item record is searchable."""
        known = {n: self._trackers.prefix(Partition(ITEMS, n)) for n in self._start}
        return {n: self._start[n] if prefix is None else prefix for n, prefix in known.items()}

    def versions(self) -> dict[int, int]:
        """The positions as the index keeps them."""
        return {n: point_version(self._epoch, offset) for n, offset in self.positions().items()}

    async def take(self, message: Any) -> None:
        """One record of the item log. Raises only what must end the process."""
        if message.generation_id != self._current_generation():
            return  # From before a rebalance: it is delivered again, here or to the next owner.
        delivery = self._trackers.start(Partition(ITEMS, message.partition), message.offset, message.generation_id)
        if message.value is None:
            delivery.finish()  # Not ours: no item is ever deleted from its log.
            return
        try:
            record = decode_item(message.value)
        except Exception as error:
            await self._dead_letter(message, bug_headers(_origin(message), message.headers or (), error))
            delivery.finish()
            return
        version = point_version(self._epoch, message.offset)
        await self._lanes.put(Pending(record, message.partition, version, [delivery.finish], dict(record.changes)))

    def refuse(self, pending: Pending, error: Exception) -> None:
        """A pure stage failed on this record: to the dead letters, then it is finished."""
        asyncio.ensure_future(self._refuse(pending, error)).add_done_callback(self._fail_if_failed)

    async def give_up_vector(self, payload: Payload, reason: str) -> None:
        """One dead letter for a text that cannot be embedded; its item is found by its words."""
        offset = payload["version"] & ((1 << OFFSET_BITS) - 1)
        origin = Origin(ITEMS, payload["partition"], offset, payload["vector_due_at_ms"] or 0)
        headers = dead_letter_headers(origin, (), EmbeddingFailed(reason))
        await (
            await self._send(
                dead_letter_topic(ITEMS), payload["product_id"].encode(), None, payload["partition"], headers
            )
        )

    async def _refuse(self, pending: Pending, error: Exception) -> None:
        offset = pending.version & ((1 << OFFSET_BITS) - 1)
        origin = Origin(ITEMS, pending.partition, offset, 0)
        key = pending.record.state.product_id.encode()
        headers = bug_headers(origin, (), error)
        await (await self._send(dead_letter_topic(ITEMS), key, None, pending.partition, headers))
        for finish in pending.finish:
            finish()
        self.report()

    async def _dead_letter(self, message: Any, headers: list[tuple[str, bytes]]) -> None:
        log.error("bug", topic=ITEMS, partition=message.partition, offset=message.offset)
        topic = dead_letter_topic(ITEMS)
        await (await self._send(topic, message.key, message.value, message.partition, headers))

    def _fail_if_failed(self, done: asyncio.Future[None]) -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            self._fail(error)

    def report(self) -> None:
        """Tells how far each partition is, where that has changed."""
        for number, finished in self.positions().items():
            if self._reported.get(number) != finished:
                self._reported[number] = finished
                self._report_progress(IndexProgress(number, self._collection, finished))


def _origin(message: Any) -> Origin:
    return Origin(message.topic, message.partition, message.offset, int(message.timestamp * 1000))
