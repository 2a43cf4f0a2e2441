"""The publisher of an items worker: it sends item and review records, only the newest state of each item, and acks the
events that they come from when the broker has confirmed them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from schemas.items import Change
from schemas.state_codec import encode_item, encode_review, review_key
from stream.items.partition import FACET_OF_TOPIC
from stream.kafka.topics import ITEMS, REVIEW_STATES
from stream.state_files.records import WRITER_HEADER
from workers.linger import linger_until_quiet, rest_after

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from aiokafka.structs import RecordMetadata

    from schemas.events import Event
    from schemas.items import Entity
    from stream.items.assignment import ItemsAssignment
    from stream.items.partition import ItemPartition
    from stream.kafka.offsets import InFlightRecord
    from stream.kafka.send import Headers, Send


class PublisherBounds(NamedTuple):
    """The bounds of a publisher."""

    batch_items_max: int = 256
    """The most item records that are sent together."""
    batches_in_flight_max: int = 8
    """The most batches that wait for their confirmations."""
    in_flight_max: int = 5_000
    """The most events that wait for a confirmation; at this bound the input waits."""


BOUNDS = PublisherBounds()
"""The bounds of a publisher that is given none."""


class Folded(NamedTuple):
    """An event that was folded, and whether it changed the item."""

    partition: ItemPartition
    event: Event
    arrived_at_ms: int
    changed: bool


class Outgoing(NamedTuple):
    """A record to send for an event that is not folded here: the event for its right partition, or a dead letter."""

    origin: ItemPartition
    """The partition that the event was delivered from."""
    topic: str
    key: bytes | None
    value: bytes | None
    partition: int
    headers: Headers


class ItemKey(NamedTuple):
    """An item of an assignment. The same item is another key once its partition was revoked and assigned again."""

    partition: ItemPartition
    product_id: str


@dataclass(slots=True, eq=False)
class Effect:
    """Records on their way to the broker, and the in-flight records that are acked when it has confirmed them."""

    partition: ItemPartition
    acks: list[InFlightRecord] = field(default_factory=list)
    confirmed: bool = False


@dataclass(slots=True, eq=False)
class PendingUpdate(Effect):
    """The next record of an item: the changes that it states for the first time."""

    reviews: dict[str, Entity] = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)

    def note(self, facet: str, arrived_at_ms: int) -> None:
        """Count one more event of this facet."""
        known = self.changes.get(facet)
        first = arrived_at_ms if known is None else min(known.first_arrived_at_ms, arrived_at_ms)
        self.changes[facet] = Change(first, 1 + (known.events if known else 0))


class Publisher:
    """Carries out the decisions of one items worker, and acks their events."""

    def __init__(self, send: Send, assignment: ItemsAssignment, bounds: PublisherBounds | None = None) -> None:
        self._send = send
        self._assignment = assignment
        self._pending: dict[ItemKey, PendingUpdate] = {}
        self._sending: dict[ItemKey, PendingUpdate] = {}
        self._outgoing: list[tuple[Effect, Awaitable[RecordMetadata]]] = []
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._in_flight = 0
        self._arrived = 0
        self._bounds = bounds or BOUNDS
        self._batches = asyncio.Semaphore(self._bounds.batches_in_flight_max)

    @property
    def idle(self) -> bool:
        """Return whether no item record waits to be sent or confirmed."""
        return not (self._pending or self._sending)

    async def wait_for_room(self) -> None:
        """Wait until there is room for one more event."""
        while self._in_flight >= self._bounds.in_flight_max:
            self._room.clear()
            await self._room.wait()

    async def carry_out(self, decision: Folded | Outgoing) -> Effect:
        """Begin the effect of a decision. A folded event joins the next record of its item without suspending."""
        if isinstance(decision, Folded):
            return self._update(decision)
        effect = Effect(decision.origin)
        sent = await self._send(decision.topic, decision.key, decision.value, decision.partition, decision.headers)
        self._outgoing.append((effect, sent))
        self._wake.set()
        return effect

    def publish(self, key: ItemKey) -> PendingUpdate:
        """Return the pending update of an item, which is sent soon."""
        update = self._pending.get(key)
        if update is None:
            update = self._pending[key] = PendingUpdate(key.partition)
            self._wake.set()
        return update

    def ack_after(self, effect: Effect, in_flight: InFlightRecord) -> None:
        """Ack the record once the effect is confirmed: the only way in which an input event is acked."""
        self._arrived += 1
        self._in_flight += 1
        effect.acks.append(in_flight)
        if effect.confirmed:
            self._ack(effect, -1)

    def forget(self, partition: ItemPartition) -> None:
        """Drop the updates of a revoked partition that are not sent yet: its next worker reads their events again."""
        for key in [key for key in self._pending if key.partition is partition]:
            self._release(self._pending.pop(key))

    async def run(self) -> None:
        """Send until cancelled. Raises what the producer raises, also for forwarded events and dead letters."""
        async with asyncio.TaskGroup() as confirmations:
            while True:
                await self._wake.wait()
                self._wake.clear()
                self._start_confirming_outgoing(confirmations)
                if not self._pending:
                    continue
                await linger_until_quiet(lambda: self._arrived)
                items = len(self._pending)
                while self._pending:
                    await self._batches.acquire()
                    # Here too: while more events come than the broker confirms, this loop does not end.
                    self._start_confirming_outgoing(confirmations)
                    keys = list(islice(self._pending, self._bounds.batch_items_max))
                    batch = [(key, self._pending.pop(key)) for key in keys]
                    self._sending.update(batch)
                    sent_batch = [(key, update, await self._start(key, update)) for key, update in batch]
                    confirmations.create_task(self._confirm(sent_batch))
                await rest_after(items)

    def _start_confirming_outgoing(self, confirmations: asyncio.TaskGroup) -> None:
        for effect, sent in self._outgoing:
            confirmations.create_task(self._confirm_outgoing(effect, sent))
        self._outgoing.clear()

    def _update(self, folded: Folded) -> Effect:
        """Return the record of the item that says what the event says: the next one, or for a repeated event the one
        that is pending or being sent; where the log has it already, an effect that is confirmed."""
        partition, event = folded.partition, folded.event
        key = ItemKey(partition, event.product_id)
        if not folded.changed:
            return self._pending.get(key) or self._sending.get(key) or Effect(partition, confirmed=True)
        update = self.publish(key)
        update.note(FACET_OF_TOPIC[event.topic], folded.arrived_at_ms)
        if event.topic == "reviews":
            review_id = event.part or ""
            update.reviews[review_id] = partition.items[event.product_id].reviews[review_id]
        return update

    async def _start(self, key: ItemKey, update: PendingUpdate) -> list[Awaitable[RecordMetadata]]:
        """Send review records first and the item record second. The ack waits for both."""
        number, writer = key.partition.number, [(WRITER_HEADER, key.partition.writer.encode())]
        futures = [
            await self._send(
                REVIEW_STATES, review_key(key.product_id, review_id), encode_review(review), number, writer
            )
            for review_id, review in update.reviews.items()
        ]
        record = encode_item(key.partition.next_record(key.product_id, update.changes))
        futures.append(await self._send(ITEMS, key.product_id.encode(), record, number, writer))
        return futures

    async def _confirm(self, sent: list[tuple[ItemKey, PendingUpdate, list[Awaitable[RecordMetadata]]]]) -> None:
        try:
            for key, update, futures in sent:
                confirmed = [await future for future in futures]
                if self._sending.get(key) is update:
                    del self._sending[key]
                self._ack(update, confirmed[-1].offset)
        finally:
            self._batches.release()

    async def _confirm_outgoing(self, effect: Effect, sent: Awaitable[RecordMetadata]) -> None:
        await sent
        self._ack(effect, -1)

    def _ack(self, effect: Effect, offset: int) -> None:
        """Ack the events of a confirmed effect. `offset`: of its item record; -1 where it has none."""
        effect.confirmed = True
        for in_flight in effect.acks:
            in_flight.ack()
        self._release(effect)
        self._assignment.reaches(effect.partition, offset)

    def _release(self, effect: Effect) -> None:
        self._in_flight -= len(effect.acks)
        effect.acks.clear()
        self._room.set()
