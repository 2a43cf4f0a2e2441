"""Composes an items worker, for its process, the simulation and the tests alike.

The assignment, which all parts read, comes first. Nothing is set afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stream.items.assignment import ItemsAssignment
from stream.items.decoder import Decoder
from stream.items.publisher import Publisher
from stream.items.recovery import StateRecovery
from stream.items.traces import ItemsTraces
from stream.items.worker import ItemsWorker
from stream.progress.reporter import Reporter

if TYPE_CHECKING:
    from stream.items.publisher import PublisherBounds
    from stream.items.recovery import Heap
    from stream.kafka.offset_tracker import ConsumerGroup, OffsetTrackers
    from stream.kafka.reader import Reader
    from stream.kafka.send import Sender
    from stream.runtime.metrics import ItemsMetrics
    from stream.runtime.telemetry.interface import Tracer
    from workers.clock import Clock
    from workers.query_gate import QueryGate


class ItemsParts(NamedTuple):
    """The parts of an items worker. Recovery, publisher and reporter are to be run beside each other."""

    worker: ItemsWorker
    assignment: ItemsAssignment
    publisher: Publisher
    recovery: StateRecovery
    reporter: Reporter


def compose(
    writer: str,
    partitions: int,
    *,
    log_id: str,
    sender: Sender,
    trackers: OffsetTrackers,
    group: ConsumerGroup,
    reader: Reader,
    metrics: ItemsMetrics,
    clock: Clock,
    stamped_by_producers: bool,
    gate: QueryGate,
    decoder: Decoder | None = None,
    heap: Heap | None = None,
    bounds: PublisherBounds | None = None,
    tracer: Tracer | None = None,
) -> ItemsParts:
    """Put an items worker together, without starting anything.

    `writer` names the process in its records, `partitions` is how many each topic has, `reader` reads the state logs,
    `stamped_by_producers` is explained in `stream.items.arrival`, `decoder` reads the records of other systems (without
    one all events are in our own form), and `heap` is frozen whenever the state of a partition is in memory, to stay.
    Without a `tracer` no spans are recorded.
    """
    reporter = Reporter(log_id, sender)
    assignment = ItemsAssignment(writer, trackers, group, reporter)
    traces = ItemsTraces(tracer, clock)
    publisher = Publisher(sender, assignment, clock=clock, bounds=bounds, traces=traces)
    recovery = StateRecovery(reader, assignment=assignment, publisher=publisher, metrics=metrics, heap=heap)
    worker = ItemsWorker(
        partitions,
        assignment=assignment,
        publisher=publisher,
        recovery=recovery,
        decoder=decoder or Decoder(),
        metrics=metrics,
        clock=clock,
        gate=gate,
        stamped_by_producers=stamped_by_producers,
        traces=traces,
    )
    return ItemsParts(worker, assignment, publisher, recovery, reporter)
