"""The bounds of what an embedded index does at once."""

from __future__ import annotations

from typing import NamedTuple

from workers.index.edge.nearest import BROAD, BroadRange


class EdgeBounds(NamedTuple):
    """The bounds of what a shard does at once."""

    wal_bytes_max: int = 64 * 2**20
    """The growth of the write-ahead log at which it is emptied."""
    mapped_writes_max: int = 10_000
    """The writes after which the pages that they have touched, some 25 MB of them, are released, in 8 ms."""
    browsed_points: int = 512
    """The points whose traits are read between two turns of others, in about 2 ms where they are known."""
    columns_known: int = 200_000
    """The most points whose columns are remembered, 123 bytes each and the id."""
    broad: BroadRange = BROAD
    """The range that counts as broad."""


BOUNDS = EdgeBounds()
