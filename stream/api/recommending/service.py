"""Recommends items, and says how fresh each answer is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from typing_extensions import override

from schemas.errors import RefusedRequest, Unavailable
from schemas.recommendations import Recommendations, RecommendRequest, SimilarRequest
from stream.api.recommending.interface import RecommendApi
from workers.recommend.recommender import Recommender
from workers.recommend.taste import Given

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stream.api.context import ServingContext
    from workers.recommend.recommender import Recommended

log = structlog.get_logger(__name__)

BEHIND = "the index is behind the item log and may not have an item yet: ask again"


class RecommendService(RecommendApi):
    """Recommends from the collection that serves."""

    def __init__(self, context: ServingContext) -> None:
        self._context = context
        self._recommender = Recommender(context.collections, context.shop)

    @override
    async def similar(self, product_id: str, request: SimilarRequest) -> Recommendations | None:
        async def ask() -> Recommended | None:
            return await self._recommender.similar(product_id, request, self._context.clock.now_ms())

        found = await self._answered(ask)
        if found is None and not self._context.as_of.caught_up:
            raise Unavailable(BEHIND)
        return found

    @override
    async def recommend(self, request: RecommendRequest) -> Recommendations:
        given = Given(tuple(request.liked), tuple(request.viewed), tuple(request.disliked))

        async def ask() -> Recommended | None:
            return await self._recommender.recommend(given, request, self._context.clock.now_ms())

        try:
            found = await self._answered(ask)
        except RefusedRequest as refused:
            if refused.field in Given._fields and not self._context.as_of.caught_up:
                raise Unavailable(BEHIND) from refused
            raise
        assert found is not None
        return found

    async def _answered(self, ask: Callable[[], Awaitable[Recommended | None]]) -> Recommendations | None:
        began_s = self._context.clock.monotonic_s()
        # Before the index is asked: an event that becomes searchable meanwhile may or may not be in the answer.
        as_of = self._context.fresh_as_of()
        with self._context.gate.answering():
            found = await ask()
        if found is None:
            return None
        if found.left_out:
            self._context.metrics.left_out.inc(len(found.left_out))
            log.error("items cannot be shown: run freshline reconcile --repair", points=found.left_out)
        return Recommendations(
            hits=found.hits,
            by=found.by,
            without_vector=found.without_vector,
            took_ms=round(1000 * (self._context.clock.monotonic_s() - began_s), 2),
            fresh_as_of=as_of,
        )
