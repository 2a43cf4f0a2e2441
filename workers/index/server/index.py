"""The index on a Qdrant server. `workers.index.server_open` opens it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qdrant_client import models
from typing_extensions import override

from schemas.errors import Gone
from schemas.points import point_id
from workers.index.interface import DENSE, LEXICAL, DenseVector, OpenedIndex, Patch, Stored, Write
from workers.index.layout import (
    EMBEDDING_PENDING,
    KEPT_FOR,
    POSITIONS_POINT,
    VISIBLE,
    conditions,
    in_partitions,
    only_positions,
    price_change_due,
    whole,
)
from workers.index.lexical import Lexical
from workers.index.server import filters as where
from workers.index.server.calls import OPERATIONS_MAX, Calls
from workers.index.server.operations import operations, set_payload, settle, update_vectors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from schemas.points import Payload
    from schemas.queries import Filters
    from workers.index.metadata import Metadata

SCAN_POINTS = 256


class ServerIndex(OpenedIndex):
    """One physical collection on a server."""

    def __init__(self, calls: Calls, name: str, metadata: Metadata) -> None:
        self._calls = calls
        self._client = calls.client
        super().__init__(name, metadata)
        self._lexical = Lexical()

    @override
    async def stored(self, product_ids: Collection[str], *, vectors: bool = False) -> dict[str, Stored]:
        ids = [point_id(product_id) for product_id in product_ids]
        records = await self._retrieve(ids, True, vectors)
        found = (Stored(whole(record.payload), _dense(record)) for record in records)
        return {each.payload["product_id"]: each for each in found}

    @override
    async def payloads(self, point_ids: Sequence[str]) -> dict[str, Payload]:
        return {str(record.id): whole(record.payload) for record in await self._retrieve(point_ids, True)}

    @override
    async def write(self, writes: Sequence[Write]) -> set[str]:
        await self._calls.update(self._name, operations(writes, self._lexical))
        return await self._missed([write for write in writes if isinstance(write, Patch)])

    @override
    async def write_dense(self, vectors: Sequence[DenseVector]) -> None:
        """First all vectors, then the debts: a crash between leaves them owed, to be written once more."""
        there = await self.stored([owed.product_id for owed in vectors])  # a missing point is an error to the server
        for start in range(0, len(vectors), OPERATIONS_MAX):
            chunk = [owed for owed in vectors[start : start + OPERATIONS_MAX] if owed.product_id in there]
            if chunk:
                await self._calls.update(self._name, [update_vectors(chunk), *(settle(owed) for owed in chunk)])

    @override
    async def mark_embedding_failed(self, product_id: str, fingerprint: str, reason: str) -> None:
        settled = {"vector_failed": reason, "vector_due": None, "vector_due_at_ms": None}
        owing = where.owing(point_id(product_id), fingerprint)
        await self._calls.update(self._name, [set_payload(settled, owing)])

    @override
    async def pending_embeddings(self, partitions: Collection[int], limit: int, *, newest: bool) -> list[Payload]:
        direction = models.Direction.DESC if newest else models.Direction.ASC
        order = models.OrderBy(key="vector_due_at_ms", direction=direction)
        owing = where.all_of([EMBEDDING_PENDING, in_partitions(list(partitions))])
        return [whole(record.payload) for record in await self._scroll(owing, limit, order=order)]

    @override
    async def due_price_changes(self, partitions: Collection[int], now_ms: int, limit: int) -> list[Payload]:
        turned = where.all_of([price_change_due(now_ms), in_partitions(list(partitions)), VISIBLE])
        return [whole(record.payload) for record in await self._scroll(turned, limit)]

    @override
    async def search_dense(self, vector: NDArray[np.float32], filters: Filters, limit: int) -> list[str]:
        return await self._nearest(vector.tolist(), DENSE, filters, limit)

    @override
    async def search_lexical(self, text: str, filters: Filters, limit: int) -> list[str]:
        words = self._lexical.query(text)
        query = models.SparseVector(indices=words.indices, values=words.values)
        return await self._nearest(query, LEXICAL, filters, limit) if words.indices else []

    @override
    async def find_exact(self, identifier: str, filters: Filters) -> list[str]:
        """The item with that product_id comes before those with that gtin."""
        by_id = point_id(identifier)
        named = where.named(by_id, identifier, [VISIBLE, *conditions(filters)])
        found = [str(record.id) for record in await self._scroll(named, SCAN_POINTS, with_payload=False)]
        return sorted(found, key=lambda each: each != by_id)

    @override
    async def browse(self, filters: Filters, limit: int, offset: int) -> list[str]:
        """By point id."""
        passing = where.all_of([VISIBLE, *conditions(filters)])
        records = await self._scroll(passing, offset + limit, with_payload=False)
        return [str(record.id) for record in records[offset:]]

    @override
    async def count(self, filters: Filters) -> int:
        return await self._count(where.all_of([VISIBLE, *conditions(filters)]))

    @override
    async def count_points(self) -> int:
        return await self._count(where.but(POSITIONS_POINT))

    @override
    async def count_pending_embeddings(self) -> int:
        return await self._count(where.all_of([EMBEDDING_PENDING]))

    @override
    async def count_due_price_changes(self, now_ms: int) -> int:
        return await self._count(where.all_of([price_change_due(now_ms), VISIBLE]))

    @override
    async def scan(self) -> AsyncIterator[list[Payload]]:
        offset, items = None, where.but(POSITIONS_POINT)
        while True:
            records, offset = await self._calls.ask(
                lambda offset=offset: self._client.scroll(  # type: ignore[misc]
                    self._name, scroll_filter=items, limit=SCAN_POINTS, offset=offset, with_payload=True
                )
            )
            if records:
                yield [whole(record.payload) for record in records]
            if offset is None:
                return

    @override
    async def positions(self) -> dict[str, int]:
        return only_positions(await self._kept())

    @override
    async def save_positions(self, positions: Mapping[str, int]) -> None:
        """Written only where they are true: another worker may have created the collection again."""
        kept = where.kept_for(self.collection, POSITIONS_POINT)
        await self._calls.update(self._name, [set_payload(dict(positions), kept)])
        await self._kept()

    async def _kept(self) -> dict[str, Any]:
        """The payload of the hidden point."""
        records = await self._retrieve([POSITIONS_POINT], True)
        kept = (records[0].payload if records else None) or {}
        if kept.get(KEPT_FOR) != self.collection:
            raise Gone(f"the collection {self._name} was deleted or emptied meanwhile: it is filled again")
        return kept

    @override
    async def flush(self) -> None:
        """Nothing: the server bounds its own log."""

    @override
    async def close(self) -> None:
        """Releases the connections; idempotent."""
        await self._client.close()

    async def _missed(self, patches: Sequence[Patch]) -> set[str]:
        ids = [point_id(patch.product_id) for patch in patches]
        records = await self._retrieve(ids, ["version"])
        versions = {str(record.id): (record.payload or {})["version"] for record in records}
        return {p.product_id for p, point in zip(patches, ids, strict=True) if versions.get(point, -1) < p.version}

    async def _nearest(self, query: Any, using: str, filters: Filters, limit: int) -> list[str]:
        asked = conditions(filters)
        answer = await self._calls.ask(
            lambda: self._client.query_points(
                self._name,
                query=query,
                using=using,
                query_filter=where.all_of(asked) if asked else None,
                limit=limit,
                search_params=models.SearchParams(exact=True) if using == DENSE and asked else None,
                with_payload=False,
            )
        )
        return [str(point.id) for point in answer.points]

    async def _count(self, condition: models.Filter) -> int:
        answer = await self._calls.ask(lambda: self._client.count(self._name, condition, exact=True))
        return answer.count

    async def _retrieve(
        self, ids: Sequence[str], payload: bool | list[str], vectors: bool = False
    ) -> list[models.Record]:
        if not ids:
            return []
        return await self._calls.ask(
            lambda: self._client.retrieve(
                self._name, list(ids), with_payload=payload, with_vectors=[DENSE] if vectors else False
            )
        )

    async def _scroll(
        self, condition: models.Filter, limit: int, *, order: models.OrderBy | None = None, with_payload: bool = True
    ) -> list[models.Record]:
        records, _ = await self._calls.ask(
            lambda: self._client.scroll(
                self._name, scroll_filter=condition, limit=limit, order_by=order, with_payload=with_payload
            )
        )
        return records


def _dense(record: models.Record) -> NDArray[np.float32] | None:
    dense = record.vector.get(DENSE) if isinstance(record.vector, dict) else None
    return None if dense is None else np.asarray(dense, dtype=np.float32)
