"""The items worker without Faust: it decodes input events, folds them, publishes the items, and acks last."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from schemas.events import Event
    from stream.items.arrival import Arrival
    from stream.items.assignment import ItemsAssignment
    from stream.items.publisher import Publisher
    from stream.items.recovery import StateRecovery
    from stream.kafka.offsets import InFlightRecord
    from stream.kafka.partitions import Partition
    from stream.runtime.metrics import ItemsMetrics
    from workers.clock import Clock

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
        stamped_by_producers: bool,
    ) -> None:
        """`partitions`: how many each topic has. `stamped_by_producers`: see `arrival`."""
        self._assignment = assignment
        self._publisher = publisher
        self._recovery = recovery
        self._metrics = metrics
        self._clock = clock
        self._stamped_by_producers = stamped_by_producers
        self._partition_of = lru_cache(ROUTES_CACHED_MAX)(lambda key: partition_of(key, partitions))

    async def start_offsets(self, commits: Mapping[Partition, int]) -> Mapping[Partition, int]:
        """Return where to begin, which is at the commits, and remember them."""
        self._assignment.begin(commits)
        return commits

    def assign(self, numbers: Collection[int]) -> None:
        """Replace the assigned partitions: drop the state of those revoked, and recover that of the new ones."""
        for revoked in self._assignment.assign(numbers):
            self._publisher.forget(revoked)
        self._recovery.assign(self._assignment.states)

    async def handle(self, records: Sequence[Any]) -> None:
        """Handle each record of a batch once there is room for it and its partition is recovered.

        The records are of one partition, in the order of their offsets. Raises only errors that must end the process.
        """
        for record in records:
            await self._publisher.wait_for_room()
            in_flight = await self._assignment.deliver(record)
            if in_flight is not None:  # Else it was revoked: it is delivered again, here or to the next worker.
                await self._handle_delivered(record, in_flight)

    async def _handle_delivered(self, record: Any, in_flight: InFlightRecord) -> None:
        """Decode the record and decide, put the effect into the producer's hands, and ack once that is confirmed."""
        decision = self._decide(record)
        effect = await self._publisher.carry_out(decision)
        self._publisher.ack_after(effect, in_flight)

    def _decide(self, record: Any) -> Folded | Outgoing:
        """Fold the event of a record, or return a record to send instead: a forwarded event or a dead letter."""
        arrived = self._arrival(record)
        origin = Origin(record.topic, record.partition, record.offset, arrived.at_ms)
        headers = list(record.headers or ())
        given_ms = event_time_ms(headers)
        try:
            event = parse(
                record.topic,
                record.key,
                record.value,
                arrived_at_ms=first_arrival_ms(headers, arrived.latest_ms),
                event_time_ms=arrived.own_ms if given_ms is None else given_ms,
            )
            number = self._partition_of(event.product_id.encode())
            if number == record.partition:
                return self._fold(event, number, arrived.at_ms)
        except InvalidEvent as error:
            return self._refuse(record, error, dead_letter_headers(origin, headers, error))
        except Exception as error:
            log.exception("bug", topic=record.topic, partition=record.partition, offset=record.offset)
            self._metrics.bugs.labels("fold").inc()
            return self._refuse(record, error, bug_headers(origin, headers, error))
        # Its producer has another partitioner, or set no key: it goes to the partition of the item.
        self._metrics.misrouted.labels(record.topic).inc()
        forwarded = forwarded_headers(headers, origin)
        state = self._assignment.state(record.partition)
        return Outgoing(state, record.topic, event.product_id.encode(), record.value, number, forwarded)

    def _arrival(self, record: Any) -> Arrival:
        return arrival(
            record.timestamp,
            record.timestamp_type,
            self._clock.now_ms(),
            stamped_by_producers=self._stamped_by_producers,
        )

    def _fold(self, event: Event, number: int, arrived_at_ms: int) -> Folded:
        state = self._assignment.state(number)
        self._metrics.events.labels(event.topic).inc()
        evicted, changed = state.evicted, state.fold(event)
        self._metrics.evicted.inc(state.evicted - evicted)
        if not changed:
            self._metrics.unchanged.labels(event.topic).inc()
        return Folded(state, event, arrived_at_ms, changed)

    def _refuse(self, record: Any, error: Exception, headers: list[Any]) -> Outgoing:
        self._metrics.dead_letters.labels(record.topic, type(error).__name__).inc()
        state = self._assignment.state(record.partition)
        return Outgoing(state, dead_letter_topic(record.topic), record.key, record.value, record.partition, headers)
