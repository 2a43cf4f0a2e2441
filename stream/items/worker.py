"""The items worker without Faust: it decodes input events, folds them, publishes the items, and acks last."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, get_args

from schemas.canaries import is_canary
from stream.items.arrival import arrival
from stream.items.effects import Effect, FoldedEvent, Outgoing
from stream.items.event_dead_letters import EventDeadLetters
from stream.kafka.headers import Origin, forwarded_headers
from stream.kafka.partitions import partition_of
from stream.kafka.topics import INPUTS
from stream.runtime.telemetry.attributes import CHANGED, PRODUCT_ID
from workers.lanes.acks import shared_by
from workers.query_gate import CooperativeTurns
from workers.sources.sources import IN_OWN_FORMAT
from workers.state.staleness import Unchanged

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from schemas.events import Event
    from stream.items.arrival import Arrival
    from stream.items.assignment import ItemsAssignment
    from stream.items.decoder import Decoder
    from stream.items.partition import ItemPartition
    from stream.items.publisher import Publisher
    from stream.items.recovery import StateRecovery
    from stream.items.traces import ItemsTraces
    from stream.kafka.offset_tracker import InFlightRecord
    from stream.kafka.partitions import Partition
    from stream.kafka.record_batch import FetchedRecord, RecordBatch
    from stream.runtime.metrics import ItemsMetrics
    from stream.runtime.telemetry.interface import Span
    from workers.clock import Clock
    from workers.lanes.acks import Ack
    from workers.query_gate import QueryGate
    from workers.sources.sources import Decoded

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
        decoder: Decoder,
        metrics: ItemsMetrics,
        clock: Clock,
        gate: QueryGate,
        stamped_by_producers: bool,
        traces: ItemsTraces,
    ) -> None:
        """`partitions`: how many each topic has. `gate`: the gate of the queries that long batches give way to.
        `stamped_by_producers`: see `arrival`."""
        self._assignment = assignment
        self._publisher = publisher
        self._recovery = recovery
        self._decoder = decoder
        self._metrics = metrics
        # A look-up by labels takes a lock and a tuple, for every event.
        self._events = {topic: metrics.events.labels(topic) for topic in INPUTS}
        _begin_at_zero(metrics)
        self._clock = clock
        self._gate = gate
        self._stamped_by_producers = stamped_by_producers
        self._traces = traces
        self._dead_letters = EventDeadLetters(metrics, clock)
        self._partition_of = lru_cache(ROUTES_CACHED_MAX)(lambda item: partition_of(item.encode(), partitions))

    async def start_offsets(self, commits: Mapping[Partition, int]) -> Mapping[Partition, int]:
        """Return where to begin, which is at the commits, and remember them."""
        self._assignment.begin(commits)
        return commits

    def assign(self, numbers: Collection[int]) -> None:
        """Replace the assigned partitions: drop the state of revoked ones, and recover the state of new ones."""
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
        await self._decoder.prepare(batch)
        turns = CooperativeTurns(self._gate)
        for record, in_flight in zip(batch.records, delivery.in_flight, strict=True):
            await self._publisher.wait_for_room()
            await turns.yield_if_over()
            if delivery.assigned.revoked:
                return
            await self._handle_delivered(record, batch.partition, delivery.assigned.state, in_flight)

    async def _handle_delivered(
        self, record: FetchedRecord, partition: Partition, state: ItemPartition, in_flight: InFlightRecord
    ) -> None:
        """Decode the record, decide, put the effects into the producer's hands, and ack once all are confirmed."""
        span, arrived = self._traces.begin(record, partition), self._arrival(record)
        # The result of `_decode` gets no name. It may be an error, whose traceback leads to this frame: a name here
        # would close the circle, and the frame would never be freed.
        decisions = self._decide(
            self._decode(record, partition, arrived), record, partition, state, arrived.at_ms, span
        )
        whole: Ack = in_flight if span is None else self._traces.ack(span, in_flight)
        if not decisions:  # A record that changes nothing, such as the tombstone after a delete.
            self._publisher.ack_after(Effect(state, confirmed=True), whole)
            return
        acks: Sequence[Ack] = [whole] if len(decisions) == 1 else shared_by(len(decisions), whole)
        for decision, ack in zip(decisions, acks, strict=True):
            self._publisher.ack_after(await self._publisher.carry_out(decision), ack)

    def _decode(self, record: FetchedRecord, partition: Partition, arrived: Arrival) -> list[Decoded] | Exception:
        """Return the events of a record, or the error for which it is refused: an invalid event, or a bug."""
        try:
            return self._decoder.decode(record, partition.topic, arrived)
        except Exception as error:
            return error

    def _decide(
        self,
        decoded: list[Decoded] | Exception,
        record: FetchedRecord,
        partition: Partition,
        state: ItemPartition,
        arrived_at_ms: int,
        span: Span | None,
    ) -> list[FoldedEvent | Outgoing]:
        """Fold the events of a record that belong to this partition. Return them, and after them the records that are
        sent instead of the others: forwarded events, or the dead letter of a record that cannot be folded.

        The folded ones come first because they must be carried out before anything suspends.
        """
        origin = Origin(partition.topic, partition.number, record.offset, arrived_at_ms)
        if isinstance(decoded, Exception):
            return [self._dead_letters.refuse(record, state, origin, decoded, span)]
        folded: list[FoldedEvent | Outgoing] = []
        forwarded: list[FoldedEvent | Outgoing] = []
        try:
            for each in decoded:
                number = self._partition_of(each.event.product_id)
                if number == partition.number:
                    folded.append(self._fold(each.event, state, arrived_at_ms, span))
                else:
                    forwarded.append(self._forward(each, record, state, number, origin))
        except Exception as error:
            return [*folded, self._dead_letters.refuse(record, state, origin, error, span)]
        return folded + forwarded if forwarded else folded

    def _forward(
        self, decoded: Decoded, record: FetchedRecord, state: ItemPartition, number: int, origin: Origin
    ) -> Outgoing:
        """Return the event as a record for the partition of its item. It came in another one because its producer has
        another partitioner or set no key, or because its record is about several items."""
        headers = forwarded_headers(record.headers, origin)
        if decoded.value is record.value:
            self._metrics.misrouted.labels(origin.topic).inc()
        else:  # Another system has keys of its own, so its producer is not at fault.
            headers = [*headers, *IN_OWN_FORMAT]
        event = decoded.event
        return Outgoing(state, event.topic, event.product_id.encode(), decoded.value, number, headers)

    def _arrival(self, record: FetchedRecord) -> Arrival:
        return arrival(
            record.timestamp,
            record.timestamp_type,
            self._clock.now_ms(),
            stamped_by_producers=self._stamped_by_producers,
        )

    def _fold(self, event: Event, state: ItemPartition, arrived_at_ms: int, span: Span | None) -> FoldedEvent:
        evicted, changed = state.evicted, state.fold(event)
        if not is_canary(event.product_id):
            self._count(event, state, changed=changed, evicted=state.evicted - evicted)
        if span is not None:
            span.annotate({PRODUCT_ID: event.product_id, CHANGED: changed})
        return FoldedEvent(state, event, arrived_at_ms, changed, span)

    def _count(self, event: Event, state: ItemPartition, *, changed: bool, evicted: int) -> None:
        self._events[event.topic].inc()
        if evicted:
            self._metrics.evicted.inc(evicted)
        if not changed:
            self._metrics.unchanged.labels(event.topic, state.why_unchanged(event)).inc()


def _begin_at_zero(metrics: ItemsMetrics) -> None:
    """Give each labelled counter its series. Prometheus sees no increase in one that begins with the first event."""
    for topic in INPUTS:
        metrics.misrouted.labels(topic)
        for reason in get_args(Unchanged):
            metrics.unchanged.labels(topic, reason)
