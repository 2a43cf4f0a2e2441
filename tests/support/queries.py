"""A loaded model for searches, with vectors that the tests choose."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine

    from workers.embedder.interface import ModelId
    from workers.index.interface import Index

    Embed = Callable[[str], Coroutine[Any, Any, Any]]
    """Computes the vector of a query."""


class OneIndex:
    """Lets searches ask this index."""

    def __init__(self, index: Index) -> None:
        self._index = index

    async def serving(self) -> Index:
        return self._index


class LoadedModel:
    """Registry and embedder in one: `embed` computes the vector of each query."""

    def __init__(self, embed: Embed, models: Collection[ModelId] | None = None) -> None:
        """`models` are the loaded ones; with None, any model counts as loaded."""
        self._embed = embed
        self._models = models

    cosine_min = -1.0

    def find_loaded(self, model: ModelId) -> LoadedModel | None:
        return self if self._models is None or model in self._models else None

    def embed_query(self, text: str) -> asyncio.Task[Any]:
        computing = asyncio.create_task(self._embed(text))
        computing.add_done_callback(lambda done: done.cancelled() or done.exception())
        return computing


def at_once(vectors: Callable[[str], Any]) -> Embed:
    """Compute the vector of a text without a wait."""

    async def embed(text: str) -> Any:
        return vectors(text)

    return embed
