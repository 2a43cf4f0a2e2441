"""The points of a collection on a Qdrant server, as the server gives them: by id, by filter, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workers.index.interface import DENSE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from numpy.typing import NDArray
    from qdrant_client import AsyncQdrantClient, models

    from workers.index.server.calls import Calls

VERSION_ALONE = ["version"]


class CollectionPoints:
    """Asks for points of one physical collection. All methods raise Unavailable or Gone."""

    def __init__(self, calls: Calls, name: str) -> None:
        self._calls = calls
        self._client = calls.client
        self._name = name

    async def count(self, condition: models.Filter) -> int:
        """Return the exact number of points that pass."""
        answer = await self._calls.ask(lambda: self._client.count(self._name, condition, exact=True))
        return answer.count

    async def retrieve(
        self, ids: Sequence[str], payload: bool | list[str], vectors: bool = False
    ) -> list[models.Record]:
        """Return the points of these ids that are there, with their payloads or with these fields of them."""
        if not ids:
            return []
        client = self._calls.client_for(0 if payload in (False, VERSION_ALONE) else len(ids))
        return await self._calls.ask(
            lambda: client.retrieve(
                self._name, list(ids), with_payload=payload, with_vectors=[DENSE] if vectors else False
            )
        )

    async def pages(
        self, client: AsyncQdrantClient, passing: models.Filter, page_points: int, payload: bool | list[str]
    ) -> AsyncIterator[list[models.Record]]:
        """Yield all points that pass, page by page, with their payloads or with these fields of them."""
        offset = None
        while True:
            records, offset = await self._calls.ask(
                lambda offset=offset: client.scroll(  # type: ignore[misc]
                    self._name, scroll_filter=passing, limit=page_points, offset=offset, with_payload=payload
                )
            )
            yield records
            if offset is None:
                return

    async def scroll(
        self, condition: models.Filter, limit: int, *, order: models.OrderBy | None = None, with_payload: bool = True
    ) -> list[models.Record]:
        """Return the first points that pass."""
        records, _ = await self._calls.ask(
            lambda: self._client.scroll(
                self._name, scroll_filter=condition, limit=limit, order_by=order, with_payload=with_payload
            )
        )
        return records


def dense_of(record: models.Record) -> NDArray[np.float32] | None:
    """Return the dense vector of a record, float32 `(dimension,)`; None if it has none."""
    dense = record.vector.get(DENSE) if isinstance(record.vector, dict) else None
    return None if dense is None else np.asarray(dense, dtype=np.float32)
