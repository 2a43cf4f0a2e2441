"""The items worker without Faust: it decodes input events, folds them, publishes the items, and acks last."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import structlog

from schemas.errors import InvalidEvent
from schemas.events import parse
from stream.items.arrival import arrival
from stream.items.publisher import Folded, Outgoing
from stream.kafka.headers import (
    Origin,
    bug_headers,
    dead_letter_headers,
    dead_letter_topic,
    event_time_ms,
    first_arrival_ms,
    forwarded_headers,
)
from stream.kafka.partitions import partition_of
from workers.priority import CooperativeTurns

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from schemas.events import Event
    from stream.items.arrival import Arrival
    from stream.items.assignment import ItemsAssignment
    from stream.items.partition import ItemPartition
    from stream.items.publisher import Publisher
    from stream.items.recovery import StateRecovery
    from stream.kafka.offsets import InFlightRecord
    from stream.kafka.partitions import Partition
    from stream.kafka.record_batch import FetchedRecord, RecordBatch
    from stream.kafka.send import Headers
    from stream.runtime.metrics import ItemsMetrics
    from workers.clock import Clock
    from workers.priority import QueryGate

log = structlog.get_logger(__name__)

ROUTES_CACHED_MAX = 100_000


class ItemsWorker:
    """Handles the records of the assigned partitions."""

    def __init__(
        self,
        partitions: int,
        *,
        assignment: ItemsAssignment,
        publisher: Publisher,
        recovery: StateRecovery,
        metrics: ItemsMetrics,
        clock: Clock,
        gate: QueryGate,
        stamped_by_producers: bool,
    ) -> None:
        """`partitions`: how many each topic has. `gate`: the queries to which long batches give way.
        `stamped_by_producers`: see `arrival`."""
        self._assignment = assignment
        self._publisher = publisher
        self._recovery = recovery
        self._metrics = metrics
        self._clock = clock
        self._gate = gate
        self._stamped_by_producers = stamped_by_producers
        self._partition_of = lru_cache(ROUTES_CACHED_MAX)(lambda item: partition_of(item.encode(), partitions))

    async def start_offsets(self, commits: Mapping[Partition, int]) -> Mapping[Partition, int]:
        """Return where to begin, which is at the commits, and remember them."""
        self._assignment.begin(commits)
        return commits

    def assign(self, numbers: Collection[int]) -> None:
        """Replace the assigned partitions: drop the state of those revoked, and recover that of the new ones."""
        for revoked in self._assignment.assign(numbers):
            self._publisher.forget(revoked)
        self._recovery.assign(self._assignment.states)

    async def handle(self, batch: RecordBatch) -> None:
        """Handle the records of a batch in turn, once their partition is recovered and while there is room for them.

        Raises only errors that must end the process.
        """
        delivery = await self._assignment.deliver(batch)
        if delivery is None:
            return  # The partition was revoked: its records are delivered again, here or to the next worker.
        turns = CooperativeTurns(self._gate)
        for record, in_flight in zip(batch.records, delivery.in_flight, strict=True):
            await self._publisher.wait_for_room()
            await turns.yield_if_over()
            if delivery.assigned.revoked:
                return
            await self._handle_delivered(record, batch.partition, delivery.assigned.state, in_flight)

    async def _handle_delivered(
        self, record: FetchedRecord, place: Partition, state: ItemPartition, in_flight: InFlightRecord
    ) -> None:
        """Decode the record and decide, put the effect into the producer's hands, and ack once that is confirmed."""
        decision = self._decide(record, place, state)
        effect = await self._publisher.carry_out(decision)
        self._publisher.ack_after(effect, in_flight)

    def _decide(self, record: FetchedRecord, place: Partition, state: ItemPartition) -> Folded | Outgoing:
        """Fold the event of a record, or return a record to send instead: a forwarded event or a dead letter."""
        arrived = self._arrival(record)
        origin = Origin(place.topic, place.number, record.offset, arrived.at_ms)
        try:
            event = _decoded(record, place.topic, arrived)
            number = self._partition_of(event.product_id)
            if number == place.number:
                return self._fold(event, state, arrived.at_ms)
        except InvalidEvent as error:
            return self._refuse(record, state, place.topic, error, dead_letter_headers(origin, record.headers, error))
        except Exception as error:
            log.exception("bug", topic=place.topic, partition=place.number, offset=record.offset)
            self._metrics.bugs.labels("fold").inc()
            return self._refuse(record, state, place.topic, error, bug_headers(origin, record.headers, error))
        # Its producer has another partitioner, or set no key: it goes to the partition of the item.
        self._metrics.misrouted.labels(place.topic).inc()
        forwarded = forwarded_headers(record.headers, origin)
        return Outgoing(state, place.topic, event.product_id.encode(), record.value, number, forwarded)

    def _arrival(self, record: FetchedRecord) -> Arrival:
        return arrival(
            record.timestamp,
            record.timestamp_type,
            self._clock.now_ms(),
            stamped_by_producers=self._stamped_by_producers,
        )

    def _fold(self, event: Event, state: ItemPartition, arrived_at_ms: int) -> Folded:
        evicted, changed = state.evicted, state.fold(event)
        self._count(event.topic, changed=changed, evicted=state.evicted - evicted)
        return Folded(state, event, arrived_at_ms, changed)

    def _count(self, topic: str, *, changed: bool, evicted: int) -> None:
        self._metrics.events.labels(topic).inc()
        if evicted:
            self._metrics.evicted.inc(evicted)
        if not changed:
            self._metrics.unchanged.labels(topic).inc()

    def _refuse(
        self, record: FetchedRecord, state: ItemPartition, topic: str, error: Exception, headers: Headers
    ) -> Outgoing:
        self._metrics.dead_letters.labels(topic, type(error).__name__).inc()
        return Outgoing(state, dead_letter_topic(topic), record.key, record.value, state.number, headers)


def _decoded(record: FetchedRecord, topic: str, arrived: Arrival) -> Event:
    """Return the event of a record. Raises InvalidEvent."""
    latest_ms, event_at_ms = arrived.latest_ms, None
    if record.headers:
        latest_ms, event_at_ms = first_arrival_ms(record.headers, latest_ms), event_time_ms(record.headers)
    if event_at_ms is None:
        event_at_ms = arrived.own_ms
    return parse(topic, record.key, record.value, arrived_at_ms=latest_ms, event_time_ms=event_at_ms)
