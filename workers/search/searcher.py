"""Search: dense and lexical retrievers fused by score, exact identifiers first, filters, browsing without a query."""

from __future__ import annotations

import asyncio
from itertools import chain, islice
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from schemas.errors import Conflict, EmbeddingFailed
from workers.document import normalised
from workers.index.interface import Found
from workers.point.payload import is_visible
from workers.search import hits
from workers.search.currency import check_currency
from workers.search.fusion import HEAD_POINTS, fuse
from workers.search.weights import vector_weight
from workers.words.identity import identifiers
from workers.words.query import query_terms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from schemas.queries import Filters, Hit, IndexedItem, SearchRequest
    from workers.embedder.interface import ModelId, Vectors
    from workers.embedder.query_vector import QueryVector
    from workers.index.interface import Index

    FoundBy = Literal["words and vectors", "words", "filters"]

VECTOR_SECONDS_MAX = 5.0
"""The longest wait for a query's vector. A query is then answered by lexical results, even if the model hangs."""
EXACT_SCORE = 1.0
"""The score of an exact match, above any fused score."""


class ServingIndex(Protocol):
    """Knows the collection that serves. `workers.index.interface.Collections` does."""

    async def serving(self) -> Index:
        """Return the collection that searches ask now. Raises Unavailable."""


class QueryEmbedder(Protocol):
    """Embeds queries with one model. `EmbedderThreads` does."""

    @property
    def cosine_min(self) -> float:
        """The cosine below which a query and a text have nothing in common."""

    def embed_query(self, text: str) -> QueryVector:
        """Begin to compute the vector of a query."""


class QueryEmbedders(Protocol):
    """The models that are loaded. `EmbedderRegistry` knows them."""

    def find_loaded(self, model: ModelId) -> QueryEmbedder | None:
        """Return the embedder of exactly this model; None while it is not loaded."""


class Results(NamedTuple):
    """One page of the items that were found."""

    hits: list[Hit]
    total: int
    """The number of items that match the filters, whatever the query."""
    by: FoundBy
    left_out: list[str]
    """The points that were found and cannot be shown, since the index holds a value of them that no answer can have."""


class _Ranking(NamedTuple):
    points: list[Found]
    total: int
    by: FoundBy


class Legs(NamedTuple):
    """What the retrievers found for a query, each in its own order."""

    words: list[Found]
    """By BM25."""
    near: list[Found]
    """By cosine; empty without a vector, or where vectors have no weight."""
    exact: list[str]
    """The points whose product_id or GTIN is in the query."""
    weight: float
    """The weight of a cosine; see `fuse`."""
    cosine_min: float
    vector: Vectors | None
    """The vector of the query, float32 `(dimension,)`; None if there is none in time."""
    total: int
    """The number of items that pass the filters."""

    def ranked(self) -> Iterator[Found]:
        """Iterate over all that was found, best first: exact matches, then both rankings fused."""
        yield from (Found(point, EXACT_SCORE) for point in self.exact)
        fused = fuse(self.words, self.near, self.weight, self.cosine_min)
        yield from (each for each in fused if each.point_id not in self.exact)


class Searcher:
    """Answers searches from the collection that serves; with lexical results alone while its model is not loaded."""

    def __init__(
        self,
        collections: ServingIndex,
        embedders: QueryEmbedders,
        shop: hits.Shop,
        *,
        terms: Callable[[str], Mapping[str, float]] = query_terms,
        vector_seconds_max: float = VECTOR_SECONDS_MAX,
    ) -> None:
        """`terms` gives the terms of a query with their weights."""
        self._collections = collections
        self._embedders = embedders
        self._shop = shop
        self._terms = terms
        self._vector_seconds_max = vector_seconds_max

    async def search(self, request: SearchRequest, now_ms: int) -> Results:
        """Return one page, with prices and offers as they are at `now_ms`.

        Raises Unavailable if the index is away, and RefusedRequest if prices of several currencies would be compared.
        """
        index = await self._collections.serving()
        await check_currency(index, request, self._shop.currency)
        ranked, total, by = await self._rank(index, request)
        payloads = await index.payloads([point.point_id for point in ranked])
        page: list[Hit] = []
        left_out: list[str] = []
        for point, score in ranked:
            payload = payloads.get(point)
            if payload is None:  # The item was hidden after the ranking was made.
                continue
            try:
                page += [hits.hit(payload, score, self._shop, now_ms)] if is_visible(payload) else []
            except hits.UNSHOWABLE:  # One bad point must not cost the others their answer.
                left_out.append(point)
        return Results(page, total, by, left_out)

    async def item(self, product_id: str, now_ms: int) -> IndexedItem | None:
        """Return the point of this item, visible or not; None if the index does not have it.

        Raises Conflict if the index holds a value of the item that cannot be shown.
        """
        index = await self._collections.serving()
        stored = (await index.stored([product_id])).get(product_id)
        if stored is None:
            return None
        try:
            return hits.indexed_item(stored.payload, self._shop, now_ms)
        except hits.UNSHOWABLE as error:
            raise Conflict(
                f"the index holds a value of {product_id} that cannot be shown: run freshline reconcile --repair"
            ) from error

    async def legs(self, index: Index, query: str, filters: Filters, points: int) -> Legs:
        """Ask both retrievers for so many points, and the lexical one alone if there is no vector in time.

        Raises Unavailable.
        """
        # Vectors of two models never meet: the query is embedded by the model of this collection, or not at all.
        embedder = self._embedders.find_loaded(index.model)
        if embedder is None:
            return await _legs(index, query, self._terms(query), filters, points, None)
        computing = embedder.embed_query(query)
        try:
            bounded = _Bounded(computing, self._vector_seconds_max, embedder.cosine_min)
            return await _legs(index, query, self._terms(query), filters, points, bounded)
        finally:
            computing.cancel()

    async def _rank(self, index: Index, request: SearchRequest) -> _Ranking:
        if request.q is None:
            filters = request.filters
            found = await index.browse(filters, request.limit, request.offset)
            return _Ranking([Found(point, 0.0) for point in found], await index.count(filters), "filters")
        end = request.offset + request.limit
        legs = await self.legs(index, normalised(request.q), request.filters, max(HEAD_POINTS, end))
        page = list(islice(legs.ranked(), request.offset, end))
        return _Ranking(page, legs.total, "words" if legs.vector is None else "words and vectors")


async def _legs(
    index: Index,
    query: str,
    terms: Mapping[str, float],
    filters: Filters,
    points: int,
    computing: _Bounded | None,
) -> Legs:
    if computing is not None:
        # A call to the index at this moment would take the interpreter from the tokeniser.
        await computing.started()
    words, exact, is_brand, total = await asyncio.gather(
        index.search_terms(terms, filters, points),
        _exact(index, query, filters),
        index.has_brand(query),
        index.count(filters),
    )
    vector = None if computing is None else await computing.result()
    weight = vector_weight(query, is_brand=is_brand)
    near, cosine_min = list[Found](), 0.0
    if computing is not None and vector is not None and weight:
        near, cosine_min = await index.search_dense(vector, filters, points), computing.cosine_min
    return Legs(words, near, exact, weight, cosine_min, vector, total)


async def _exact(index: Index, query: str, filters: Filters) -> list[str]:
    """Return the points of the ids and GTINs in the query, in its order."""
    found = [await index.find_exact(identifier, filters) for identifier in identifiers(query)]
    return list(dict.fromkeys(chain.from_iterable(found)))


class _Bounded:
    """The vector of a query with a time limit that starts now. After it the search goes on without the vector."""

    def __init__(self, vector: QueryVector, seconds_max: float, cosine_min: float) -> None:
        self._vector = vector
        self.cosine_min = cosine_min
        self._until_s = asyncio.get_running_loop().time() + seconds_max

    async def started(self) -> None:
        """Return when the interpreter is free beside the vector, or when its time is over."""
        try:
            async with asyncio.timeout_at(self._until_s):
                await self._vector.started()
        except TimeoutError:
            return

    async def result(self) -> Vectors | None:
        """Return the vector; None if it cannot be computed, or not in time."""
        try:
            async with asyncio.timeout_at(self._until_s):
                return await self._vector.result()
        except (EmbeddingFailed, TimeoutError):
            return None
