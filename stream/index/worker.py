"""Takes item records into the lanes and acks them when search can show them. Knows ownership, not Faust."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from schemas.errors import EmbeddingFailed
from schemas.points import point_version, version_offset
from schemas.progress import IndexProgress
from schemas.state_codec import decode_item_under, encode_item
from stream.kafka.headers import Origin, bug_headers, dead_letter_headers, dead_letter_topic
from stream.kafka.partitions import Partition
from stream.kafka.topics import ITEMS
from workers.lanes.embedding import ATTEMPTS_MAX
from workers.lanes.pending_item import PendingItem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from schemas.points import Payload
    from stream.kafka.offsets import OffsetTrackers
    from stream.kafka.send import Headers, Send
    from stream.writers.writer_set import WriterSet

log = structlog.get_logger(__name__)


class IndexWorker:
    """The index app without Faust: what happens to each item record, and to ownership."""

    def __init__(
        self,
        epoch: int,
        *,
        trackers: OffsetTrackers,
        send: Send,
        report: Callable[[IndexProgress], None],
        current_generation: Callable[[], int],
        fail: Callable[[BaseException], None],
    ) -> None:
        self._epoch = epoch
        self._trackers = trackers
        self._send = send
        self._report_progress = report
        self._current_generation = current_generation
        self._fail = fail
        self._start: dict[int, int] = {}
        self._reported: dict[tuple[int, str], int] = {}
        self.attached: WriterSet
        """Set before the first record comes."""
        self.owned: frozenset[int] = frozenset()

    async def starts(self, commits: Mapping[Partition, int]) -> dict[Partition, int]:
        """The least of commit and the collections' own positions: one that was wiped or restored is filled again.

        Asked at each assignment: which collections there are is learnt before the first record is written.
        """
        generation, starts = self._current_generation(), {}
        await self.attached.refresh_until_available()
        for place, commit in commits.items():
            own = (writer.start(place.number) for writer in self.attached.writers)
            starts[place] = min([commit, *(offset for offset in own if offset is not None)])
        if generation == self._current_generation():  # Else they are asked for once more, of what is owned then.
            self._start |= {place.number: start for place, start in starts.items()}
            self.report()
        return starts

    def own(self, numbers: Collection[int]) -> None:
        """The partitions assigned now."""
        self.owned = frozenset(numbers)
        # Also what was learnt too late, of partitions that had been revoked by then.
        self._trackers.forget([place for place in self._trackers.partitions if place.number not in self.owned])
        self._start = {number: start for number, start in self._start.items() if number in self.owned}

    def positions(self) -> dict[int, int]:
        """By owned partition: the offset up to which every item record is searchable."""
        known = {n: self._trackers.prefix(Partition(ITEMS, n)) for n in self._start}
        return {n: self._start[n] if prefix is None else prefix for n, prefix in known.items()}

    async def take(self, message: Any) -> None:
        """One record of the item log. Raises only what must end the process."""
        if message.generation_id != self._current_generation():
            return  # From before a rebalance: it is delivered again, here or to the next owner.
        delivery = self._trackers.start(Partition(ITEMS, message.partition), message.offset, message.generation_id)
        if message.value is None:
            delivery.finish()  # Not ours: no item is ever deleted from its log.
            return
        try:
            record = decode_item_under(message.key, message.value)
        except Exception as error:
            origin = Origin(ITEMS, message.partition, message.offset, int(message.timestamp * 1000))
            headers = bug_headers(origin, message.headers or (), error)
            await self._dead_letter(origin, message.key, message.value, headers)
            delivery.finish()
            return
        version, writers = point_version(self._epoch, message.offset), self.attached.writers
        for writer, finish in zip(writers, _each(len(writers), delivery.finish), strict=True):
            await writer.lanes.put(PendingItem(record, message.partition, version, [finish], dict(record.changes)))

    def refuse(self, pending: PendingItem, error: Exception) -> None:
        """A pure stage failed on this record: to the dead letters, then it is finished."""
        asyncio.ensure_future(self._refuse(pending, error)).add_done_callback(self._fail_if_failed)

    async def give_up_vector(self, payload: Payload, reason: str) -> None:
        """One dead letter for a text that cannot be embedded, with what search holds of its item, which is found by
        its words."""
        origin = Origin(
            ITEMS, payload["partition"], version_offset(payload["version"]), payload["vector_due_at_ms"] or 0
        )
        headers = dead_letter_headers(origin, (), EmbeddingFailed(reason), attempts=ATTEMPTS_MAX)
        await self._dead_letter(origin, payload["product_id"].encode(), orjson.dumps(payload), headers)

    async def _refuse(self, pending: PendingItem, error: Exception) -> None:
        record = pending.record
        arrived_at_ms = max((change.first_arrived_at_ms for change in record.changes.values()), default=0)
        origin = Origin(ITEMS, pending.partition, version_offset(pending.version), arrived_at_ms)
        key = record.state.product_id.encode()
        await self._dead_letter(origin, key, encode_item(record), bug_headers(origin, (), error))
        pending.done()
        self.report()

    async def _dead_letter(self, origin: Origin, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        log.error("dead letter", topic=origin.topic, partition=origin.partition, offset=origin.offset)
        await (await self._send(dead_letter_topic(origin.topic), key, value, origin.partition, headers))

    def _fail_if_failed(self, done: asyncio.Future[None]) -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            self._fail(error)

    def report(self) -> None:
        """Tells how far each partition is in each collection that has all of it, where that has changed."""
        for number, finished in self.positions().items():
            for writer in self.attached.writers:
                place = number, writer.index.collection
                if writer.complete(number) and self._reported.get(place) != finished:
                    self._reported[place] = finished
                    self._report_progress(IndexProgress(number, writer.index.collection, finished))


def _each(count: int, finish: Callable[[], None]) -> list[Callable[[], None]]:
    """So many callbacks: when the last of them is called, `finish` is; what calls one twice counts once."""
    unfinished = set(range(count))

    def one(number: int) -> None:
        if number in unfinished:
            unfinished.remove(number)
            if not unfinished:
                finish()

    return [lambda number=number: one(number) for number in range(count)]  # type: ignore[misc]
