"""Writes to a Qdrant Edge shard, each on its condition on the version of its point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qdrant_edge import PayloadSelector

from schemas.points import point_id
from workers.index.edge.operations import operation
from workers.index.interface import Patch, Upsert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qdrant_edge import EdgeShard

    from workers.index.interface import Write

WRITES_CHECKED_TOGETHER = 16
"""The writes between two turns of others, some milliseconds of them; one read tells the versions of their points."""


def write_now(shard: EdgeShard, writes: Sequence[Write]) -> set[str]:
    """Carry out all writes in order, and return the product_ids of the patches that found another version; see `Index`.

    Nothing may suspend between the look at the versions and the writes, and this process alone writes the shard. So a
    patch needs no condition of its own, which would take Qdrant Edge half as long again.
    """
    versions, missed = _versions(shard, writes), set[str]()
    for write in writes:
        stored = versions.get(write.product_id, -1)
        expected = write.base if isinstance(write, Patch) else write.version
        if isinstance(write, Upsert) or stored == expected:
            shard.update(operation(write))
            versions[write.product_id] = max(stored, write.version)
        elif isinstance(write, Patch) and stored < write.version:
            missed.add(write.product_id)
    return missed


def _versions(shard: EdgeShard, writes: Sequence[Write]) -> dict[str, int]:
    """Return the stored versions of the points of these writes by product_id, without the missing ones."""
    if all(isinstance(write, Upsert) for write in writes):
        return {}  # Each carries its own condition.
    items = {point_id(write.product_id): write.product_id for write in writes}
    found = shard.retrieve(list(items), PayloadSelector.Include(["version"]), False)
    return {items[str(record.id)]: (record.payload or {})["version"] for record in found}
