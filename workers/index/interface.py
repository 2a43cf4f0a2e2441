"""The one small interface of the index; every backend passes the same contract suite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from schemas.points import Payload
    from schemas.queries import Filters
    from workers.embedder.interface import ModelId
    from workers.index.metadata import Metadata

DENSE = "dense"
LEXICAL = "lexical"


@dataclass(frozen=True, slots=True)
class Patch:
    """Sets payload fields of a point, if its stored version is still the one that they were compared with.

    "Lower than the new one" would not do: an older patch that lands between reading and writing would leave fields
    behind that this one does not mention.
    """

    product_id: str
    base: int
    """Version of the point that the patch was planned on."""
    version: int
    payload: Mapping[str, Any]
    """Complete top-level fields; `version` included. None clears."""


@dataclass(frozen=True, slots=True)
class Upsert:
    """Replaces the whole point if it is missing or its stored version is lower."""

    product_id: str
    version: int
    payload: Payload
    text: str | None
    """Text of the lexical vector; None for a point that is not visible: it carries no vectors."""
    dense: NDArray[np.float32] | None
    """float32 `(dimension,)`; None while none is at hand."""


@dataclass(frozen=True, slots=True)
class Reprice:
    """Sets the price fields of a point whose sale window turned, if its stored version is still this one."""

    product_id: str
    version: int
    payload: Mapping[str, Any]
    """Complete top-level fields, without `version`: no event came, so the version stays."""


Write = Patch | Upsert | Reprice


class DenseVector(NamedTuple):
    """A vector that was owed. Written only where `vector_due` equals the fingerprint; the debt is cleared after it."""

    product_id: str
    fingerprint: str
    vector: NDArray[np.float32]


class Stored(NamedTuple):
    """A point as it stands in the index."""

    payload: Payload
    dense: NDArray[np.float32] | None
    """Only where it was asked for."""


class Index(Protocol):
    """A physical collection of points.

    All methods raise Unavailable when the backend is away; a write may then be half done and is simply repeated.
    """

    @property
    def name(self) -> str:
        """Of the physical collection, as the backend has it."""

    @property
    def collection(self) -> str:
        """Names the physical collection since it was created: one that was wiped and created again has another."""

    @property
    def metadata(self) -> Metadata:
        """What the collection says of itself."""

    @property
    def model(self) -> ModelId:
        """The model of its dense vectors, from the collection's own metadata."""

    async def stored(self, product_ids: Collection[str], *, vectors: bool = False) -> dict[str, Stored]:
        """The points of these items, by product_id; missing ones are left out."""

    async def payloads(self, point_ids: Sequence[str]) -> dict[str, Payload]:
        """Payloads by point id; missing ones are left out."""

    async def write(self, writes: Sequence[Write]) -> set[str]:
        """All of them, each on its own condition, in order; visible to every later read when it returns.

        Returns the items whose stored version is still below the one written, as a patch found no point or another
        version than its base: read and plan these again.
        """

    async def write_dense(self, vectors: Sequence[DenseVector]) -> None:
        """Pays owed vectors; skips those whose debt has changed meanwhile."""

    async def mark_embedding_failed(self, product_id: str, fingerprint: str, reason: str) -> None:
        """Sets `vector_failed` and clears the debt, where `vector_due` still equals the fingerprint."""

    async def pending_embeddings(self, partitions: Collection[int], limit: int, *, newest: bool) -> list[Payload]:
        """Points with a `vector_due`, by `vector_due_at_ms`, newest or oldest first."""

    async def due_price_changes(self, partitions: Collection[int], now_ms: int, limit: int) -> list[Payload]:
        """Visible points whose `price_changes_at_ms` <= now_ms."""

    async def search_dense(self, vector: NDArray[np.float32], filters: Filters, limit: int) -> list[str]:
        """Point ids by cosine similarity, best first; only of points with a dense vector, that is visible ones."""

    async def search_lexical(self, text: str, filters: Filters, limit: int) -> list[str]:
        """Point ids by BM25 with inverse document frequencies, best first."""

    async def find_exact(self, identifier: str, filters: Filters) -> list[str]:
        """Point ids of visible items whose product_id or gtin is exactly this."""

    async def browse(self, filters: Filters, limit: int, offset: int) -> list[str]:
        """Point ids of visible items that pass, in a stable order."""

    async def count(self, filters: Filters) -> int:
        """How many visible items pass."""

    async def count_points(self) -> int:
        """How many items it has ever heard of, visible or not."""

    async def count_pending_embeddings(self) -> int:
        """How many points have a `vector_due`."""

    async def count_due_price_changes(self, now_ms: int) -> int:
        """How many visible points have `price_changes_at_ms` <= now_ms."""

    def scan(self) -> AsyncIterator[list[Payload]]:
        """All points in pages, in bounded memory."""

    async def positions(self) -> dict[str, int]:
        """What `save_positions` kept."""

    async def save_positions(self, positions: Mapping[str, int]) -> None:
        """Keeps them in the collection itself, by name, beside those that are there under other names.

        A collection that was wiped or restored so says itself what it lacks.
        """

    async def flush(self) -> None:
        """Bounds the write-ahead log; may take long: called off the data path."""

    async def close(self) -> None:
        """Releases what was opened; idempotent."""


class OpenedIndex(Index):
    """The part that the backends share: the name and the metadata, which were read when the index was opened."""

    def __init__(self, name: str, metadata: Metadata) -> None:
        self._name = name
        self._metadata = metadata

    @property
    @override
    def name(self) -> str:
        return self._name

    @property
    @override
    def collection(self) -> str:
        return self._metadata.collection

    @property
    @override
    def metadata(self) -> Metadata:
        return self._metadata

    @property
    @override
    def model(self) -> ModelId:
        return self._metadata.model


class Roles(NamedTuple):
    """Who is who among the collections under one alias."""

    serving: Index
    """Searches ask it."""
    building: Index | None = None
    """Being filled by a rebuild, to serve next."""
    previous: Index | None = None
    """Served until the last rebuild, and is kept up to date: it can serve again at any moment."""

    @property
    def all(self) -> list[Index]:
        """Everything that item records are written to."""
        return [index for index in self if index is not None]


NOTHING_BEFORE = "there is nothing to go back to: another worker has dropped the collection that served before"


def not_built(index: Index) -> str:
    """Why this one may not begin to serve: a sentence."""
    return f"{index.collection} is not being built any more: another worker has given this rebuild up, or begun another"


def serves(index: Index) -> str:
    """Why this one may not go: a sentence."""
    return f"{index.collection} serves since a moment ago, so it is not dropped: look at /status, and ask again"


class Collections(Protocol):
    """The collections under one alias, and the one place where their roles stand.

    All methods raise Unavailable while the backend is away.
    """

    async def roles(self) -> Roles:
        """As they are now: another worker may have changed them."""

    async def serving(self) -> Index:
        """The collection that the alias names at this moment, with its model: asked once a request."""

    async def begin(self, model: ModelId, model_source: str | None) -> Index:
        """Creates an empty collection and names it as the one being built; there must be none."""

    async def switch(self, built: Index) -> None:
        """This one serves, the one that served is the previous one: in one step. There is none before it.

        Nothing changes where it serves already. Raises Conflict where another or none is being built.
        """

    async def roll_back(self) -> None:
        """The one that serves and the previous one change places, in one step. Raises Conflict if there is none."""

    async def retire(self, index: Index) -> None:
        """Takes its role away, so that nobody writes to it any more. Raises Conflict for the one that serves."""

    async def delete(self, index: Index) -> None:
        """Deletes one without a role; idempotent."""

    async def close(self) -> None:
        """Releases what was opened; idempotent."""
