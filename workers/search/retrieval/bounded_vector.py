"""The vector of a query, for which a search waits only so long."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from schemas.errors import EmbeddingFailed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from workers.embedder.interface import ModelId, Vectors
    from workers.search.query_models import QueryEmbedders


class BoundedVector:
    """The vector of a query with a time limit that starts now. After it the search goes on without the vector."""

    def __init__(self, vector: asyncio.Task[Vectors], seconds_max: float, cosine_min: float) -> None:
        self._vector = vector
        self.cosine_min = cosine_min
        self._until_s = asyncio.get_running_loop().time() + seconds_max
        self._is_late = False

    async def result(self) -> Vectors | None:
        """Return the vector; None if it cannot be computed, and in every call once it is late."""
        if self._is_late:  # The task was cancelled then.
            return None
        try:
            async with asyncio.timeout_at(self._until_s):
                return await self._vector
        except EmbeddingFailed:
            return None
        except TimeoutError:
            self._is_late = True
            return None


@asynccontextmanager
async def embedding(
    embedders: QueryEmbedders, model: ModelId, query: str, seconds_max: float
) -> AsyncIterator[BoundedVector | None]:
    """Embed the query by this model as long as the block runs; None if the model is not loaded.

    Vectors of two models never meet: the query is embedded by the model of the collection, or not at all.
    """
    embedder = embedders.find_loaded(model)
    if embedder is None:
        yield None
        return
    computing = embedder.embed_query(query)
    try:
        yield BoundedVector(computing, seconds_max, embedder.cosine_min)
    finally:
        computing.cancel()
