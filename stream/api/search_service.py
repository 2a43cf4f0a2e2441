"""Answers searches, and says how fresh each answer is."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import structlog
from typing_extensions import override

from schemas.answers import IndexedItem, SearchAnswer
from schemas.errors import FreshlineError, RefusedRequest, Unavailable
from schemas.queries import SearchRequest
from schemas.suggestions import Suggestions, SuggestRequest
from stream.api.searchers import trial_searcher, understanding_search
from stream.api.services import SearchApi
from stream.kafka.partitions import Partition
from workers.search.highlight import highlighted
from workers.search.retrieval.terms import QueryTerms
from workers.search.suggest import suggest

log = structlog.get_logger(__name__)

LOOK_INTERVAL_S = 0.05
"""The least time between two looks at the items of a page, in a flood of other changes."""
ITEMS_A_SECOND = 1_000
"""The items that all waiting pages together look at again in a second at most, which takes 1% of the time on Edge."""
ITEMS_AWAITED_MAX = 500
"""The items that pages wait for at most. With more, a page asks for itself again before it would look again."""

if TYPE_CHECKING:
    from collections.abc import Collection

    from schemas.tokens import Token
    from stream.api.context import ServingContext
    from stream.api.trial_parameters import TrialParameters
    from workers.search.searcher import Searcher
    from workers.search.understood import UnderstandingSearch


class SearchService(SearchApi):
    """Searches the collection that serves; waits for events by the searchable watermark."""

    def __init__(self, context: ServingContext, searcher: Searcher) -> None:
        self._context = context
        self._clock = context.clock
        self._searcher = searcher
        self._terms = QueryTerms(context.synonyms, context.vocabulary)
        self._searches = understanding_search(context, searcher)
        self._items_awaited = 0

    @override
    async def search(self, request: SearchRequest, after: Token | None, wait_ms: int) -> SearchAnswer:
        fresh = after is None or await self._progress_beside_embedding(request, after, wait_ms)
        return await self._answer(self._searches, request, fresh=fresh)

    async def _progress_beside_embedding(self, request: SearchRequest, after: Token, wait_ms: int) -> bool:
        """Wait for an event, while the model embeds the query, which takes it 4 ms: each needs another process."""
        embedding = asyncio.create_task(self._embed_words(request))
        try:
            return await self.progress(after, wait_ms)
        finally:
            embedding.cancel()  # A pass that has begun goes on, and the search waits for it.

    async def _embed_words(self, request: SearchRequest) -> None:
        """Let the model remember the vector of the words; whatever fails here, the search meets and tells."""
        with contextlib.suppress(FreshlineError):
            await self._searches.embed_first_words(request)

    @override
    async def trial(self, request: TrialParameters) -> SearchAnswer:
        searches = understanding_search(self._context, trial_searcher(self._context, request))
        return await self._answer(searches, request, fresh=True)

    async def _answer(self, searches: UnderstandingSearch, request: SearchRequest, *, fresh: bool) -> SearchAnswer:
        began_s = self._clock.monotonic_s()
        # Before the search: an event that becomes searchable meanwhile may or may not be in the answer.
        as_of = self._context.fresh_as_of()
        with self._context.gate.answering():
            answer = await searches.search(request, self._clock.now_ms())
        results, took_seconds = answer.results, self._clock.monotonic_s() - began_s
        self._context.metrics.searches.labels(results.by).observe(took_seconds)
        if results.left_out:
            self._context.metrics.left_out.inc(len(results.left_out))
            log.error("hits cannot be shown: run freshline reconcile --repair", points=results.left_out)
        wanted = {**answer.meant, **self._terms(answer.asked.q)} if request.highlight and answer.asked.q else {}
        return SearchAnswer(
            query=request.q,
            hits=highlighted(results.hits, wanted) if request.highlight else results.hits,
            total=results.total,
            total_is_exact=results.total_is_exact,
            facets=results.facets,
            facets_are_exact=results.facets_are_exact,
            took_ms=round(took_seconds * 1000, 2),
            by=results.by,
            fresh_as_of=as_of,
            understood=answer.understood,
            did_you_mean=answer.did_you_mean,
            relaxed=answer.relaxed,
            fresh=fresh,
        )

    @override
    async def suggest(self, request: SuggestRequest) -> Suggestions:
        began_s = self._clock.monotonic_s()
        context = self._context
        with context.gate.answering():
            index = await context.collections.serving()
            queries, products = await suggest(index, context.vocabulary, request, context.shop.languages)
        took_ms = round(1000 * (self._clock.monotonic_s() - began_s), 2)
        return Suggestions(query=request.q, queries=queries, products=products, took_ms=took_ms)

    @override
    async def item(self, product_id: str) -> IndexedItem | None:
        found = await self._searcher.item(product_id, self._clock.now_ms())
        if found is None and not self._context.as_of.caught_up:
            raise Unavailable(f"{product_id} is not in the index yet, which is behind the item log: ask again")
        return found

    @override
    def in_this_log(self, after: Token) -> Token:
        log_id = self._context.identity.log_id
        if after.log not in (None, log_id):
            raise RefusedRequest(
                "after",
                f"{after} is of another log, this is {log_id}: its events may be gone; see log.may_be_missing of "
                "/status, and send the event again",
            )
        return after._replace(log=log_id)

    @override
    async def progress(self, after: Token, wait_ms: int) -> bool:
        after = self.in_this_log(after)
        partitions = self._context.settings.partitions
        if after.partition >= partitions:
            raise RefusedRequest("after", f"there is no partition {after.partition}: {after.topic} has {partitions}")
        try:
            async with asyncio.timeout(wait_ms / 1000):
                await self._context.watermark.reaches(Partition(after.topic, after.partition), after.offset)
        except TimeoutError:
            return False
        return True

    @override
    async def changes(self, product_ids: Collection[str], since_ms: int, wait_ms: int) -> bool:
        if self._items_awaited + len(product_ids) > ITEMS_AWAITED_MAX:
            return False
        self._items_awaited += len(product_ids)
        try:
            async with asyncio.timeout(wait_ms / 1000):
                await self._change(product_ids, since_ms)
        except TimeoutError:
            return False
        finally:
            self._items_awaited -= len(product_ids)
        return True

    async def _change(self, product_ids: Collection[str], since_ms: int) -> None:
        watermark = self._context.watermark
        seen = watermark.moves
        while not await self._have_changed(product_ids, since_ms):
            await asyncio.sleep(max(LOOK_INTERVAL_S, self._items_awaited / ITEMS_A_SECOND))
            await watermark.moves_beyond(seen)
            seen = watermark.moves

    async def _have_changed(self, product_ids: Collection[str], since_ms: int) -> bool:
        found = await (await self._context.collections.serving()).times(product_ids)
        times = (at_ms for of_item in found.values() for at_ms in of_item.values())
        return any(at_ms is not None and at_ms > since_ms for at_ms in times)

    @override
    def abandon_waits(self) -> None:
        self._context.watermark.abandon()
