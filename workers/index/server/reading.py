"""The questions to a collection on a Qdrant server: points by their ids, rankings, counts, pages and scans."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qdrant_client import models
from typing_extensions import override

from schemas.points import point_id
from workers.index import lexical
from workers.index.conditions import (
    ALERTS_PENDING,
    CANARY,
    EMBEDDING_PENDING,
    VISIBLE,
    conditions,
    in_partitions,
    price_change_due,
)
from workers.index.layout import HEAD_FIELDS, POSITIONS_POINT, TIME_FIELDS, complete_payload, is_item
from workers.index.opened import OpenedIndex
from workers.index.price_lists import price_list
from workers.index.server import filters as where
from workers.index.server.points import CollectionPoints, dense_of
from workers.index.server.query_batch import QueryBatch, prefetched
from workers.index.stored import Stored
from workers.index.traits import SALE_FIELDS, TRAIT_FIELDS, traits_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from schemas.points import Payload
    from schemas.queries import Filters
    from workers.index.lexical import Sparse
    from workers.index.metadata import Metadata
    from workers.index.price_lists import PriceList
    from workers.index.server.calls import Calls
    from workers.index.traits import Traits

SCAN_POINTS = 256
AHEAD_POINTS, RANKS_BESIDE = 200, 60
"""The server fuses so many points of each ranking by reciprocal rank, with this constant, to tell which payloads a page
probably needs. Three times the points of a page include the whole first page for 90% of 81 real queries; twice as many
do for 80%."""
TRAITS_POINTS = 2_000
"""The points whose traits one request reads."""
BROWSED_POINTS = 1_000
"""The points of which one request reads some fields, when all points that pass the filters are put in order."""


class ServerReading(OpenedIndex):
    """The part of an index on a server that reads its collection."""

    def __init__(self, calls: Calls, name: str, metadata: Metadata, browsed_points: int = BROWSED_POINTS) -> None:
        self._browsed_points = browsed_points
        self._calls = calls
        self._client = calls.client
        self._points = CollectionPoints(calls, name)
        self._queries = QueryBatch(calls, name)
        super().__init__(name, metadata)

    @property
    @override
    def is_remote(self) -> bool:
        return True

    @override
    async def payloads_ahead(
        self, terms: Mapping[str, float], vector: NDArray[np.float32] | None, filters: Filters, points: int
    ) -> dict[str, Payload]:
        sparse = lexical.weighted(terms)
        asked = [each for each in (sparse if sparse.indices else None, vector) if each is not None]
        if not asked or not points:
            return {}
        prefetch = [prefetched(each, filters, AHEAD_POINTS) for each in asked]
        fused = models.RrfQuery(rrf=models.Rrf(k=RANKS_BESIDE))
        query = models.QueryRequest(prefetch=prefetch, query=fused, limit=points, with_payload=True)
        found = await self._queries.points(query)
        return {point.point_id: complete_payload(point.payload) for point in found}

    @override
    async def stored(self, product_ids: Collection[str], *, vectors: bool = False) -> dict[str, Stored]:
        records = await self._points.retrieve([point_id(product_id) for product_id in product_ids], True, vectors)
        found = (Stored(complete_payload(record.payload), dense_of(record)) for record in records)
        return {each.payload["product_id"]: each for each in found if is_item(each.payload)}

    @override
    async def heads(self, product_ids: Collection[str]) -> dict[str, Payload]:
        records = await self._points.retrieve([point_id(product_id) for product_id in product_ids], list(HEAD_FIELDS))
        found = (complete_payload(record.payload) for record in records)
        return {payload["product_id"]: payload for payload in found if is_item(payload)}

    @override
    async def times(self, product_ids: Collection[str]) -> dict[str, dict[str, int | None]]:
        records = await self._points.retrieve([point_id(product_id) for product_id in product_ids], list(TIME_FIELDS))
        found = map(complete_payload, (record.payload for record in records))
        return {each["product_id"]: each["searchable_at_ms"] for each in found if is_item(each)}

    @override
    async def payloads(self, point_ids: Sequence[str]) -> dict[str, Payload]:
        return {
            str(record.id): complete_payload(record.payload) for record in await self._points.retrieve(point_ids, True)
        }

    @override
    async def vectors(self, point_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        records = await self._points.retrieve(point_ids, False, vectors=True)
        found = ((str(record.id), dense_of(record)) for record in records)
        return {point: vector for point, vector in found if vector is not None}

    @override
    async def traits(self, point_ids: Sequence[str], *, sales: bool = False) -> dict[str, Traits]:
        fields = [*TRAIT_FIELDS, *SALE_FIELDS] if sales else list(TRAIT_FIELDS)
        several = [point_ids[start : start + TRAITS_POINTS] for start in range(0, len(point_ids), TRAITS_POINTS)]
        read = await asyncio.gather(*(self._points.retrieve(ids, fields) for ids in several))
        found = {str(record.id): traits_of(record.payload or {}) for records in read for record in records}
        return {point: traits for point, traits in found.items() if traits is not None}

    @override
    async def prices(self, point_ids: Sequence[str]) -> dict[str, PriceList]:
        records = await self._points.retrieve(point_ids, ["offers"])
        return {str(record.id): price_list((record.payload or {}).get("offers")) for record in records}

    @override
    async def pending_embeddings(self, partitions: Collection[int], limit: int, *, newest: bool) -> list[Payload]:
        direction = models.Direction.DESC if newest else models.Direction.ASC
        order = models.OrderBy(key="vector_due_at_ms", direction=direction)
        pending = where.all_of([EMBEDDING_PENDING, *in_partitions(partitions)])
        return [complete_payload(record.payload) for record in await self._points.scroll(pending, limit, order=order)]

    @override
    async def due_price_changes(self, partitions: Collection[int] | None, now_ms: int, limit: int) -> list[Payload]:
        turned = where.all_of([price_change_due(now_ms), *in_partitions(partitions), VISIBLE])
        return [complete_payload(record.payload) for record in await self._points.scroll(turned, limit)]

    @override
    async def coming_price_changes(self, until_ms: int, limit: int) -> list[Payload]:
        order = models.OrderBy(key="price_changes_at_ms", direction=models.Direction.ASC)
        coming = where.all_of([price_change_due(until_ms), VISIBLE])
        return [complete_payload(record.payload) for record in await self._points.scroll(coming, limit, order=order)]

    @override
    async def pending_alerts(self, partitions: Collection[int], limit: int) -> list[Payload]:
        order = models.OrderBy(key="alerts_due_at_ms", direction=models.Direction.ASC)
        pending = where.all_of([ALERTS_PENDING, *in_partitions(partitions)])
        return [complete_payload(record.payload) for record in await self._points.scroll(pending, limit, order=order)]

    @override
    async def browse(self, filters: Filters, limit: int, offset: int) -> list[str]:
        passing = where.all_of([VISIBLE, *conditions(filters)])
        records = await self._points.scroll(passing, offset + limit, with_payload=False)
        return [str(record.id) for record in records[offset:]]

    @override
    async def browse_by(self, field: str, filters: Filters, limit: int, *, descending: bool) -> list[str]:
        direction = models.Direction.DESC if descending else models.Direction.ASC
        order = models.OrderBy(key=field, direction=direction)
        passing = where.all_of([VISIBLE, *conditions(filters)])
        return [str(each.id) for each in await self._points.scroll(passing, limit, order=order, with_payload=False)]

    @override
    async def browse_traits(self, filters: Filters, fields: Sequence[str]) -> AsyncIterator[dict[str, Traits]]:
        passing, client = where.all_of([VISIBLE, *conditions(filters)]), self._calls.client_for(self._browsed_points)
        async for records in self._points.pages(client, passing, self._browsed_points, ["status", *fields]):
            found = {str(record.id): traits_of(record.payload or {}) for record in records}
            yield {point: traits for point, traits in found.items() if traits is not None}

    @override
    async def count(self, filters: Filters) -> int:
        return await self._points.count(where.all_of([VISIBLE, *conditions(filters)]))

    @override
    async def count_points(self) -> int:
        return await self._points.count(where.but(POSITIONS_POINT, CANARY, ()))

    @override
    async def count_pending_embeddings(self) -> int:
        return await self._points.count(where.all_of([EMBEDDING_PENDING]))

    @override
    async def count_due_price_changes(self, now_ms: int) -> int:
        return await self._points.count(where.all_of([price_change_due(now_ms), VISIBLE]))

    @override
    async def scan(self, partitions: Collection[int] | None = None) -> AsyncIterator[list[Payload]]:
        items = where.but(POSITIONS_POINT, CANARY, in_partitions(partitions))
        async for records in self._points.pages(self._calls.rest, items, SCAN_POINTS, True):
            if records:
                yield [complete_payload(record.payload) for record in records]

    @override
    async def _nearest(
        self, query: NDArray[np.float32] | Sparse, filters: Filters, limit: int, score_min: float | None = None
    ) -> list[tuple[str, float]]:
        asked = prefetched(query, filters, limit, score_min)
        found = await self._queries.points(models.QueryRequest(**dict(asked), with_payload=False))
        return [(point.point_id, point.score) for point in found]

    @override
    async def _values(self, field: str, limit: int) -> list[str]:
        visible = where.all_of([VISIBLE])
        answer = await self._calls.ask(lambda: self._client.facet(self._name, field, facet_filter=visible, limit=limit))
        return [str(hit.value) for hit in answer.hits]
