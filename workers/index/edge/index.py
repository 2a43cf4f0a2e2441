"""The embedded index: a Qdrant Edge shard in this process, which compares every vector (deploy/decisions/0022).

Every call into the shard holds the interpreter for its few milliseconds, even in a thread. Calls are therefore made on
the event loop itself, and long runs of writes are cut into slices, between which searches run.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from typing import TYPE_CHECKING, NamedTuple

from qdrant_edge import (
    CountRequest,
    Direction,
    EdgeShard,
    FacetRequest,
    OrderBy,
    PayloadSelector,
    PointVectors,
    Query,
    QueryRequest,
    ScrollRequest,
    SparseVector,
    UpdateOperation,
)
from typing_extensions import override

from schemas.errors import Gone, Unavailable
from schemas.points import point_id
from workers.index.edge import filters as where
from workers.index.edge.nearest import BROAD, BroadRange, nearest
from workers.index.edge.operations import accepted, dense, id_of, read
from workers.index.edge.traits import KnownTraits
from workers.index.edge.writes import WRITES_AT_ONCE, ConditionalWrites
from workers.index.interface import CURRENCIES_MAX, DENSE, LEXICAL, SELLERS_MAX, DenseVector, Stored, Write
from workers.index.layout import (
    ALERTS_PENDING,
    CANARY,
    EMBEDDING_PENDING,
    HEAD_FIELDS,
    HIDDEN,
    POSITIONS_POINT,
    VISIBLE,
    Is,
    conditions,
    in_partitions,
    positions_in,
    price_change_due,
)
from workers.index.lexical import Sparse
from workers.index.opened import OpenedIndex
from workers.query_gate import CooperativeTurns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from schemas.points import Payload
    from schemas.queries import Filters
    from workers.index.edge.lock import ShardLock
    from workers.index.layout import Condition
    from workers.index.metadata import Metadata
    from workers.index.traits import Traits
    from workers.query_gate import QueryGate

FREE_BYTES_MIN = 200 * 2**20
"""The least free disk for a write: on a full disk the mapped files of the shard kill the process (SIGBUS)."""
SCAN_POINTS = 64
"""The points that one call of a scan reads, in 2-3 ms."""
HEAD = PayloadSelector.Include(list(HEAD_FIELDS))


class EdgeBounds(NamedTuple):
    """The bounds of what a shard does at once."""

    wal_bytes_max: int = 64 * 2**20
    """The growth of the write-ahead log at which it is emptied."""
    browsed_points: int = 512
    """The points whose traits are read between two turns of others, in about 2 ms where they are known."""
    broad: BroadRange = BROAD
    """The range that counts as broad."""


BOUNDS = EdgeBounds()


class EdgeIndex(OpenedIndex):
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
        self._shard = shard
        self._writes = ConditionalWrites(shard)
        self._traits = KnownTraits(shard)
        self._directory = directory
        super().__init__(directory.parent.name, metadata)
        self._lock = lock
        self._gate = gate
        self._bounds = bounds
        self._closed = False
        self._flushed_log_bytes = 0

    @override
    async def stored(self, product_ids: Collection[str], *, vectors: bool = False) -> dict[str, Stored]:
        records = self._shard.retrieve([point_id(p) for p in product_ids], True, [DENSE] if vectors else False)
        found = (Stored(read(record), dense(record)) for record in records)
        return {each.payload["product_id"]: each for each in found}

    @override
    async def heads(self, product_ids: Collection[str]) -> dict[str, Payload]:
        records = self._shard.retrieve([point_id(p) for p in product_ids], HEAD, False)
        heads = [read(record) for record in records]
        self._writes.read(heads)
        return {head["product_id"]: head for head in heads}

    @override
    async def payloads(self, point_ids: Sequence[str]) -> dict[str, Payload]:
        return {id_of(r): read(r) for r in self._shard.retrieve(list(point_ids), True, False)}

    @override
    async def vectors(self, point_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        records = self._shard.retrieve(list(point_ids), False, [DENSE])
        found = ((id_of(record), dense(record)) for record in records)
        return {point: vector for point, vector in found if vector is not None}

    @override
    async def traits(self, point_ids: Sequence[str], *, sales: bool = False) -> dict[str, Traits]:
        return await self._traits.of(point_ids)

    @override
    async def write(self, writes: Sequence[Write]) -> set[str]:
        """Raise Unavailable while less than 200 MB of disk are free, and Gone if the files of the shard are gone."""
        self._check_disk()
        turns, missed = CooperativeTurns(self._gate), set[str]()
        for start in range(0, len(writes), WRITES_AT_ONCE):
            several = writes[start : start + WRITES_AT_ONCE]
            try:
                missed |= self._writes.write(several)
            finally:
                self._traits.forget(point_id(write.product_id) for write in several)
            await turns.yield_if_over()
        return missed

    @override
    async def write_dense(self, vectors: Sequence[DenseVector]) -> None:
        await self._update(step for vector in vectors for step in self._write_vector(vector))

    @override
    async def mark_embedding_failed(self, product_id: str, fingerprint: str, reason: str) -> None:
        failed = {"vector_failed": reason, "vector_due": None, "vector_due_at_ms": None}
        pending = where.embedding_pending(point_id(product_id), fingerprint)
        await self._update([UpdateOperation.set_payload_by_filter(pending, failed)])

    @override
    async def pending_embeddings(self, partitions: Collection[int], limit: int, *, newest: bool) -> list[Payload]:
        direction = Direction.Desc if newest else Direction.Asc
        request = ScrollRequest(
            limit=limit,
            filter=where.all_of([EMBEDDING_PENDING, *in_partitions(partitions)]),
            order_by=OrderBy("vector_due_at_ms", direction),
            with_payload=True,
        )
        return [read(record) for record in self._shard.scroll(request)[0]]

    @override
    async def due_price_changes(self, partitions: Collection[int] | None, now_ms: int, limit: int) -> list[Payload]:
        turned = where.all_of([price_change_due(now_ms), *in_partitions(partitions), VISIBLE])
        request = ScrollRequest(limit=limit, filter=turned, with_payload=True)
        return [read(record) for record in self._shard.scroll(request)[0]]

    @override
    async def coming_price_changes(self, until_ms: int, limit: int) -> list[Payload]:
        request = ScrollRequest(
            limit=limit,
            filter=where.all_of([price_change_due(until_ms), VISIBLE]),
            order_by=OrderBy("price_changes_at_ms", Direction.Asc),
            with_payload=True,
        )
        return [read(record) for record in self._shard.scroll(request)[0]]

    @override
    async def pending_alerts(self, partitions: Collection[int], limit: int) -> list[Payload]:
        request = ScrollRequest(
            limit=limit,
            filter=where.all_of([ALERTS_PENDING, *in_partitions(partitions)]),
            order_by=OrderBy("alerts_due_at_ms", Direction.Asc),
            with_payload=True,
        )
        return [read(record) for record in self._shard.scroll(request)[0]]

    @override
    async def browse(self, filters: Filters, limit: int, offset: int) -> list[str]:
        passing = where.all_of([VISIBLE, *conditions(filters)])
        request = ScrollRequest(limit=offset + limit, filter=passing, with_payload=False)
        return [id_of(record) for record in self._shard.scroll(request)[0][offset:]]

    @override
    async def browse_by(self, field: str, filters: Filters, limit: int, *, descending: bool) -> list[str]:
        request = ScrollRequest(
            limit=limit,
            filter=where.all_of([VISIBLE, *conditions(filters)]),
            order_by=OrderBy(field, Direction.Desc if descending else Direction.Asc),
            with_payload=False,
        )
        return [id_of(record) for record in self._shard.scroll(request)[0]]

    @override
    async def browse_traits(self, filters: Filters, fields: Sequence[str]) -> AsyncIterator[dict[str, Traits]]:
        offset, passing = None, where.all_of([VISIBLE, *conditions(filters)])
        limit = self._bounds.browsed_points
        while True:
            request = ScrollRequest(offset=offset, limit=limit, filter=passing, with_payload=False)
            records, offset = self._shard.scroll(request)
            if records:
                yield await self._traits.of(list(map(id_of, records)))
            if offset is None:
                return
            await asyncio.sleep(0)

    @override
    async def count(self, filters: Filters) -> int:
        asked = conditions(filters)
        if not asked:
            return self._count([VISIBLE])
        # Checking the status of each item as well would take twice as long, and few items are hidden.
        return self._count(asked) - self._count([HIDDEN, *asked])

    @override
    async def currencies(self) -> list[str]:
        return self._values("currency", CURRENCIES_MAX)

    @override
    async def sellers(self) -> list[str]:
        return self._values("sellers", SELLERS_MAX)

    @override
    async def count_points(self) -> int:
        return self._shard.info().points_count - 1 - self._count([CANARY])  # The hidden point is no item.

    @override
    async def count_pending_embeddings(self) -> int:
        return self._shard.count(CountRequest(filter=where.all_of([EMBEDDING_PENDING])))

    @override
    async def count_due_price_changes(self, now_ms: int) -> int:
        return self._shard.count(CountRequest(filter=where.all_of([price_change_due(now_ms), VISIBLE])))

    @override
    async def scan(self, partitions: Collection[int] | None = None) -> AsyncIterator[list[Payload]]:
        offset, items = None, where.but(POSITIONS_POINT, CANARY, in_partitions(partitions))
        while True:
            request = ScrollRequest(offset=offset, limit=SCAN_POINTS, filter=items, with_payload=True)
            records, offset = self._shard.scroll(request)
            if records:
                yield [read(record) for record in records]
            if offset is None:
                return
            await self._gate.yield_to_queries()

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
        await self._update([UpdateOperation.set_payload([POSITIONS_POINT], dict(positions))])

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

    def _values(self, field: str, limit: int) -> list[str]:
        """Return the values of a field that visible items have, the most frequent first."""
        request = FacetRequest(field, limit=limit, filter=where.all_of([VISIBLE]))
        return [str(hit.value) for hit in self._shard.facet(request).hits]

    def _count(self, asked: Sequence[Condition]) -> int:
        # The "estimate" for a single keyword is the length of its posting list: it is exact, and 3 ms faster at 20,000.
        exact = not (len(asked) == 1 and isinstance(asked[0], Is))
        return self._shard.count(CountRequest(exact=exact, filter=where.all_of(asked)))

    @override
    async def _nearest(
        self, query: NDArray[np.float32] | Sparse, filters: Filters, limit: int
    ) -> list[tuple[str, float]]:
        asked = conditions(filters)
        if not isinstance(query, Sparse):
            return nearest(self._shard, query, asked, limit, self._bounds.broad)
        request = QueryRequest(
            limit=limit,
            query=Query.Nearest(SparseVector(*query), using=LEXICAL),
            filter=where.all_of(asked) if asked else None,
            with_payload=False,
        )
        return [(id_of(point), point.score) for point in self._shard.query(request)]

    async def _update(self, operations: Iterable[UpdateOperation]) -> None:
        self._check_disk()
        turns = CooperativeTurns(self._gate)
        for each in operations:
            self._shard.update(each)
            await turns.yield_if_over()

    def _check_disk(self) -> None:
        with self._on_disk():
            free = shutil.disk_usage(self._directory).free
        if free < FREE_BYTES_MIN:
            raise Unavailable(
                f"{self._directory}: only {free >> 20} MB of disk are free and the index needs "
                f"{FREE_BYTES_MIN >> 20}: free some space, writing goes on by itself"
            )

    def _write_vector(self, vector: DenseVector) -> Iterable[UpdateOperation]:
        """Write the vector, then clear `vector_due`: after a crash between the two it is written again."""
        point = point_id(vector.product_id)
        pending = where.embedding_pending(point, vector.fingerprint)
        if not self._shard.count(CountRequest(filter=pending)):
            return  # `update_vectors` of a missing point is an error, whatever its condition.
        yield UpdateOperation.update_vectors([PointVectors(point, {DENSE: accepted(vector.vector)})], condition=pending)
        written = {"vector_due": None, "vector_due_at_ms": None, "vector_fingerprint": vector.fingerprint}
        yield UpdateOperation.set_payload_by_filter(pending, written)
