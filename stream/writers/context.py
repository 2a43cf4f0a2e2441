"""What the writers of one process have in common, and what they need of the one that serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from workers.embedder.cache import VectorCache
    from workers.embedder.registry import EmbedderRegistry
    from workers.index.interface import Index
    from workers.lanes.embedding import EmbeddingLane
    from workers.priority import QueryGate


class Serving(Protocol):
    """The writer of the collection that searches ask."""

    index: Index
    owed: EmbeddingLane


class WriterContext(NamedTuple):
    """What the writers of one process have in common."""

    epoch: int
    kafka: str
    log_mark: int
    """Of the item log: kept beside the positions, which mean nothing in another."""
    shop_currency: str | None
    models: EmbedderRegistry
    cache: VectorCache
    clock_ms: Callable[[], int]
    gate: QueryGate
    """The queries that are answered on this event loop, to which the writers give way."""
    owned: Callable[[], Collection[int]]
    """Partitions of this worker now."""
    positions: Callable[[], Mapping[int, int]]
    """By owned partition: the offset up to which every record that was delivered is written."""
    report: Callable[[], None]
    """Tells how far each collection is."""
    serving_writer: Callable[[], Serving]
    model_loaded: Callable[[], None]
    """Told when a collection's model is there, to stay."""
