"""Sends item and review records, newest state of each item only, and finishes deliveries when they are confirmed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from schemas.items import Change, ItemRecord
from schemas.state_codec import encode_item, encode_review, review_key
from stream.kafka.topics import ITEMS, REVIEW_STATES
from stream.state_files.records import WRITER_HEADER
from workers.linger import linger_until_quiet, rest_after

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiokafka.structs import RecordMetadata

    from schemas.items import Entity
    from stream.items.partition import HeldItem, ItemPartition
    from stream.kafka.offsets import InFlightRecord
    from stream.kafka.send import Send

BATCH_ITEMS_MAX = 256
BATCHES_IN_FLIGHT_MAX = 8
UNFINISHED_MAX = 5_000
"""Events taken and not yet confirmed; at the bound the input waits."""


class ItemKey(NamedTuple):
    """Where an item belongs. A partition that is assigned again is another one."""

    partition: ItemPartition
    product_id: str


@dataclass(slots=True)
class PendingUpdate:
    """What one item record will say for the first time, and who waits for its confirmation."""

    deliveries: list[InFlightRecord] = field(default_factory=list)
    reviews: dict[str, Entity] = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)

    def note(self, facet: str, arrived_at_ms: int) -> None:
        """One more event of this facet."""
        known = self.changes.get(facet)
        first = arrived_at_ms if known is None else min(known.first_arrived_at_ms, arrived_at_ms)
        self.changes[facet] = Change(first, 1 + (known.events if known else 0))


class Publisher:
    """Of one items worker."""

    def __init__(self, send: Send, confirmed: Callable[[ItemPartition, int], None]) -> None:
        self._send = send
        self._confirmed = confirmed
        self._due: dict[ItemKey, PendingUpdate] = {}
        self._sending: dict[ItemKey, PendingUpdate] = {}
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._unfinished = 0
        self._taken = 0
        self._batches = asyncio.Semaphore(BATCHES_IN_FLIGHT_MAX)

    async def wait_for_room(self) -> None:
        """Until one more event can be taken."""
        while self._unfinished >= UNFINISHED_MAX:
            self._room.clear()
            await self._room.wait()

    def publish(self, key: ItemKey) -> PendingUpdate:
        """The item changed: what comes next of it will say so."""
        publication = self._due.get(key)
        if publication is None:
            publication = self._due[key] = PendingUpdate()
            self._wake.set()
        return publication

    def finish_after(self, key: ItemKey, delivery: InFlightRecord, publication: PendingUpdate | None = None) -> None:
        """Finishes the delivery once everything said of the item so far is confirmed."""
        self._taken += 1
        waits_for = publication or self._due.get(key) or self._sending.get(key)
        if waits_for is None:
            delivery.finish()
            self._confirmed(key.partition, -1)
            return
        waits_for.deliveries.append(delivery)
        self._unfinished += 1

    def forget(self, partition: ItemPartition) -> None:
        """It was revoked: what is not sent yet is its next owner's to send."""
        for key in [key for key in self._due if key.partition is partition]:
            self._finish(self._due.pop(key), acked=False)

    async def run(self) -> None:
        """Sends for ever; raises what the producer raises."""
        async with asyncio.TaskGroup() as confirmations:
            while True:
                await self._wake.wait()
                self._wake.clear()
                await linger_until_quiet(lambda: self._taken)
                items = len(self._due)
                while self._due:
                    await self._batches.acquire()
                    batch = [(key, self._due.pop(key)) for key in list(islice(self._due, BATCH_ITEMS_MAX))]
                    self._sending.update(batch)
                    sent = [(key, publication, await self._start(key, publication)) for key, publication in batch]
                    confirmations.create_task(self._confirm(sent))
                await rest_after(items)

    async def _start(self, key: ItemKey, publication: PendingUpdate) -> list[Awaitable[RecordMetadata]]:
        """Review records first, item record second; the ack waits for both."""
        number, writer = key.partition.number, [(WRITER_HEADER, key.partition.writer.encode())]
        futures = [
            await self._send(
                REVIEW_STATES, review_key(key.product_id, review_id), encode_review(review), number, writer
            )
            for review_id, review in publication.reviews.items()
        ]
        held = key.partition.items[key.product_id]
        record = encode_item(_record(key.partition.writer, held, publication))
        futures.append(await self._send(ITEMS, key.product_id.encode(), record, number, writer))
        held.logged = (held.state, held.summary)
        return futures

    async def _confirm(self, sent: list[tuple[ItemKey, PendingUpdate, list[Awaitable[RecordMetadata]]]]) -> None:
        try:
            for key, publication, futures in sent:
                confirmed = [await future for future in futures]
                if self._sending.get(key) is publication:
                    del self._sending[key]
                self._finish(publication, acked=True)
                self._confirmed(key.partition, confirmed[-1].offset)
        finally:
            self._batches.release()

    def _finish(self, publication: PendingUpdate, *, acked: bool) -> None:
        self._unfinished -= len(publication.deliveries)
        if acked:
            for delivery in publication.deliveries:
                delivery.finish()
        self._room.set()


def _record(writer: str, held: HeldItem, publication: PendingUpdate) -> ItemRecord:
    return ItemRecord(writer, held.state, held.summary, publication.changes)
