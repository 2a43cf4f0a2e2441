"""The questions to the embedded index: points by their ids, rankings, counts, pages and scans of a shard."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qdrant_edge import (
    CountRequest,
    Direction,
    EdgeShard,
    FacetRequest,
    OrderBy,
    PayloadSelector,
    Query,
    QueryRequest,
    ScrollRequest,
    SparseVector,
)
from typing_extensions import override

from schemas.points import point_id
from workers.index.conditions import (
    ALERTS_PENDING,
    CANARY,
    EMBEDDING_PENDING,
    HIDDEN,
    VISIBLE,
    Is,
    conditions,
    in_partitions,
    price_change_due,
)
from workers.index.edge import filters as where
from workers.index.edge.bounds import BOUNDS, EdgeBounds
from workers.index.edge.columns import KnownColumns
from workers.index.edge.nearest import nearest
from workers.index.edge.operations import dense, id_of, ids_of, read
from workers.index.edge.traits import KnownTraits
from workers.index.interface import DENSE, LEXICAL
from workers.index.layout import POSITIONS_POINT, TIME_FIELDS, is_item
from workers.index.lexical import Sparse
from workers.index.opened import OpenedIndex
from workers.index.stored import Stored

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from schemas.points import Payload
    from schemas.queries import Filters
    from workers.index.columns import Columns
    from workers.index.conditions import Condition
    from workers.index.metadata import Metadata
    from workers.index.price_lists import PriceList
    from workers.index.traits import Traits
    from workers.query_gate import QueryGate

SCAN_POINTS = 64
"""The points that one call of a scan reads, in 2-3 ms."""
TIMES = PayloadSelector.Include(list(TIME_FIELDS))


class EdgeReading(OpenedIndex):
    """The part of an embedded index that reads its shard."""

    def __init__(
        self, shard: EdgeShard, name: str, metadata: Metadata, gate: QueryGate, bounds: EdgeBounds = BOUNDS
    ) -> None:
        """`gate`: queries that are answered on this event loop, to which long scans give way."""
        super().__init__(name, metadata)
        self._shard = shard
        self._traits = KnownTraits(shard)
        self._columns = KnownColumns(shard, bounds.columns_known)
        self._gate = gate
        self._bounds = bounds

    @override
    async def stored(self, product_ids: Collection[str], *, vectors: bool = False) -> dict[str, Stored]:
        records = self._shard.retrieve([point_id(p) for p in product_ids], True, [DENSE] if vectors else False)
        found = (Stored(read(record), dense(record)) for record in records)
        return {each.payload["product_id"]: each for each in found if is_item(each.payload)}

    @override
    async def times(self, product_ids: Collection[str]) -> dict[str, dict[str, int | None]]:
        records = self._shard.retrieve([point_id(p) for p in product_ids], TIMES, False)
        return {each["product_id"]: each["searchable_at_ms"] for each in map(read, records) if is_item(each)}

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
    async def columns(self, point_ids: Sequence[str]) -> Columns:
        return await self._columns.of(point_ids)

    @override
    async def prices(self, point_ids: Sequence[str]) -> dict[str, PriceList]:
        return self._traits.prices(point_ids)

    @override
    async def pending_embeddings(self, partitions: Collection[int], limit: int, *, newest: bool) -> list[Payload]:
        await self._gate.wait_until_open()
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
        return ids_of(self._shard.scroll(request)[0][offset:])

    @override
    async def browse_by(self, field: str, filters: Filters, limit: int, *, descending: bool) -> list[str]:
        request = ScrollRequest(
            limit=limit,
            filter=where.all_of([VISIBLE, *conditions(filters)]),
            order_by=OrderBy(field, Direction.Desc if descending else Direction.Asc),
            with_payload=False,
        )
        return ids_of(self._shard.scroll(request)[0])

    @override
    async def browse_traits(self, filters: Filters, fields: Sequence[str]) -> AsyncIterator[dict[str, Traits]]:
        offset, passing = None, where.all_of([VISIBLE, *conditions(filters)])
        limit = self._bounds.browsed_points
        while True:
            request = ScrollRequest(offset=offset, limit=limit, filter=passing, with_payload=False)
            records, offset = self._shard.scroll(request)
            if records:
                yield await self._traits.of(ids_of(records))
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
    async def has_other_prices(self, currency: str) -> bool:
        # Each price is that of an offer, so with as many of both, hidden ones included, no visible item has only one.
        of_points = [self._count([Is(field, currency)]) for field in ("currencies", "currency")]
        return of_points[0] != of_points[1] and await super().has_other_prices(currency)

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
                payloads = [read(record) for record in records]
                self._columns.note(dict(zip(ids_of(records), payloads, strict=True)))
                yield payloads
            if offset is None:
                return
            await self._gate.yield_to_queries()

    @override
    async def _values(self, field: str, limit: int) -> list[str]:
        request = FacetRequest(field, limit=limit, filter=where.all_of([VISIBLE]))
        return [str(hit.value) for hit in self._shard.facet(request).hits]

    def _forget(self, point_ids: Sequence[str]) -> None:
        """Forget what is remembered of points that were just written."""
        self._traits.forget(point_ids)
        self._columns.forget(point_ids)

    def _count(self, asked: Sequence[Condition]) -> int:
        # The "estimate" for a single keyword is the length of its posting list: it is exact, and 3 ms faster at 20,000.
        exact = not (len(asked) == 1 and isinstance(asked[0], Is))
        return self._shard.count(CountRequest(exact=exact, filter=where.all_of(asked)))

    @override
    async def _nearest(
        self, query: NDArray[np.float32] | Sparse, filters: Filters, limit: int, score_min: float | None = None
    ) -> list[tuple[str, float]]:
        asked = conditions(filters)
        if not isinstance(query, Sparse):
            return nearest(self._shard, self._columns, query, asked, limit, score_min, self._bounds.broad)
        request = QueryRequest(
            limit=limit,
            query=Query.Nearest(SparseVector(*query), using=LEXICAL),
            filter=where.all_of(asked) if asked else None,
            with_payload=False,
            score_threshold=score_min,
        )
        points = self._shard.query(request)
        return list(zip(ids_of(points), [point.score for point in points], strict=True))
