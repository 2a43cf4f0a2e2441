"""Writes the vectors of texts whose embeddings are pending, from the cache or from the embedder."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from schemas.errors import EmbeddingFailed
from workers.document import document
from workers.index.writes import DenseVector
from workers.lanes.sinks import Embedded, VectorSearchable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from schemas.points import Payload
    from workers.clock import Clock
    from workers.embedder.cache import VectorCache
    from workers.embedder.interface import Vectors
    from workers.index.interface import Index
    from workers.lanes.sinks import Sink

ATTEMPTS_MAX = 3


class Documents(Protocol):
    """The embedder, as far as the lane needs it."""

    async def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return float32 `(len(texts), dimension)`. Raises EmbeddingFailed."""


class FailedText(NamedTuple):
    """A text that the embedder failed on at every attempt."""

    payload: Payload
    reason: str


class VectorWriter:
    """Embeds the texts of points of one collection, and writes their vectors."""

    def __init__(self, index: Index, documents: Documents, cache: VectorCache, *, clock: Clock, sink: Sink) -> None:
        self._index = index
        self._documents = documents
        self._cache = cache
        self._clock = clock
        self._sink = sink

    async def write(self, backlog: Sequence[Payload]) -> list[FailedText]:
        """Write the vector of each text of the backlog, and return the texts that cannot be embedded.

        Raises Unavailable.
        """
        if not backlog:
            return []
        try:
            vectors = await self._vectors(backlog)
        except EmbeddingFailed:
            alone = [await self._write_alone(payload) for payload in backlog]
            return [failed for failed in alone if failed is not None]
        await self._write_vectors(backlog, vectors)
        return []

    async def _write_alone(self, payload: Payload) -> FailedText | None:
        """Embed one text of a failed batch, since one bad text fails them all; return it after the last attempt."""
        text, reason = document(payload, self._index.model).text, ""
        for _ in range(ATTEMPTS_MAX):
            try:
                await self._write_vectors([payload], await self._embed([text]))
            except EmbeddingFailed as error:
                reason = str(error) or "the model failed on this text"
            else:
                return None
        return FailedText(payload, reason)

    async def _vectors(self, backlog: Sequence[Payload]) -> list[Vectors]:
        """Return a vector for each, float32 `(dimension,)`; those that another item or collection has are at hand."""
        vectors = {each["vector_due"]: self._cache.get(each["vector_due"] or "") for each in backlog}
        missing = {each["vector_due"]: each for each in backlog if vectors[each["vector_due"]] is None}
        if missing:
            texts = [document(each, self._index.model).text for each in missing.values()]
            vectors |= dict(zip(missing, await self._embed(texts), strict=True))
        return [vector for each in backlog if (vector := vectors[each["vector_due"]]) is not None]

    async def _embed(self, texts: list[str]) -> Vectors:
        began_s = self._clock.monotonic_s()
        vectors = await self._documents.embed_documents(texts)
        self._sink.note(Embedded(len(texts), self._clock.monotonic_s() - began_s))
        return vectors

    async def _write_vectors(self, backlog: Sequence[Payload], vectors: Iterable[Vectors]) -> None:
        embedded = [
            DenseVector(payload["product_id"], payload["vector_due"] or "", vector)
            for payload, vector in zip(backlog, vectors, strict=True)
        ]
        await self._index.write_dense(embedded)
        now_ms = self._clock.now_ms()
        for payload, vector in zip(backlog, embedded, strict=True):
            self._cache.put(vector.fingerprint, vector.vector)
            words_at_ms = payload["searchable_at_ms"].get("product")
            due_at_ms = payload["vector_due_at_ms"]
            self._sink.note(VectorSearchable(due_at_ms, now_ms, vector.product_id, vector.fingerprint, words_at_ms))
