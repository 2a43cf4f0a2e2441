"""A loaded model for searches, with vectors that the tests choose, and searches by words alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from schemas.queries import LIMIT_MAX, SearchRequest
from workers.search.explain import explain
from workers.search.understood import Answer
from workers.words.query import query_terms

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine

    from schemas.explanations import Explanation
    from schemas.queries import Filters
    from workers.embedder.interface import ModelId
    from workers.index.interface import Found, Index
    from workers.search.searcher import Searcher

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


async def explained_as_typed(searcher: Searcher, index: Index, query: str, product_id: str, now_ms: int) -> Explanation:
    """Explain a search for the very words of a query."""
    request = SearchRequest(q=query, understand=False, limit=LIMIT_MAX)
    answer = Answer(await searcher.search(request, now_ms), None, None, [], request)
    return await explain(searcher, index, query, answer, product_id, now_ms)


async def search_lexical(index: Index, text: str, filters: Filters, limit: int) -> list[Found]:
    """Return points with their score by BM25, best first, for the words of a text."""
    return await index.search_terms(query_terms(text), filters, limit)


def at_once(vectors: Callable[[str], Any]) -> Embed:
    """Compute the vector of a text without a wait."""

    async def embed(text: str) -> Any:
        return vectors(text)

    return embed
