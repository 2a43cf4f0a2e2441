"""A loaded model for searches, with vectors that the tests choose."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from workers.embedder.query_vector import QueryVector

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from workers.embedder.interface import ModelId
    from workers.index.interface import Index


class OneIndex:
    """Lets searches ask this index."""

    def __init__(self, index: Index) -> None:
        self._index = index

    async def serving(self) -> Index:
        return self._index


class Vector:
    """The vector of a query, as the thread that computes it sees it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.started = asyncio.Event()

    def start(self) -> None:
        self.started.set()


class LoadedModel:
    """Registry and embedder in one: `embed` computes the vector of each query."""

    def __init__(self, embed: Callable[[Vector], Awaitable[Any]], models: Collection[ModelId] | None = None) -> None:
        """`models` are the loaded ones; with None, any model counts as loaded."""
        self._embed = embed
        self._models = models

    cosine_min = -1.0

    def find_loaded(self, model: ModelId) -> LoadedModel | None:
        return self if self._models is None or model in self._models else None

    def embed_query(self, text: str) -> QueryVector:
        vector = Vector(text)
        return QueryVector(asyncio.ensure_future(self._embed(vector)), vector.started)


def at_once(vectors: Callable[[str], Any]) -> Callable[[Vector], Awaitable[Any]]:
    """Compute the vector of a text without a wait."""

    async def embed(computed: Vector) -> Any:
        computed.start()
        return vectors(computed.text)

    return embed
