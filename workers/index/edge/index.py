"""The embedded index: a Qdrant Edge shard in this process, which compares every vector (deploy/decisions/0022).

Every call into the shard holds the interpreter for its few milliseconds, even in a thread. Calls are therefore made on
the event loop itself, and long runs of writes are cut into slices, between which searches run.
"""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING

from qdrant_edge import (
    CountRequest,
    EdgeShard,
    PayloadSelector,
    PointVectors,
    UpdateOperation,
)
from typing_extensions import override

from schemas.errors import Gone, Unavailable
from schemas.points import point_id
from workers.index.edge import filters as where
from workers.index.edge.bounds import BOUNDS, EdgeBounds
from workers.index.edge.columns import has_same_columns
from workers.index.edge.mapped_pages import release_pages
from workers.index.edge.operations import accepted, read_head
from workers.index.edge.reading import EdgeReading
from workers.index.edge.writes import WRITES_AT_ONCE, ConditionalWrites
from workers.index.interface import DENSE
from workers.index.layout import HEAD_FIELDS, POSITIONS_POINT, is_item, positions_in
from workers.query_gate import CooperativeTurns

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from schemas.points import Payload
    from workers.index.edge.lock import ShardLock
    from workers.index.edge.writes import CarriedOut
    from workers.index.metadata import Metadata
    from workers.index.stored import Stored
    from workers.index.writes import DenseVector, Write
    from workers.query_gate import QueryGate

FREE_BYTES_MIN = 200 * 2**20
"""The least free disk for a write: on a full disk the mapped files of the shard kill the process (SIGBUS)."""
HEAD = PayloadSelector.Include(list(HEAD_FIELDS))


class EdgeIndex(EdgeReading):
    """A shard that is open here and nowhere else. `workers.index.edge.open` opens it."""

    def __init__(
        self,
        shard: EdgeShard,
        directory: Path,
        metadata: Metadata,
        lock: ShardLock,
        gate: QueryGate,
        bounds: EdgeBounds = BOUNDS,
    ) -> None:
        """`gate`: queries that are answered on this event loop, to which long writes and scans give way."""
        super().__init__(shard, directory.parent.name, metadata, gate, bounds)
        self._writes = ConditionalWrites(shard)
        self._directory = directory
        self._lock = lock
        self._closed = False
        self._flushed_log_bytes = 0
        self._mapped_writes = 0
        """The writes since the pages of the shard were released."""
        release_pages(directory)

    @override
    async def heads(self, product_ids: Collection[str]) -> dict[str, Payload]:
        records = self._shard.retrieve([point_id(p) for p in product_ids], HEAD, False)
        heads = [head for head in map(read_head, records) if is_item(head)]
        self._writes.read(product_ids, heads)
        return {head["product_id"]: head for head in heads}

    @override
    async def stored(self, product_ids: Collection[str], *, vectors: bool = False) -> dict[str, Stored]:
        found = await super().stored(product_ids, vectors=vectors)
        if vectors:
            self._writes.read_whole(found)
        return found

    @override
    async def write(self, writes: Sequence[Write]) -> set[str]:
        """Raise Unavailable while less than 200 MB of disk are free, and Gone if the files of the shard are gone."""
        self._check_disk()
        turns, missed = CooperativeTurns(self._gate), set[str]()
        for start in range(0, len(writes), WRITES_AT_ONCE):
            several = writes[start : start + WRITES_AT_ONCE]
            missed |= self._carry_out(several).missed
            self._release_pages_after(len(several))
            await turns.yield_if_over()
        return missed

    @override
    async def write_dense(self, vectors: Sequence[DenseVector]) -> None:
        self._check_disk()
        await self._gate.wait_until_open()
        turns = CooperativeTurns(self._gate)
        for vector in vectors:
            self._write_vector(vector)
            self._release_pages_after(1)
            await turns.yield_if_over()

    @override
    async def mark_embedding_failed(self, product_id: str, fingerprint: str, reason: str) -> None:
        failed = {"vector_failed": reason, "vector_due": None, "vector_due_at_ms": None}
        pending = where.embedding_pending(point_id(product_id), fingerprint)
        self._writes.written(product_id)
        self._update(UpdateOperation.set_payload_by_filter(pending, failed))

    @override
    async def positions(self) -> dict[str, int]:
        """Return the stored positions. Raises Gone if the files of the shard are gone."""
        with self._on_disk():
            self._directory.stat()
        [record] = self._shard.retrieve([POSITIONS_POINT], True, False)
        return positions_in(record.payload)

    @override
    async def save_positions(self, positions: Mapping[str, int]) -> None:
        """Store the positions in the write-ahead log of the points, so that no crash leaves them ahead of it."""
        self._update(UpdateOperation.set_payload([POSITIONS_POINT], dict(positions)))

    @override
    async def flush(self) -> None:
        """Empty the write-ahead log once it has grown by 64 MB. Every Python thread waits meanwhile, for 0.1 s.

        Its growth is measured, not its size: the log has 64 MB from the start, and seldom less after a flush.
        Raises Unavailable while less than 200 MB of disk are free, since a flush needs space before it frees some.
        """
        if self._log_bytes() - self._flushed_log_bytes > self._bounds.wal_bytes_max:
            self._check_disk()
            self._shard.flush()
            self._flushed_log_bytes = self._log_bytes()

    @override
    async def close(self) -> None:
        """Flush and release the shard. Idempotent."""
        self.close_now()

    def close_now(self) -> None:
        """Flush and release the shard, for callers that cannot await. Idempotent."""
        if not self._closed:
            self._closed = True
            self._shard.close()
            self._lock.release()

    def _carry_out(self, writes: Sequence[Write]) -> CarriedOut:
        """Carry out writes, and forget what is remembered of their points but for values that stayed or are known."""
        points = {point_id(write.product_id): write for write in writes}
        try:
            done = self._writes.write(writes)
        except BaseException:
            self._forget([*points])
            raise
        last = {point_id(each.product_id): each for each in done.upserted if points[point_id(each.product_id)] is each}
        texts = {point_id(each.product_id) for each in done.texts if has_same_columns(each)}
        stayed = texts & last.keys()
        self._traits.forget(points)
        self._columns.forget(points.keys() - stayed)
        self._columns.note({point: each.payload for point, each in last.items() if point not in stayed})
        return done

    def _release_pages_after(self, writes: int) -> None:
        self._mapped_writes += writes
        if self._mapped_writes >= self._bounds.mapped_writes_max:
            self._mapped_writes = 0
            release_pages(self._directory)

    def _log_bytes(self) -> int:
        with self._on_disk():
            return sum(file.stat().st_size for file in (self._directory / "wal").iterdir())

    @contextlib.contextmanager
    def _on_disk(self) -> Iterator[None]:
        """Raise Gone if a file is missing: an open shard goes on without its files, and its writes are lost."""
        try:
            yield
        except FileNotFoundError:
            raise Gone(f"{self._directory} was deleted or emptied meanwhile: it is filled again") from None

    def _update(self, operation: UpdateOperation) -> None:
        self._check_disk()
        self._shard.update(operation)

    def _check_disk(self) -> None:
        with self._on_disk():
            free = shutil.disk_usage(self._directory).free
        if free < FREE_BYTES_MIN:
            raise Unavailable(
                f"{self._directory}: only {free >> 20} MB of disk are free and the index needs "
                f"{FREE_BYTES_MIN >> 20}: free some space, writing goes on by itself"
            )

    def _write_vector(self, vector: DenseVector) -> None:
        """Write the vector, then clear `vector_due`: after a crash between the two it is written again.

        Nothing else is written between: a point with the same text, but without this vector, would be cleared too.
        """
        point = point_id(vector.product_id)
        pending = where.embedding_pending(point, vector.fingerprint)
        if not self._shard.count(CountRequest(filter=pending)):
            return  # `update_vectors` of a missing point is an error, whatever its condition.
        self._writes.written(vector.product_id)
        dense = [PointVectors(point, {DENSE: accepted(vector.vector)})]
        self._shard.update(UpdateOperation.update_vectors(dense, condition=pending))
        written = {"vector_due": None, "vector_due_at_ms": None, "vector_fingerprint": vector.fingerprint}
        self._shard.update(UpdateOperation.set_payload_by_filter(pending, written))
