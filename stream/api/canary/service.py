"""Searches for a canary in the process that holds the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from schemas.errors import NotFound
from schemas.queries import SearchRequest
from stream.api.canary.interface import CanaryApi
from stream.api.canary.models import ShownCanary
from stream.api.canary.names import canary_id
from stream.api.searchers import understanding_search

if TYPE_CHECKING:
    from stream.api.context import ServingContext
    from workers.search.searcher import Searcher


class CanaryService(CanaryApi):
    """Searches as a shopper does, and then for the hidden item, which no answer to a shopper has."""

    def __init__(self, context: ServingContext, searcher: Searcher) -> None:
        self._context = context
        self._searches = understanding_search(context, searcher)

    @override
    async def shown(self, number: int) -> ShownCanary:
        context = self._context
        if number >= context.settings.partitions:
            raise NotFound(f"there is no partition {number}")
        product_id = canary_id(number, context.settings.partitions)
        with context.gate.answering():
            # No answer has a hidden item. That this search ends shows that nothing it needs is away or hangs.
            await self._searches.search(SearchRequest(q=product_id, understand=False, limit=1), context.clock.now_ms())
            found = await (await context.collections.serving()).find_canary(product_id)
        return ShownCanary(
            product_id=product_id, updated_at_ms=None if found is None else found["updated_at_ms"].get("price")
        )
