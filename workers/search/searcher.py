"""Search: a dense and a lexical leg fused by rank, exact identifiers first, filters, and browsing without a query."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING, Literal, NamedTuple

from schemas.errors import EmbeddingFailed
from workers.document import normalised
from workers.point.payload import is_visible
from workers.search import hits
from workers.search.fusion import Ranked, fuse

if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import AsyncIterator, Awaitable, Callable

    import numpy as np
    from numpy.typing import NDArray

    from schemas.queries import Hit, IndexedItem, SearchRequest
    from workers.embedder.interface import EmbedQuery, ModelId
    from workers.index.interface import Index

    FoundBy = Literal["words and vectors", "words", "filters"]

LEG_POINTS_MIN = 200
"""With 100 search finds less (nDCG@10 0.740, with 200 0.756), with 400 no more."""
VECTOR_SECONDS_MAX = 5.0
"""Then it is answered by words: a model that hangs must not leave whoever asks without an answer."""
EXACT_SCORE = 1.0
"""Above any fused score: two legs give at most 2 / 61."""


class Results(NamedTuple):
    """One page of what was found."""

    hits: list[Hit]
    total: int
    """Items that match the filters, whatever the query."""
    by: FoundBy


class _Ranking(NamedTuple):
    points: list[Ranked]
    total: int
    by: FoundBy


class Searcher:
    """Answers searches from the collection that serves; by words alone while its model is not at hand."""

    def __init__(
        self, serving: Callable[[], Awaitable[Index]], vectors: Callable[[ModelId], EmbedQuery | None], shop: hits.Shop
    ) -> None:
        """`serving`: asked once a request. `vectors`: how queries become vectors of that model, None: not now."""
        self._serving = serving
        self._vectors = vectors
        self._shop = shop

    async def search(self, request: SearchRequest, now_ms: int) -> Results:
        """One page. Prices and offers are those of `now_ms`. Raises Unavailable while the index is away."""
        index = await self._serving()
        ranked, total, by = await self._rank(index, request)
        payloads = await index.payloads([point.point_id for point in ranked])
        # Between the ranking and here an item may have been hidden.
        found = [(payloads[point], score) for point, score in ranked if point in payloads]
        rendered = [hits.hit(payload, score, self._shop, now_ms) for payload, score in found if is_visible(payload)]
        return Results(rendered, total, by)

    async def item(self, product_id: str, now_ms: int) -> IndexedItem | None:
        """The point of this item, visible or not; None if the index has never heard of it."""
        index = await self._serving()
        stored = (await index.stored([product_id])).get(product_id)
        return None if stored is None else hits.indexed_item(stored.payload, self._shop, now_ms)

    async def _rank(self, index: Index, request: SearchRequest) -> _Ranking:
        ends, filters = request.offset + request.limit, request.filters
        if request.q is None:
            found = await index.browse(filters, request.limit, request.offset)
            return _Ranking([Ranked(point, 0.0) for point in found], await index.count(filters), "filters")
        query, points = normalised(request.q), leg_points(ends)
        async with self._embedding(index, query) as embedding:
            words, exact, total = await asyncio.gather(
                index.search_lexical(query, filters, points),
                index.find_exact(request.q.strip(), filters),
                index.count(filters),
            )
            vector = await embedding
        near = [] if vector is None else await index.search_dense(vector, filters, points)
        first = (Ranked(point, EXACT_SCORE) for point in exact)
        ranked = chain(first, (each for each in fuse(near, words) if each.point_id not in exact))
        page = list(islice(ranked, request.offset, ends))
        return _Ranking(page, total, "words" if vector is None else "words and vectors")

    @asynccontextmanager
    async def _embedding(self, index: Index, query: str) -> AsyncIterator[Task[NDArray[np.float32] | None]]:
        """The query's vector in the making; the block begins when that leaves the interpreter to others.

        What needs no vector is so found meanwhile. Begun at once, it takes the interpreter from the tokeniser.
        """
        begun = asyncio.Event()
        embedding = asyncio.create_task(self._vector(index, query, begun.set))
        embedding.add_done_callback(lambda _: begun.set())
        try:
            await begun.wait()
            yield embedding
        finally:
            embedding.cancel()

    async def _vector(self, index: Index, query: str, begun: Callable[[], object]) -> NDArray[np.float32] | None:
        """None without the collection's model (vectors of two never meet), and where that fails or takes too long."""
        if (embed := self._vectors(index.model)) is None:
            return None
        try:
            async with asyncio.timeout(VECTOR_SECONDS_MAX):
                return await embed(query, begun)
        except (EmbeddingFailed, TimeoutError):
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
