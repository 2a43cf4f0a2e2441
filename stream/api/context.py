"""The parts of a process that its services answer from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from schemas.times import rfc3339

if TYPE_CHECKING:
    from stream.api.live_file import LiveFile
    from stream.api.live_rules import LiveRules
    from stream.api.live_synonyms import LiveSynonyms
    from stream.kafka.log_identity import LogIdentity
    from stream.progress.fresh_as_of import FreshAsOf
    from stream.progress.watermark import Watermark
    from stream.runtime.metrics import IndexMetrics
    from stream.runtime.settings import Settings
    from stream.writers.writer_set import WriterSet
    from workers.clock import Clock
    from workers.embedder.registry import EmbedderRegistry
    from workers.index.roles import Collections
    from workers.merchandising.weights import Ranking
    from workers.query_gate import QueryGate
    from workers.search.hits import Shop
    from workers.vocabulary.vocabulary import Vocabulary


class ServingContext(NamedTuple):
    """The parts that the services of one process share."""

    settings: Settings
    shop: Shop
    identity: LogIdentity
    """The id and epoch of the log that the index is filled from."""
    collections: Collections
    writers: WriterSet
    models: EmbedderRegistry
    watermark: Watermark
    as_of: FreshAsOf
    metrics: IndexMetrics
    clock: Clock
    gate: QueryGate
    """The gate is closed while a search is answered: long work on the same event loop waits meanwhile."""
    vocabulary: Vocabulary
    synonyms: LiveSynonyms
    ranking: LiveFile[Ranking]
    """The weights of items."""
    rules: LiveRules

    def fresh_as_of(self) -> dict[str, str | None]:
        """Return by topic the RFC 3339 time up to which all events are searchable; None while it is not known yet."""
        return {topic: rfc3339(time_ms) for topic, time_ms in self.as_of.times_ms().items()}
