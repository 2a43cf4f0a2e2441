"""The interface of the index. Every backend passes the same contract suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from schemas.points import Payload
    from schemas.queries import Filters
    from workers.embedder.interface import ModelId
    from workers.index.columns import Columns
    from workers.index.metadata import Metadata
    from workers.index.price_lists import PriceList
    from workers.index.stored import Stored
    from workers.index.traits import Traits
    from workers.index.writes import DenseVector, Write

DENSE = "dense"
LEXICAL = "lexical"
CURRENCIES_MAX = 8
SELLERS_MAX = 1_000


class Found(NamedTuple):
    """A point in a ranking."""

    point_id: str
    score: float


class Index(Protocol):
    """A physical collection of points.

    All methods raise Unavailable when the backend is away. A write may then be half done; the caller repeats it.
    """

    @property
    def name(self) -> str:
        """The name of the physical collection on the backend."""

    @property
    def collection(self) -> str:
        """The identity of the physical collection. A collection that was wiped and created again has another one."""

    @property
    def metadata(self) -> Metadata:
        """The layout, template and model that the collection records about itself."""

    @property
    def model(self) -> ModelId:
        """The model of the dense vectors, from the metadata of the collection."""

    @property
    def is_remote(self) -> bool:
        """True if each call is a request over a network: calls that are made at one moment may then share a request."""

    async def stored(self, product_ids: Collection[str], *, vectors: bool = False) -> dict[str, Stored]:
        """Return the points of these items by product_id, without the missing ones."""

    async def heads(self, product_ids: Collection[str]) -> dict[str, Payload]:
        """Return the payloads of these items by product_id, without the missing ones, and without the fields of the
        product that are not in `HEAD_FIELDS`: those are None."""

    async def times(self, product_ids: Collection[str]) -> dict[str, dict[str, int | None]]:
        """Return `searchable_at_ms` of these items by product_id, without the missing ones."""

    async def payloads(self, point_ids: Sequence[str]) -> dict[str, Payload]:
        """Return payloads by point id, without the missing ones."""

    async def vectors(self, point_ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the dense vectors of points by point id, float32 `(dimension,)`, without the points that have none."""

    async def traits(self, point_ids: Sequence[str], *, sales: bool = False) -> dict[str, Traits]:
        """Return the traits of the visible points among these, by point id.

        With `sales` they have the offers of items on sale. Else those may be missing, as reading them costs a server.
        """

    async def columns(self, point_ids: Sequence[str]) -> Columns:
        """Return the columns of the visible points among these, in their order."""

    async def prices(self, point_ids: Sequence[str]) -> dict[str, PriceList]:
        """Return the prices of the offers of these points by point id, without the missing ones."""

    async def write(self, writes: Sequence[Write]) -> set[str]:
        """Carry out all writes in order, each on its own condition. Every later read sees them once this returns.

        Returns the product_ids whose stored version is still below the one to be written, because a patch found no
        point or a version other than its base. The caller reads and plans these items again.
        """

    async def write_dense(self, vectors: Sequence[DenseVector]) -> None:
        """Write the vectors of pending embeddings, except where `vector_due` has changed meanwhile."""

    async def mark_embedding_failed(self, product_id: str, fingerprint: str, reason: str) -> None:
        """Set `vector_failed` and clear `vector_due`, if `vector_due` still equals the fingerprint."""

    async def pending_embeddings(self, partitions: Collection[int], limit: int, *, newest: bool) -> list[Payload]:
        """Return at most `limit` points with a `vector_due`, by `vector_due_at_ms`, newest or oldest first."""

    async def due_price_changes(self, partitions: Collection[int] | None, now_ms: int, limit: int) -> list[Payload]:
        """Return at most `limit` visible points whose `price_changes_at_ms` <= now_ms, of all partitions if None."""

    async def coming_price_changes(self, until_ms: int, limit: int) -> list[Payload]:
        """Return at most `limit` visible points whose `price_changes_at_ms` <= until_ms, the soonest first."""

    async def pending_alerts(self, partitions: Collection[int], limit: int) -> list[Payload]:
        """Return at most `limit` points with `alerts_due`, by `alerts_due_at_ms`, the oldest first."""

    async def search_dense(
        self, vector: NDArray[np.float32], filters: Filters, limit: int, score_min: float | None = None
    ) -> list[Found]:
        """Return points with their cosine similarity, in the order of `workers.index.ranking`, best first.

        Only visible points have a dense vector. `score_min`: the least similarity of a point; None for any.
        """

    async def search_terms(
        self, terms: Mapping[str, float], filters: Filters, limit: int, score_min: float | None = None
    ) -> list[Found]:
        """Return points with their score by BM25, > 0, in the order of `workers.index.ranking`, best first.

        `terms`: the terms with their weights, > 0. `score_min`: the least score of a point; None for any.
        """

    async def payloads_ahead(
        self, terms: Mapping[str, float], vector: NDArray[np.float32] | None, filters: Filters, points: int
    ) -> dict[str, Payload]:
        """Return payloads by point id: those of this many points that are among the first by terms and by the vector.
        An index returns none if a later request reads them as fast as the one that ranks."""

    async def best_by_terms(self, terms: Mapping[str, float]) -> float:
        """Return the best score by BM25 that a visible item has for these terms; 0.0 if none has any of them."""

    async def find_exact(self, identifier: str, filters: Filters) -> list[str]:
        """Return the point ids of visible items whose product_id or gtin is this identifier, however it is typed.

        The item with exactly that product_id comes first, then those whose product_id differs in case or separators,
        then those with that gtin.
        """

    async def find_canary(self, product_id: str) -> Payload | None:
        """Return the payload of a canary, if a search for its id finds it, as `find_exact` finds visible items."""

    async def has_brand(self, text: str) -> bool:
        """Return whether a visible item has this brand, whatever its case."""

    async def has_name(self, text: str) -> bool:
        """Return whether a visible item has this title, brand, product_id or GTIN, however it is typed."""

    async def browse(self, filters: Filters, limit: int, offset: int) -> list[str]:
        """Return point ids of visible items that pass the filters, in a stable order."""

    async def browse_by(self, field: str, filters: Filters, limit: int, *, descending: bool) -> list[str]:
        """Return point ids of visible items that pass the filters and have a number in the field, in the order of these
        numbers. Equal ones come in any order, of which those beyond the limit are left out."""

    def browse_traits(self, filters: Filters, fields: Sequence[str]) -> AsyncIterator[dict[str, Traits]]:
        """Iterate over the traits of all visible items that pass the filters, a part at a time, by point id, in the
        order of `browse`. Others have their turn on the event loop between the parts.

        `fields`: the fields of a payload that are needed. Traits of others may be missing, as reading them costs a
        server. An item that is written meanwhile may be missing, and none is twice.
        """

    async def count(self, filters: Filters) -> int:
        """Return how many visible items pass the filters."""

    async def currencies(self) -> list[str]:
        """Return the currencies of the prices of visible items, the most frequent first, at most CURRENCIES_MAX."""

    async def offered_currencies(self) -> list[str]:
        """Return the currencies of all offers of visible items, the most frequent first, at most CURRENCIES_MAX."""

    async def has_other_prices(self, currency: str) -> bool:
        """Return whether a visible item has an offer in this currency, and its price in another one."""

    async def sellers(self) -> list[str]:
        """Return the sellers of visible items, those with the most items first, at most SELLERS_MAX."""

    async def count_points(self) -> int:
        """Return how many items have a point, visible or not; canaries are left out."""

    async def count_pending_embeddings(self) -> int:
        """Return how many points have a `vector_due`."""

    async def count_due_price_changes(self, now_ms: int) -> int:
        """Return how many visible points have `price_changes_at_ms` <= now_ms."""

    def scan(self, partitions: Collection[int] | None = None) -> AsyncIterator[list[Payload]]:
        """Iterate over the points of these partitions (of all if None) but canaries, in pages, in bounded memory."""

    async def positions(self) -> dict[str, int]:
        """Return the positions that `save_positions` has stored, by name."""

    async def save_positions(self, positions: Mapping[str, int]) -> None:
        """Store the positions in the collection itself, by name, beside those stored under other names.

        A collection that was wiped or restored from a backup therefore shows by itself which records it lacks.
        """

    async def flush(self) -> None:
        """Bound the size of the write-ahead log. This may take long, so it is called off the data path."""

    async def close(self) -> None:
        """Release everything that was opened. Idempotent."""
