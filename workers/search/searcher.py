"""Search: dense and lexical retrievers fused by score, exact identifiers first, filters, browsing without a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from schemas.errors import Conflict
from workers.document import normalised
from workers.index.interface import Found
from workers.point.payload import is_visible
from workers.search import hits
from workers.search.arranging import FoundSet, Listing, arranged, arranges, browsed, relaxed
from workers.search.currency import check_currency
from workers.search.fusion import HEAD_POINTS
from workers.search.groups import ungrouped
from workers.search.legs import BoundedVector, find_legs
from workers.search.moment import compares_prices, filters_now, turned_prices
from workers.words.query import query_terms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from schemas.queries import Filters, Hit, IndexedItem, SearchRequest
    from schemas.refinements import Refinement
    from workers.embedder.interface import ModelId
    from workers.embedder.query_vector import QueryVector
    from workers.index.interface import Index
    from workers.search.groups import Group
    from workers.search.legs import FoundBy, Legs

VECTOR_SECONDS_MAX = 5.0
"""The longest wait for a query's vector. A query is then answered by lexical results, even if the model hangs."""
PAGE_POINTS = HEAD_POINTS
"""How far each ranking is read at least for a page in the order of relevance. What lies beyond is shown on later pages,
and not counted: beside 500 events a second, reading on to 1,000 made a search half as slow again."""
COUNTED_POINTS = 1_000
"""How far each ranking is read to sort, group or count refinements of what is found."""


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
    """The number of items that are found."""
    total_is_exact: bool
    """Whether there are no more than `total`: see `PAGE_POINTS` and `COUNTED_POINTS` for how far rankings are read."""
    by: FoundBy
    facets: dict[str, list[Refinement]]
    facets_are_exact: bool
    """Whether no count of a refinement may be higher: its items are read as those of `total` are."""
    left_out: list[str]
    """The points that were found and cannot be shown, since the index holds a value of them that no answer can have."""


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
        page_points: int = PAGE_POINTS,
        counted_points: int = COUNTED_POINTS,
    ) -> None:
        """`terms` gives the terms of a query with their weights."""
        self._collections = collections
        self._embedders = embedders
        self._shop = shop
        self._terms = terms
        self._vector_seconds_max = vector_seconds_max
        self._page_points = page_points
        self._counted_points = counted_points

    async def search(self, request: SearchRequest, now_ms: int) -> Results:
        """Return one page, with prices and offers as they are at `now_ms`.

        Raises Unavailable if the index is away, and RefusedRequest if prices of several currencies would be compared.
        """
        index = await self._collections.serving()
        await check_currency(index, request, self._shop.currency)
        comparing = compares_prices(request) is not None
        turned = await turned_prices(index, self._shop.currency, now_ms) if comparing else {}
        if arranges(request):
            sets, by = await self._sets(index, request, relaxed(request, turned))
            listing = await arranged(index, request, sets, turned)
        else:
            listing, by = await self._page(index, request, filters_now(request.filters, turned))
        page, left_out = await self._rendered(index, listing.groups, now_ms)
        return Results(page, listing.total, listing.is_exact, by, listing.facets, listing.facets_are_exact, left_out)

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

        Points that are no results are among them. Raises Unavailable.
        """
        return (await self._all_legs(index, query, [filters], points, whole=True))[0]

    async def _all_legs(
        self, index: Index, query: str, several: Sequence[Filters], points: int, *, whole: bool = False
    ) -> list[Legs]:
        """Return the legs with each of the filters. The query is embedded once."""
        # Vectors of two models never meet: the query is embedded by the model of this collection, or not at all.
        embedder = self._embedders.find_loaded(index.model)
        if embedder is None:
            return await find_legs(index, query, self._terms(query), several, points, None, whole=whole)
        computing = embedder.embed_query(query)
        try:
            bounded = BoundedVector(computing, self._vector_seconds_max, embedder.cosine_min)
            return await find_legs(index, query, self._terms(query), several, points, bounded, whole=whole)
        finally:
            computing.cancel()

    async def _page(self, index: Index, request: SearchRequest, filters: Filters) -> tuple[Listing, FoundBy]:
        """Return one page in the order of relevance; without a query in that of the index."""
        end = request.offset + request.limit
        if request.q is None:
            found = await index.browse(filters, request.limit, request.offset)
            groups = ungrouped([Found(point, 0.0) for point in found])
            return Listing(groups, await index.count(filters), True, {}, True), "filters"
        [legs] = await self._all_legs(index, normalised(request.q), [filters], max(self._page_points, end))
        ranked = list(legs.ranked())
        return Listing(ungrouped(ranked[request.offset : end]), len(ranked), legs.is_complete, {}, True), legs.by

    async def _sets(
        self, index: Index, request: SearchRequest, several: Mapping[str, Filters]
    ) -> tuple[dict[str, FoundSet], FoundBy]:
        """Return all that is found with each of the filters."""
        if request.q is None:
            return {name: await browsed(index, request, filters) for name, filters in several.items()}, "filters"
        legs = await self._all_legs(index, normalised(request.q), [*several.values()], self._counted_points)
        sets = {name: FoundSet(list(each.ranked()), each.is_complete) for name, each in zip(several, legs, strict=True)}
        return sets, legs[0].by

    async def _rendered(self, index: Index, groups: Sequence[Group], now_ms: int) -> tuple[list[Hit], list[str]]:
        """Return the hits, and the points that cannot be shown."""
        payloads = await index.payloads([group.best.point_id for group in groups])
        page: list[Hit] = []
        left_out: list[str] = []
        for (point, score), product_ids in groups:
            payload = payloads.get(point)
            if payload is None or not is_visible(payload):  # The item was hidden after the ranking was made.
                continue
            try:
                page.append(hits.hit(payload, score, self._shop, now_ms, product_ids))
            except hits.UNSHOWABLE:  # One bad point must not cost the others their answer.
                left_out.append(point)
        return page, left_out
