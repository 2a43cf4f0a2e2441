"""The embedders of one process, one for each model: of the collection that serves, and in a rebuild of another."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from workers.embedder.loading import describe, load_embedder
from workers.embedder.threads import EmbedderThreads

if TYPE_CHECKING:
    from workers.embedder.interface import EmbedQuery, ModelId
    from workers.priority import QueryGate


class EmbedderRegistry:
    """Loads each in the background when it is first asked for."""

    def __init__(self, kind: Literal["model", "fake"], *, threads: int, gate: QueryGate) -> None:
        """`threads`: of torch, for the whole process. `gate`: the queries to which documents give way."""
        self._kind = kind
        self._threads = threads
        self._gate = gate
        self._embedders: dict[str | None, EmbedderThreads] = {}

    def embedder(self, source: str | None) -> EmbedderThreads:
        """That of a model by name or folder, None: the installed one. It begins to load."""
        known = self._embedders.get(source)
        if known is None or known.failed:
            self._embedders[source] = EmbedderThreads(
                lambda: load_embedder(self._kind, source, threads=self._threads, gate=self._gate)
            )
            self._embedders[source].start()
        return self._embedders[source]

    async def identify(self, source: str | None) -> ModelId:
        """Which model that is. Raises Misconfigured if there is none."""
        return describe(self._kind, source) or await self.embedder(source).model()

    def queries(self, model: ModelId) -> EmbedQuery | None:
        """How a query becomes a vector of this model: see EmbedderThreads.embed_query. None while it is not loaded."""
        at_hand = (each for each in self._embedders.values() if each.loaded_model == model)
        return next((each.embed_query for each in at_hand), None)

    async def close(self) -> None:
        """Takes nothing more, and waits a moment for what runs."""
        await asyncio.gather(*(each.close() for each in self._embedders.values()))
