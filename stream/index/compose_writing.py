"""Composes the writing side of an index worker, for its process, the simulation and the tests.

The state that all parts read is created first: the assignment and the attached writers. No attribute is set afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stream.index.worker import IndexWorker
from stream.progress.reporter import Reporter
from stream.writers.assignment import Assignment
from stream.writers.attached import AttachedWriters
from stream.writers.context import WriterContext
from stream.writers.epoch import log_mark
from stream.writers.item_dead_letters import ItemDeadLetters
from stream.writers.progress_sink import ProgressSink
from stream.writers.writer_set import WriterSet
from workers.embedder.cache import VectorCache

if TYPE_CHECKING:
    from stream.kafka.cluster import Cluster
    from stream.kafka.log_identity import LogIdentity
    from stream.kafka.offset_tracker import ConsumerGroup, OffsetTrackers
    from stream.kafka.send import RecordSender
    from stream.progress.recent_freshness import RecentFreshness
    from stream.runtime.metrics import IndexMetrics
    from stream.runtime.telemetry.interface import Tracer
    from stream.writers.context import Models
    from stream.writers.progress_sink import InformedWatermark
    from workers.clock import Clock
    from workers.index.roles import Collections
    from workers.lanes.sinks import Alerts
    from workers.query_gate import QueryGate
    from workers.vocabulary.vocabulary import Vocabulary
    from workers.watches.watch_set import WatchSet


class KafkaSide(NamedTuple):
    """The consumer and producer of the worker, by Faust or simulated."""

    brokers: Cluster
    """Addresses of the brokers, from which a rebuild reads the item log again."""
    trackers: OffsetTrackers
    sender: RecordSender
    group: ConsumerGroup


class WritingSide(NamedTuple):
    """The parts of an index worker that write item records to the collections."""

    worker: IndexWorker
    assignment: Assignment
    writers: WriterSet
    reporter: Reporter


def compose_writing(
    kafka: KafkaSide,
    *,
    identity: LogIdentity,
    collections: Collections,
    models: Models,
    watermark: InformedWatermark,
    metrics: IndexMetrics,
    recent: RecentFreshness,
    clock: Clock,
    gate: QueryGate,
    shop_currency: str | None,
    publishes_progress: bool,
    vocabulary: Vocabulary,
    watches: WatchSet,
    alerts: Alerts,
    tracer: Tracer | None = None,
) -> WritingSide:
    """Put the writing side together, and start nothing.

    `publishes_progress` says whether other processes must be informed how far the collections are. Without a `tracer`
    no spans are recorded.
    """
    reporter, dead_letters = Reporter(identity.log_id, kafka.sender), ItemDeadLetters(kafka.sender, clock)
    assignment, attached = Assignment(kafka.trackers, kafka.group), AttachedWriters()
    progress = ProgressSink(assignment, attached, watermark, reporter if publishes_progress else None)
    context = WriterContext(
        epoch=identity.epoch,
        kafka=kafka.brokers,
        log_mark=log_mark(identity.log_id),
        shop_currency=shop_currency,
        models=models,
        cache=VectorCache(),
        clock=clock,
        gate=gate,
        assignment=assignment,
        attached=attached,
        progress=progress,
        metrics=metrics,
        recent=recent,
        dead_letters=dead_letters,
        watches=watches,
        alerts=alerts,
        vocabulary=vocabulary,
        tracer=tracer,
    )
    writers = WriterSet(collections, context, watermark)
    worker = _worker(context, writers, dead_letters)
    return WritingSide(worker, assignment, writers, reporter)


def _worker(context: WriterContext, writers: WriterSet, dead_letters: ItemDeadLetters) -> IndexWorker:
    return IndexWorker(
        context.epoch,
        assignment=context.assignment,
        writers=writers,
        attached=context.attached,
        progress=context.progress,
        dead_letters=dead_letters,
        clock=context.clock,
        gate=context.gate,
        traced=context.tracer is not None,
    )
