"""How the parts of an index worker are put together: by its process, the simulation and the contract tests alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from stream.index.worker import IndexWorker
from stream.progress.reporter import Reporter
from stream.writers.context import WriterContext
from stream.writers.epoch import log_mark
from stream.writers.metrics_sink import MetricsSink
from stream.writers.writer import Writer
from stream.writers.writer_set import WriterSet
from workers.embedder.cache import VectorCache

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.progress import IndexProgress
    from stream.kafka.log_identity import LogIdentity
    from stream.kafka.offsets import OffsetTrackers
    from stream.kafka.send import Send
    from stream.progress.freshness import RecentFreshness
    from stream.runtime.metrics import IndexMetrics
    from workers.clock import Clock
    from workers.embedder.registry import EmbedderRegistry
    from workers.index.interface import Collections, Index
    from workers.priority import QueryGate


class Progress(Protocol):
    """The part of a watermark that the writing side informs."""

    def index_progress(self, word: IndexProgress) -> None:
        """A collection has all item records of a partition below an offset."""

    def serve(self, collection: str) -> None:
        """Searches ask this collection from now on."""


class KafkaSide(NamedTuple):
    """The consumer and producer of the worker, by Faust or simulated."""

    brokers: str
    """Addresses, from which a rebuild reads the item log again."""
    trackers: OffsetTrackers
    send: Send
    generation: Callable[[], int]
    """The generation of the consumer group, as this worker knows it."""


class WritingSide(NamedTuple):
    """The parts of an index worker that write item records to the collections."""

    worker: IndexWorker
    writers: WriterSet
    reporter: Reporter


def compose_writing(
    kafka: KafkaSide,
    *,
    identity: LogIdentity,
    collections: Collections,
    models: EmbedderRegistry,
    watermark: Progress,
    metrics: IndexMetrics,
    recent: RecentFreshness,
    clock: Clock,
    gate: QueryGate,
    shop_currency: str | None,
    publishes_progress: bool,
    fail: Callable[[BaseException], None],
    model_loaded: Callable[[], None] = lambda: None,
) -> WritingSide:
    """Put the writing side together, without starting anything.

    `publishes_progress`: whether other processes must hear how far the collections are, too.
    """
    reporter = Reporter(identity.log_id, kafka.send)

    def report(word: IndexProgress) -> None:
        watermark.index_progress(word)
        if publishes_progress:
            reporter.mark((word.partition, word.collection), lambda: word)

    worker = IndexWorker(
        identity.epoch,
        trackers=kafka.trackers,
        send=kafka.send,
        report=report,
        current_generation=kafka.generation,
        fail=fail,
    )
    writers = worker.attached = WriterSet(
        collections,
        lambda index, building: Writer(index, observed(index), context, building=building),
        serves=lambda index: watermark.serve(index.collection),
    )
    context = WriterContext(
        epoch=identity.epoch,
        kafka=kafka.brokers,
        log_mark=log_mark(identity.log_id),
        shop_currency=shop_currency,
        models=models,
        cache=VectorCache(),
        clock_ms=clock.now_ms,
        gate=gate,
        owned=lambda: worker.owned,
        positions=worker.positions,
        report=worker.report,
        serving_writer=lambda: writers.serving,
        model_loaded=model_loaded,
    )

    def observed(index: Index) -> MetricsSink:
        made = MetricsSink(metrics, recent, serves=lambda: writers.roles.serving is index)
        made.report, made.refuse, made.give_up = worker.report, worker.refuse, worker.give_up_vector
        return made

    return WritingSide(worker, writers, reporter)
