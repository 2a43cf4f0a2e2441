"""Search: a dense and a lexical leg fused by rank, exact identifiers first, filters, and browsing without a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from workers import shown
from workers.document import normalised
from workers.embedder.interface import EmbeddingFailed
from workers.fusion import Ranked, fuse
from workers.point import is_visible

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import numpy as np
    from numpy.typing import NDArray

    from schemas.queries import Filters, Hit, IndexedItem, SearchRequest
    from workers.embedder.interface import ModelId
    from workers.index.interface import Index

    FoundBy = Literal["words and vectors", "words", "filters"]
    Embed = Callable[[str], Awaitable[NDArray[np.float32]]]
    """A query's vector, off the event loop: float32 `(dimension,)`, L2-normalised. Raises EmbeddingFailed."""

LEG_POINTS_MIN = 200
"""With 100 search finds less (nDCG@10 0.740, with 200 0.756), with 400 no more."""
EXACT_SCORE = 1.0
"""Above any fused score: two legs give at most 2 / 61."""


class Results(NamedTuple):
    """One page of what was found."""

    hits: list[Hit]
    total: int
    """Items that match the filters, whatever the query."""
    by: FoundBy


class Searcher:
    """Answers searches from the collection that serves; by words alone while its model is not at hand."""

    def __init__(
        self, serving: Callable[[], Awaitable[Index]], vectors: Callable[[ModelId], Embed | None], shop: shown.Shop
    ) -> None:
        """`serving`: asked once a request. `vectors`: how queries become vectors of that model, None: not now."""
        self._serving = serving
        self._vectors = vectors
        self._shop = shop

    async def search(self, request: SearchRequest, now_ms: int) -> Results:
        """One page. Prices and offers are those of `now_ms`. Raises Unavailable while the index is away."""
        index = await self._serving()
        filters = request.filters
        ranked, by = await self._rank(index, request, filters)
        payloads = await index.payloads([point.point_id for point in ranked])
        # Between the ranking and here an item may have been hidden.
        found = [(payloads[point], score) for point, score in ranked if point in payloads]
        hits = [shown.hit(payload, score, self._shop, now_ms) for payload, score in found if is_visible(payload)]
        return Results(hits, await index.count(filters), by)

    async def item(self, product_id: str, now_ms: int) -> IndexedItem | None:
        """The point of this item, visible or not; None if the index has never heard of it."""
        index = await self._serving()
        stored = (await index.stored([product_id])).get(product_id)
        return None if stored is None else shown.indexed_item(stored.payload, self._shop, now_ms)

    async def _rank(self, index: Index, request: SearchRequest, filters: Filters) -> tuple[list[Ranked], FoundBy]:
        if request.q is None:
            page = await index.browse(filters, request.limit, request.offset)
            return [Ranked(point, 0.0) for point in page], "filters"
        ends = request.offset + request.limit
        fused, by = await self._find(index, normalised(request.q), filters, leg_points(ends))
        exact = await index.find_exact(request.q.strip(), filters)
        first = [Ranked(point, EXACT_SCORE) for point in exact]
        return [*first, *(each for each in fused if each.point_id not in exact)][request.offset : ends], by

    async def _find(self, index: Index, query: str, filters: Filters, points: int) -> tuple[list[Ranked], FoundBy]:
        vector = await self._vector(index, query)
        if vector is None:
            words = await index.search_lexical(query, filters, points)
            return fuse([found.point_id for found in words]), "words"
        near, words = await index.search_both(vector, query, filters, points)
        return fuse([found.point_id for found in near], [found.point_id for found in words]), "words and vectors"

    async def _vector(self, index: Index, query: str) -> NDArray[np.float32] | None:
        """None while the collection's model is not at hand: vectors of two models never meet."""
        if (embed := self._vectors(index.model)) is None:
            return None
        try:
            return await embed(query)
        except EmbeddingFailed:
            return None


def leg_points(ends: int) -> int:
    """How deep each leg must be read for a page that ends there.

    Twice as deep as the page, since what stands deep in both legs may stand high in the fusion; in doubling steps, so
    that the pages of one search are cut from the same ranking wherever possible.
    """
    points = LEG_POINTS_MIN
    while points < 2 * ends:
        points *= 2
    return points
