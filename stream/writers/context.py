"""The things that all writers of a process share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from workers.lanes.embedding import Documents

if TYPE_CHECKING:
    from collections.abc import Callable

    from stream.progress.freshness import RecentFreshness
    from stream.runtime.metrics import IndexMetrics
    from stream.writers.assignment import Assignment
    from stream.writers.attached import AttachedWriters
    from stream.writers.progress_sink import ProgressSink
    from workers.clock import Clock
    from workers.embedder.cache import VectorCache
    from workers.lanes.sinks import DeadLetters
    from workers.priority import QueryGate


class LoadedDocuments(Documents, Protocol):
    """An embedder that may still be loading."""

    async def loaded(self) -> object:
        """Return once the model is loaded. Raises Misconfigured if it cannot be."""


class Models(Protocol):
    """The embedder registry, as far as the writers need it."""

    def embedder(self, source: str | None) -> LoadedDocuments:
        """Return the embedder of a model by name or folder; None is the installed one. It begins to load."""


class WriterContext(NamedTuple):
    """The things that all writers of a process share."""

    epoch: int
    kafka: str
    """Addresses of the brokers, from which a backfill reads the item log."""
    log_mark: int
    """The mark of the item log, kept beside the positions, which mean nothing in another log."""
    shop_currency: str | None
    models: Models
    cache: VectorCache
    clock: Clock
    gate: QueryGate
    """The queries that are answered on this event loop, to which the writers give way."""
    assignment: Assignment
    attached: AttachedWriters
    progress: ProgressSink
    metrics: IndexMetrics
    recent: RecentFreshness
    dead_letters: DeadLetters
    model_loaded: Callable[[], None]
    """Called when the model of a collection is there, to stay."""
