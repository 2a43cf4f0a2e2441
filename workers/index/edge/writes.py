"""Writes to a Qdrant Edge shard, each on its condition on the version of its point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qdrant_edge import PayloadSelector

from schemas.points import point_id
from workers.index.edge.operations import id_of, operation
from workers.index.writes import Patch, Upsert

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qdrant_edge import EdgeShard

    from schemas.points import Payload
    from workers.index.writes import Write

WRITES_AT_ONCE = 16
"""The writes between two turns of others, some milliseconds of them."""
VERSIONS_KNOWN_MAX = 4_096
"""The most versions that are remembered, some 100 bytes each: those of a few batches between their read and write."""
MISSING = -1


class ConditionalWrites:
    """The writes of the only process that has the shard open, all of which must come here.

    The cached version of a point is therefore correct. A write needs no second read, and a patch needs no condition,
    with which Qdrant Edge takes half as long again.
    """

    def __init__(self, shard: EdgeShard) -> None:
        self._shard = shard
        self._versions: dict[str, int] = {}

    def read(self, payloads: Iterable[Payload]) -> None:
        """Remember the versions of points that were just read."""
        if len(self._versions) > VERSIONS_KNOWN_MAX:
            self.forget()
        self._versions.update((payload["product_id"], payload["version"]) for payload in payloads)

    def forget(self) -> None:
        """Forget all versions."""
        self._versions.clear()

    def write(self, writes: Sequence[Write]) -> set[str]:
        """Carry out all writes in order, and return the product_ids of the patches that found another version; see
        `Index`. It does not suspend."""
        try:
            self._look(writes)
            return {write.product_id for write in writes if not self._write(write)}
        except BaseException:
            self.forget()  # A write that failed may have been carried out.
            raise

    def _write(self, write: Write) -> bool:
        """Return whether the stored version has reached the one to be written, or none is to be."""
        known = self._versions.get(write.product_id)
        expected = write.base if isinstance(write, Patch) else write.version
        if isinstance(write, Upsert):
            self._shard.update(operation(write))
            if known is not None:
                self._versions[write.product_id] = max(known, write.version)
        elif known == expected:
            self._shard.update(operation(write))
            self._versions[write.product_id] = write.version
        elif isinstance(write, Patch):
            return known is not None and known >= write.version
        return True

    def _look(self, writes: Sequence[Write]) -> None:
        """Read the versions that are not known. An upsert carries its own condition."""
        product_ids = {write.product_id for write in writes if not isinstance(write, Upsert)}
        items = {point_id(each): each for each in product_ids if each not in self._versions}
        if items:
            self._versions |= dict.fromkeys(items.values(), MISSING)
            found = self._shard.retrieve(list(items), PayloadSelector.Include(["version"]), False)
            self._versions |= {items[id_of(record)]: (record.payload or {})["version"] for record in found}
