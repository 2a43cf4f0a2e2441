"""Takes item records into the lanes and acks them when search can show them. Knows ownership, not Faust."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog

from schemas.codec import decode_item_under
from schemas.points import point_version, version_offset
from schemas.progress import IndexProgress
from stream.dead_letters import Origin, bug_headers, dead_letter_headers, dead_letter_topic
from stream.topics import ITEMS
from stream.tracker import Partition, Trackers
from workers.embedder.interface import EmbeddingFailed
from workers.pending import Pending

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from schemas.points import Payload
    from stream.index.attached import Attached
    from stream.items.publisher import Send

log = structlog.get_logger(__name__)


class IndexWorker:
    """The index app without Faust: what happens to each item record, and to ownership."""

    def __init__(
        self,
        epoch: int,
        *,
        trackers: Trackers,
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
        self.attached: Attached
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
            await self._dead_letter(message, bug_headers(_origin(message), message.headers or (), error))
            delivery.finish()
            return
        version, writers = point_version(self._epoch, message.offset), self.attached.writers
        for writer, finish in zip(writers, _each(len(writers), delivery.finish), strict=True):
            await writer.lanes.put(Pending(record, message.partition, version, [finish], dict(record.changes)))

    def refuse(self, pending: Pending, error: Exception) -> None:
        """A pure stage failed on this record: to the dead letters, then it is finished."""
        asyncio.ensure_future(self._refuse(pending, error)).add_done_callback(self._fail_if_failed)

    async def give_up_vector(self, payload: Payload, reason: str) -> None:
        """One dead letter for a text that cannot be embedded; its item is found by its words."""
        offset = version_offset(payload["version"])
        origin = Origin(ITEMS, payload["partition"], offset, payload["vector_due_at_ms"] or 0)
        headers = dead_letter_headers(origin, (), EmbeddingFailed(reason))
        await (
            await self._send(
                dead_letter_topic(ITEMS), payload["product_id"].encode(), None, payload["partition"], headers
            )
        )

    async def _refuse(self, pending: Pending, error: Exception) -> None:
        offset = version_offset(pending.version)
        origin = Origin(ITEMS, pending.partition, offset, 0)
        key = pending.record.state.product_id.encode()
        headers = bug_headers(origin, (), error)
        await (await self._send(dead_letter_topic(ITEMS), key, None, pending.partition, headers))
        pending.done()
        self.report()

    async def _dead_letter(self, message: Any, headers: list[tuple[str, bytes]]) -> None:
        log.error("bug", topic=ITEMS, partition=message.partition, offset=message.offset)
        topic = dead_letter_topic(ITEMS)
        await (await self._send(topic, message.key, message.value, message.partition, headers))

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


def _origin(message: Any) -> Origin:
    return Origin(message.topic, message.partition, message.offset, int(message.timestamp * 1000))
