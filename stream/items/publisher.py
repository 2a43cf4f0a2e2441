"""The publisher of an items worker: it sends item and review records, only the newest state of each item, and acks the
events that they come from when the broker has confirmed them.

This module enforces docs/invariants.md#9.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from aiokafka.errors import KafkaError

from schemas.errors import Unavailable
from schemas.item_facets import FACET_OF_TOPIC
from schemas.state_codec import encode_review, review_key
from stream.items.effects import Effect, FoldedEvent, PendingUpdate
from stream.items.traces import ItemsTraces, join_span
from stream.kafka.send import KeyedRecord
from stream.kafka.topics import ITEMS, REVIEW_STATES
from stream.state_files.records import FOLDED_AT_HEADER, WRITER_HEADER
from workers.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Mapping

    from stream.items.assignment import ItemsAssignment
    from stream.items.effects import Outgoing
    from stream.items.partition import ItemPartition
    from stream.kafka.send import Sender
    from workers.clock import Clock
    from workers.lanes.acks import Ack


class PublisherBounds(NamedTuple):
    """The bounds of a publisher."""

    batch_items_max: int = 256
    """The most item records that are sent together."""
    in_flight_max: int = 5_000
    """The most events that wait for a confirmation; at this bound the input waits."""


BOUNDS = PublisherBounds()
"""The bounds of a publisher that is given none."""


class Publisher:
    """Carries out the decisions of one items worker, and acks their events.

    Each partition has one batch of item records on its way at a time; the events that come meanwhile join the next one.
    So records of an item cannot overtake each other, and batches grow with the load.
    """

    def __init__(
        self,
        sender: Sender,
        assignment: ItemsAssignment,
        *,
        clock: Clock,
        bounds: PublisherBounds | None = None,
        traces: ItemsTraces | None = None,
    ) -> None:
        self._sender = sender
        self._assignment = assignment
        self._pending: defaultdict[ItemPartition, dict[str, PendingUpdate]] = defaultdict(dict)
        self._sending: dict[ItemPartition, dict[str, PendingUpdate]] = {}
        self._outgoing: list[tuple[Effect, Awaitable[object]]] = []
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._in_flight = 0
        self._clock = clock
        self._pace = Pace(clock)
        self._bounds = bounds or BOUNDS
        self._traces = traces or ItemsTraces(None, clock)

    @property
    def idle(self) -> bool:
        """Return whether no item record waits to be sent or confirmed."""
        return not (self._pending or self._sending)

    async def wait_for_room(self) -> None:
        """Wait until there is room for one more event."""
        while self._in_flight >= self._bounds.in_flight_max:
            self._room.clear()
            await self._room.wait()

    async def carry_out(self, decision: FoldedEvent | Outgoing) -> Effect:
        """Begin the effect of a decision. A folded event joins the next record of its item without suspending."""
        if isinstance(decision, FoldedEvent):
            return self._update(decision)
        effect = Effect(decision.origin)
        sent = await self._sender.send(
            decision.topic, decision.key, decision.value, decision.partition, decision.headers
        )
        self._outgoing.append((effect, sent))
        self._wake.set()
        return effect

    def publish(self, partition: ItemPartition, product_id: str) -> PendingUpdate:
        """Return the pending update of an item, which is sent soon."""
        updates = self._pending[partition]
        update = updates.get(product_id)
        if update is None:
            update = updates[product_id] = PendingUpdate(partition, began_at_ms=self._clock.now_ms())
            self._wake.set()
        return update

    def publish_again(self, partition: ItemPartition, product_id: str) -> None:
        """Publish an item whose last records in the logs are not its state."""
        self.publish(partition, product_id).reviews.update(partition.take_hidden_reviews(product_id))

    def appends_after(self, partition: ItemPartition, topic: str, offset: int) -> bool:
        """Return whether a record of this worker follows the one at this offset, or may do so."""
        return partition in self._sending or partition.appended.get(topic, -1) > offset

    def ack_after(self, effect: Effect, in_flight: Ack) -> None:
        """Ack the record once the effect is confirmed: the only way in which an input event is acked."""
        self._in_flight += 1
        effect.acks.append(in_flight)
        if effect.confirmed:
            self._ack(effect)
            self._assignment.reaches(effect.partition, -1)

    def forget(self, partition: ItemPartition) -> None:
        """Drop the updates of a revoked partition that are not sent yet: its next worker reads their events again."""
        for update in self._pending.pop(partition, {}).values():
            self._release(update)

    async def run(self) -> None:
        """Send until cancelled. Raises Unavailable where the broker does not confirm a record, and what else the
        producer raises, also for forwarded events and dead letters."""
        async with asyncio.TaskGroup() as confirmations:
            while True:
                await self._wake.wait()
                self._wake.clear()
                for effect, sent in self._outgoing:
                    confirmations.create_task(self._confirm_outgoing(effect, sent))
                self._outgoing.clear()
                for partition in [each for each in self._pending if each not in self._sending]:
                    self._sending[partition] = {}
                    confirmations.create_task(self._publish_batch(partition))
                await self._pace.rest()

    def _update(self, folded: FoldedEvent) -> Effect:
        """Return the effect to wait for, which is the next record of the item. For an event that changed nothing it is
        the record that is pending or being sent, or a confirmed effect if the log has that record already."""
        partition, event = folded.partition, folded.event
        if not folded.changed:
            return self._repeated(partition, event.product_id)
        update = self.publish(partition, event.product_id)
        update.note(FACET_OF_TOPIC[event.topic], folded.arrived_at_ms)
        join_span(update, folded.span)
        if event.topic == "reviews":
            review_id = event.part or ""
            update.reviews[review_id] = partition.items[event.product_id].reviews[review_id]
        return update

    def _repeated(self, partition: ItemPartition, product_id: str) -> Effect:
        for updates in (self._pending.get(partition), self._sending.get(partition)):
            if updates is not None and (update := updates.get(product_id)) is not None:
                return update
        return Effect(partition, confirmed=True)

    def _take_batch(self, partition: ItemPartition) -> dict[str, PendingUpdate]:
        """Move the oldest updates of a partition from those pending to those being sent."""
        pending = self._pending.get(partition, {})
        product_ids = list(islice(pending, self._bounds.batch_items_max))
        batch = self._sending[partition] = {product_id: pending.pop(product_id) for product_id in product_ids}
        if not pending:
            self._pending.pop(partition, None)
        return batch

    async def _publish_batch(self, partition: ItemPartition) -> None:
        """Send a batch, and ack its events once the broker has confirmed it. Then the next one may go.

        It is taken here, just before it is sent: until then a revocation may drop its updates, so that this worker
        writes nothing into the log of the next one.
        """
        batch = self._take_batch(partition)
        with _unconfirmed("item records"):
            offset = await self._send(partition, batch) if batch else -1
        del self._sending[partition]
        self._wake.set()
        for update in batch.values():
            self._ack(update)
        self._assignment.reaches(partition, offset)

    async def _send(self, partition: ItemPartition, batch: Mapping[str, PendingUpdate]) -> int:
        """Send review records first and item records second; return the last offset once both are confirmed."""
        number, writer = partition.number, [(WRITER_HEADER, partition.writer.encode())]
        reviews = [
            KeyedRecord(review_key(product_id, review_id), encode_review(review), writer)
            for product_id, update in batch.items()
            for review_id, review in update.reviews.items()
        ]
        confirmed = [await self._sender.send_batch(REVIEW_STATES, number, reviews)] if reviews else []
        spans = self._traces.begin_sending(number, batch)
        items = [
            KeyedRecord(
                product_id.encode(),
                partition.next_record(product_id, update.changes),
                [
                    *writer,
                    (FOLDED_AT_HEADER, b"%d" % update.began_at_ms),
                    *(spans[product_id].context.headers if product_id in spans else ()),
                ],
            )
            for product_id, update in batch.items()
        ]
        confirmed.append(await self._sender.send_batch(ITEMS, number, items))
        offsets = [await each for each in confirmed]
        partition.appended |= dict(zip((ITEMS, REVIEW_STATES), reversed(offsets), strict=False))
        self._traces.end_sending(spans)
        return offsets[-1]

    async def _confirm_outgoing(self, effect: Effect, sent: Awaitable[object]) -> None:
        with _unconfirmed("a forwarded event or a dead letter"):
            await sent
        self._ack(effect)
        self._assignment.reaches(effect.partition, -1)

    def _ack(self, effect: Effect) -> None:
        effect.confirm()
        self._release(effect)

    def _release(self, effect: Effect) -> None:
        self._in_flight -= effect.release()
        self._room.set()


@contextlib.contextmanager
def _unconfirmed(what: str) -> Iterator[None]:
    """Say for a person what the broker did not confirm. Raises Unavailable."""
    try:
        yield
    except KafkaError as error:
        raise Unavailable(
            f"the broker did not confirm {what} ({error!r}): does it run, or hang? Its events are read again"
        ) from error
