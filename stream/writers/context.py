"""The context that all writers of a process share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from workers.lanes.vector_writer import Documents

if TYPE_CHECKING:
    from stream.kafka.cluster import Cluster
    from stream.progress.recent_freshness import RecentFreshness
    from stream.runtime.metrics import IndexMetrics
    from stream.runtime.telemetry.interface import Tracer
    from stream.writers.assignment import Assignment
    from stream.writers.attached import AttachedWriters
    from stream.writers.progress_sink import ProgressSink
    from workers.clock import Clock
    from workers.embedder.cache import VectorCache
    from workers.lanes.sinks import Alerts, DeadLetters
    from workers.query_gate import QueryGate
    from workers.vocabulary.vocabulary import Vocabulary
    from workers.watches.watch_set import WatchSet


class LoadedDocuments(Documents, Protocol):
    """An embedder that may still be loading."""

    async def loaded(self) -> object:
        """Wait until the model is loaded. Raises Misconfigured if it cannot be loaded."""


class Models(Protocol):
    """The embedder registry, as far as the writers need it."""

    def embedder(self, source: str | None) -> LoadedDocuments:
        """Return the embedder of a model, given by name or folder (None: the installed model), and begin to load it."""


class WriterContext(NamedTuple):
    """The context that all writers of a process share."""

    epoch: int
    kafka: Cluster
    """Addresses of the brokers, from which a backfill reads the item log."""
    log_mark: int
    """The mark of the item log, stored beside the positions, because positions are valid only in one log."""
    shop_currency: str | None
    models: Models
    cache: VectorCache
    clock: Clock
    gate: QueryGate
    """The gate of the queries on this event loop, to which the writers give priority."""
    assignment: Assignment
    attached: AttachedWriters
    progress: ProgressSink
    metrics: IndexMetrics
    recent: RecentFreshness
    dead_letters: DeadLetters
    watches: WatchSet
    alerts: Alerts
    vocabulary: Vocabulary
    """The words of the catalogue, to complete and to correct queries."""
    tracer: Tracer | None
    """The recorder of spans; None: no spans are recorded."""
