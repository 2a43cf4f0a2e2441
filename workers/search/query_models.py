"""The models that embed queries, as a search asks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio

    from workers.embedder.interface import ModelId, Vectors


class QueryEmbedder(Protocol):
    """Embeds queries with one model. `EmbedderThreads` does."""

    @property
    def cosine_min(self) -> float:
        """The cosine below which a query and a text have nothing in common."""

    def embed_query(self, text: str) -> asyncio.Task[Vectors]:
        """Begin to compute the vector of a query."""


class QueryEmbedders(Protocol):
    """The models that are loaded. `EmbedderRegistry` knows them."""

    def find_loaded(self, model: ModelId) -> QueryEmbedder | None:
        """Return the embedder of exactly this model; None while it is not loaded."""
