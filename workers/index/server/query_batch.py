"""Joins the queries that are asked at one moment into one request: a search asks several rankings at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from qdrant_client import models

from workers.index.conditions import conditions
from workers.index.interface import DENSE, LEXICAL
from workers.index.lexical import Sparse
from workers.index.server import filters as where
from workers.index.server.ranked import FoundPoint, ranked

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from schemas.queries import Filters
    from workers.index.server.calls import Calls

QUERIES_MAX = 64
"""The most queries of one request."""


class _Asked(NamedTuple):
    query: models.QueryRequest
    answer: asyncio.Future[list[FoundPoint]]


class QueryBatch:
    """Sends the queries of two turns of the event loop as one request, whichever searches they belong to."""

    def __init__(self, calls: Calls, collection: str) -> None:
        self._calls = calls
        self._collection = collection
        self._waiting: list[_Asked] = []
        self._sending: set[asyncio.Task[None]] = set()

    async def points(self, query: models.QueryRequest) -> list[FoundPoint]:
        """Return the points of a query. Raises Unavailable; an error of the request is that of all its queries."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            # Two turns: a task that has begun in this one may ask through a task of its own.
            loop.call_soon(loop.call_soon, self._send)
        asked = _Asked(query, loop.create_future())
        self._waiting.append(asked)
        return await asked.answer

    def _send(self) -> None:
        """Send all that was asked until now."""
        waiting, self._waiting = self._waiting, []
        for start in range(0, len(waiting), QUERIES_MAX):
            sending = asyncio.create_task(self._answer(waiting[start : start + QUERIES_MAX]))
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)

    async def _answer(self, asked: Sequence[_Asked]) -> None:
        queries = [each.query for each in asked]
        try:
            found = await ranked(self._calls, self._collection, queries)
        except Exception as error:
            for each in asked:
                if not each.answer.done():  # The search was cancelled.
                    each.answer.set_exception(error)
            return
        for each, answer in zip(asked, found, strict=True):
            if not each.answer.done():
                each.answer.set_result(answer)


def prefetched(
    query: NDArray[np.float32] | Sparse, filters: Filters, limit: int, score_min: float | None = None
) -> models.Prefetch:
    """Return the query for the points nearest to a dense or a lexical vector, of at least this score if it is given."""
    asked, by_words = conditions(filters), isinstance(query, Sparse)
    vector = (
        models.SparseVector(indices=query.indices, values=query.values) if isinstance(query, Sparse) else query.tolist()
    )
    return models.Prefetch(
        query=vector,
        using=LEXICAL if by_words else DENSE,
        filter=where.all_of(asked) if asked else None,
        limit=limit,
        params=models.SearchParams(exact=True) if asked and not by_words else None,
        score_threshold=score_min,
    )
