"""A deeper reading keeps what an earlier one found, and relevance ends by what was typed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from schemas.queries import Filters
from workers.index.interface import Found
from workers.search.retrieval.bounded_vector import BoundedVector
from workers.search.retrieval.fusion import HEAD_POINTS
from workers.search.retrieval.retrievers import Retrieval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.index.interface import Index


class Fickle:
    """An index that finds other points nearest when it is asked for more, as approximate candidates do."""

    is_remote = False

    def __init__(self, best: Mapping[str, float] | None = None) -> None:
        self._best = best or {}

    async def search_terms(self, _: object, __: object, limit: int, ___: float | None = None) -> list[Found]:
        return [Found(f"word-{number}", 9.0) for number in range(limit)]

    async def search_dense(self, _: object, __: object, limit: int, ___: float | None = None) -> list[Found]:
        missed = [] if limit <= HEAD_POINTS else [Found("missed", 1.0)]
        return [*missed, *(Found(f"near-{number}", 0.99) for number in range(limit))][:limit]

    async def find_exact(self, *_: object) -> list[str]:
        return []

    async def has_brand(self, _: str) -> bool:
        return False

    async def best_by_terms(self, terms: Mapping[str, float]) -> float:
        return max((self._best.get(term, 0.0) for term in terms), default=0.0)


async def retrieved(index: Fickle, points: int, terms: Mapping[str, float], query: str = "lamp") -> Any:
    async def vector() -> Any:
        return np.ones(4, np.float32)

    bounded = BoundedVector(asyncio.create_task(vector()), 5.0, -1.0)
    [found] = await Retrieval(cast("Index", index), query, terms, bounded).found([Filters()], points)
    return found


async def test_a_deeper_reading_begins_with_what_the_first_one_found() -> None:
    first, deeper = [await retrieved(Fickle(), points, {"lamp": 1.0}) for points in (HEAD_POINTS, HEAD_POINTS + 50)]
    assert len(first.near) == HEAD_POINTS and len(deeper.near) == HEAD_POINTS + 50
    assert deeper.near[:HEAD_POINTS] == first.near and deeper.near[HEAD_POINTS].point_id == "missed"
    assert deeper.ranked().head == first.ranked().head


async def test_relevance_ends_by_the_best_score_of_what_was_typed() -> None:
    best = {"phone": 2.0, "handset": 7.0, "phon~de": 5.0, "^phone": 6.0, "=phone": 99.0}
    found = await retrieved(Fickle(best), 10, dict.fromkeys(best, 1.0), "phone")
    assert (found.words_best, found.cutoff.words_min) == (7.0, 0.4 * 2.0)


async def test_where_no_item_says_what_was_typed_relevance_ends_by_the_best_score_of_all() -> None:
    found = await retrieved(Fickle({"handset": 7.0}), 10, {"phone": 1.0, "handset": 1.0}, "phone")
    assert found.cutoff.words_min == 0.4 * 7.0
