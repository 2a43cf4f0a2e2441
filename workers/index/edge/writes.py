"""Writes to a Qdrant Edge shard, each on its condition on the version of its point."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qdrant_edge import PayloadSelector

from schemas.points import point_id
from workers.index.edge import texts_in_hand
from workers.index.edge.operations import differences, id_of, operation
from workers.index.writes import Patch, Upsert

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qdrant_edge import EdgeShard, UpdateOperation

    from schemas.points import Payload
    from workers.index.stored import Stored
    from workers.index.writes import Write

WRITES_AT_ONCE = 16
"""The writes between two turns of others, some milliseconds of them."""
VERSIONS_KNOWN_MAX = 4_096
"""The most versions that are remembered, some 100 bytes each: those of a few batches between their read and write."""
POINTS_KNOWN_MAX = 256
"""The most whole points that are remembered, some kilobytes each: those of a few batches."""
MISSING = -1


class CarriedOut(NamedTuple):
    """The outcome of some writes."""

    missed: set[str]
    """The product_ids of the patches that found another version; see `Index`."""
    upserted: list[Upsert]
    """The upserts that were carried out. Others may have been, if the shard had to look at the version."""
    texts: list[Upsert]
    """The upserts among them of which only the difference was written, to the very point that they were planned on."""


class ConditionalWrites:
    """The writes of the only process that has the shard open, all of which must come here.

    The cached version of a point is therefore correct. A write needs no second read, and no condition, with which
    Qdrant Edge takes up to half as long again.
    """

    def __init__(self, shard: EdgeShard) -> None:
        self._shard = shard
        self._versions: dict[str, int] = {}
        self._has_failed = False
        """True from a failed write until the texts that it left unfinished are cleared."""
        self._as_read: dict[str, Stored] = {}
        """Points that were read with their vectors, and to which nothing was written since."""

    def read(self, product_ids: Iterable[str], payloads: Iterable[Payload]) -> None:
        """Remember the versions of the points of these items, which were just read, and which items have none."""
        if len(self._versions) > VERSIONS_KNOWN_MAX:
            self.forget()
        self._versions |= dict.fromkeys(product_ids, MISSING)
        self._versions.update((payload["product_id"], payload["version"]) for payload in payloads)

    def read_whole(self, points: Mapping[str, Stored]) -> None:
        """Remember points by product_id that were just read with their vectors."""
        if len(self._as_read) > POINTS_KNOWN_MAX:
            self._as_read.clear()
        self._as_read.update(points)

    def written(self, product_id: str) -> None:
        """Note that something is written to a point that leaves its version as it is."""
        self._as_read.pop(product_id, None)

    def forget(self) -> None:
        """Forget all versions and points."""
        self._versions.clear()
        self._as_read.clear()

    def write(self, writes: Sequence[Write]) -> CarriedOut:
        """Carry out all writes in order. It does not suspend."""
        done = CarriedOut(set(), [], [])
        try:
            if self._has_failed:
                self._clear_unfinished()
            self._look(writes)
            planned = [(write, self._text(write)) for write in writes]
            texts_in_hand.mark(self._shard, [write for write, text in planned if text])
            done.missed.update(write.product_id for write, text in planned if not self._write(write, text, done))
            return done
        except BaseException:
            self.forget()  # A write that failed may have been carried out.
            self._has_failed = True
            self._clear_unfinished()
            raise

    def _clear_unfinished(self) -> None:
        texts_in_hand.clear_unfinished(self._shard)
        self._has_failed = False

    def _text(self, write: Write) -> list[UpdateOperation] | None:
        """Return the operations that write a new text to a point that is as it was read; None for any other write."""
        before = self._as_read.pop(write.product_id, None)
        if before is None or not isinstance(write, Upsert) or before is not write.planned_on:
            return None
        return differences(write, before) if _keeps_vectors(write, before) else None

    def _write(self, write: Write, text: list[UpdateOperation] | None, done: CarriedOut) -> bool:
        """Return whether the stored version has reached the one to be written, or none is to be."""
        known = self._versions.get(write.product_id)
        expected = write.base if isinstance(write, Patch) else write.version
        if isinstance(write, Upsert):
            if self._upsert(write, known, text):
                done.upserted.append(write)
                if text is not None:
                    done.texts.append(write)
        elif known == expected:
            self._shard.update(operation(write))
            self._versions[write.product_id] = write.version
        elif isinstance(write, Patch):
            return known is not None and known >= write.version
        return True

    def _upsert(self, write: Upsert, known: int | None, text: list[UpdateOperation] | None) -> bool:
        """Write the point where its version is lower; the shard looks if the version is not known. Return whether it
        was certainly written."""
        if text is not None:
            for each in text:
                self._shard.update(each)
        elif known is None:
            self._shard.update(operation(write, checked=False))
            return False
        elif known < write.version:
            self._shard.update(operation(write))
        else:
            return False
        self._versions[write.product_id] = max(write.version, known or MISSING)
        return True

    def _look(self, writes: Sequence[Write]) -> None:
        """Read the versions that are not known. An upsert of such a point carries its own condition."""
        product_ids = {write.product_id for write in writes if not isinstance(write, Upsert)}
        items = {point_id(each): each for each in product_ids if each not in self._versions}
        if items:
            self._versions |= dict.fromkeys(items.values(), MISSING)
            found = self._shard.retrieve(list(items), PayloadSelector.Include(["version"]), False)
            self._versions |= {items[id_of(record)]: (record.payload or {})["version"] for record in found}


def _keeps_vectors(write: Upsert, before: Stored) -> bool:
    """Return whether the point is to have every vector that it has: an upsert alone takes one away."""
    return write.words is not None and (write.dense is not None or before.dense is None)
