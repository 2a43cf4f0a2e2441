"""The parts of a process that a rebuild works with, and the intervals at which it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stream.writers.writer_set import LOOK_INTERVAL_S as ROLES_INTERVAL_S
from workers.retry import Backoff

if TYPE_CHECKING:
    from stream.writers.writer_set import WriterSet
    from workers.clock import Clock
    from workers.embedder.registry import EmbedderRegistry
    from workers.index.roles import Collections
    from workers.search.hits import Shop


class RebuildContext(NamedTuple):
    """The parts of the process that a rebuild works with, and the settings that it follows."""

    collections: Collections
    writers: WriterSet
    models: EmbedderRegistry
    shop: Shop
    epoch: int
    """The epoch of the item log."""
    partitions: int
    model: str | None
    """The model that the settings name. A rebuild is made for it unless the request names another one. None: for the
    model of the serving collection."""
    clock: Clock


class RebuildIntervals(NamedTuple):
    """The intervals at which a rebuild looks whether it can go on."""

    look_s: float = 0.2
    """The time between two looks at how far the new collection is."""
    roles_s: float = ROLES_INTERVAL_S
    """The time within which every worker reads the roles of the collections again."""
    away: Backoff = Backoff(1.0, 1.0)
    """The time between two attempts while the index is away."""


DEFAULT_INTERVALS = RebuildIntervals()
