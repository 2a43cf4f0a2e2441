"""Searches by the meaning of a query: guessed filters narrow the search, and are dropped where it finds too little."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from schemas.errors import RefusedRequest
from schemas.queries import Filters, SearchRequest
from schemas.texts import name_key
from schemas.understood import Relaxation
from workers.search.asking import NOTHING_ELSE
from workers.search.readings import (
    PRICE_BOUNDS,
    asked_by,
    dropped,
    is_cheap,
    mentions,
    narrowings,
    overruled,
    shown,
    steps_of,
)
from workers.search.spelling import FEW_HITS, Spelling
from workers.understanding.guesses import Known, Understanding
from workers.understanding.prices import NOT_SOLD_IN
from workers.understanding.read import understand
from workers.vocabulary.correction import corrected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.understood import Understood
    from workers.index.interface import Index
    from workers.search.searcher import Results, Searcher, ServingIndex
    from workers.search.spelling import QueryRules
    from workers.vocabulary.vocabulary import Vocabulary

NARROWED_MAX = 8
"""The most searches with guessed filters for one query: with all of them, then with fewer and fewer."""


class Answer(NamedTuple):
    """The items that were found, and how the query was read."""

    results: Results
    understood: Understood | None
    """The understanding of the query; None if no part was understood, or `understand` is false."""
    did_you_mean: str | None
    relaxed: list[Relaxation]
    asked: SearchRequest
    """The search that was answered: its words, None where filters alone were asked for, and all filters."""
    typed: str | None = None
    """The words with the stop phrases that were passed over, as rules see them."""
    cheap: bool = False
    """True if lower prices go first."""
    meant: Mapping[str, float] = NOTHING_ELSE
    """The terms that were searched for beside those of the words, as `Spelling.meant` gives them."""


class _Found(NamedTuple):
    results: Results
    relaxed: list[Relaxation]
    asked: SearchRequest
    typed: str | None
    meant: Mapping[str, float]


class _Query(NamedTuple):
    """The query of a request, and how it was read."""

    request: SearchRequest
    said: Understanding
    """All that the query says, whatever filters the request has itself."""
    corrections: Mapping[str, str]


class UnderstandingSearch:
    """Reads each query before it is searched for. A wrong guess costs no result: it is dropped where it leaves none."""

    def __init__(
        self,
        searcher: Searcher,
        collections: ServingIndex,
        shop_currency: str | None,
        vocabulary: Vocabulary,
        rules: QueryRules,
    ) -> None:
        self._searcher = searcher
        self._collections = collections
        self._shop_currency = shop_currency
        self._rules = rules
        self._vocabulary = vocabulary
        self._spelling = Spelling(vocabulary, rules)

    async def search(self, request: SearchRequest, now_ms: int) -> Answer:
        """Return one page. Raises as `Searcher.search` does, but never because of a guessed filter."""
        if request.q is None:
            return Answer(await self._searcher.search(request, now_ms), None, None, [], request)
        query = request.q
        said = await self._understand(request, query) if request.understand else Understanding(query, ())
        corrections = await self._corrections(self._rules.without_stop(said.text))
        did_you_mean = corrected(query, corrections) if corrections else None
        if not request.understand:
            return Answer(await self._searcher.search(request, now_ms), None, did_you_mean, [], request)
        reading, steps, found = await self._run(_Query(request, said, corrections), now_ms)
        understood, steps = shown(query, reading), steps + found.relaxed
        cheap = is_cheap(reading)
        return Answer(found.results, understood, did_you_mean, steps, found.asked, found.typed, cheap, found.meant)

    async def embed_first_words(self, request: SearchRequest) -> None:
        """Let the model remember the vector of the words that this search asks for first. Raises Unavailable."""
        words = await self._first_words(request)
        if words is not None:
            await self._searcher.embed(words)

    async def _first_words(self, request: SearchRequest) -> str | None:
        if request.q is None or not request.understand:
            return request.q
        reading = overruled(request, await self._understand(request, request.q))
        return await self._without_stop(reading.text) if reading.text else None

    async def _run(self, of: _Query, now_ms: int) -> tuple[Understanding, list[Relaxation], _Found]:
        """Return the page of the query with as many guesses as leave something, as typed where none does, and what was
        dropped."""
        reading = overruled(of.request, of.said)
        narrowed = await self._narrowed(of, reading, now_ms)
        if narrowed is not None:
            return narrowed
        return *dropped(of.request.q or "", reading), await self._spelled(of.request, of, now_ms)

    async def _understand(self, request: SearchRequest, query: str) -> Understanding:
        """Return the meaning of the query. A title, brand or id is never taken apart."""
        guesses, prices, sellers = mentions(query)
        if not guesses and not sellers:
            return understand(query, self._known())
        index = await self._collections.serving()
        known = self._known()._replace(
            currencies=await self._currencies(index, request) if prices else (),
            sellers={name_key(each): each for each in await index.sellers()} if sellers else {},
        )
        reading = understand(query, known)
        if request.currency is None and any(each.dropped == NOT_SOLD_IN for each in reading.guesses):
            reading = understand(query, known._replace(offered=tuple(await index.offered_currencies())))
        if any(each.takes_words for each in reading.guesses) and await index.has_name(query):
            return Understanding(query, ())
        return reading

    def _known(self) -> Known:
        return Known(brands=self._vocabulary.brands, attributes=self._vocabulary.attributes)

    async def _currencies(self, index: Index, request: SearchRequest) -> tuple[str, ...]:
        one = request.currency or self._shop_currency
        return (one,) if one is not None else (*await index.currencies(),)

    async def _corrections(self, text: str) -> dict[str, str]:
        if not self._spelling.unknown(text):
            return {}
        return await self._spelling.corrections(await self._collections.serving(), text)

    async def _narrowed(
        self, of: _Query, reading: Understanding, now_ms: int
    ) -> tuple[Understanding, list[Relaxation], _Found] | None:
        """Return the page of the narrowed search, with as many guesses as leave something, and what was dropped.

        None if there are no guesses, or if each of them leaves nothing.
        """
        request = of.request
        if reading.text == request.q:
            return None
        for narrowed in islice(narrowings(reading), NARROWED_MAX):
            try:
                asked = asked_by(request, narrowed)
                found = await self._spelled(asked, of, now_ms, cheap=is_cheap(narrowed))
            except RefusedRequest:  # The catalogue has got prices in one more currency since it was asked for them.
                if any(getattr(request, name) is not None for name in PRICE_BOUNDS):
                    raise
                return None
            if found.results.found:
                return narrowed, steps_of(request.q or "", narrowed), found
        return None

    async def _spelled(self, asked: SearchRequest, of: _Query, now_ms: int, *, cheap: bool = False) -> _Found:
        """Search for the query, and for its correction where words and vectors find next to nothing as typed.

        Where the other words of the query find more, the words that were probably meant are searched for beside the
        typed ones.
        """
        typed = await self._search(asked, now_ms, cheap=cheap)
        if not of.corrections or asked.q is None:
            return typed
        index = await self._collections.serving()
        if not await self._finds_little(of, typed.results.found, now_ms):
            terms = await self._spelling.meant(index, asked.q, of.corrections)
            beside = await self._search(asked, now_ms, cheap=cheap, meant=terms) if terms else typed
            if beside.results.found:
                return beside
        better = corrected(asked.q, of.corrections)
        if not await self._spelling.finds(index, better, asked.filters):
            return typed
        meant = await self._search(asked.model_copy(update={"q": better}), now_ms, cheap=cheap)
        if meant.results.found < typed.results.found:
            return typed
        how = f"next to nothing was found for {asked.q!r}: these are the hits for {better!r}"
        return meant._replace(relaxed=[Relaxation(step="spelling", how=how)])

    async def _finds_little(self, of: _Query, found: int, now_ms: int) -> bool:
        """Return whether a query that finds so many items finds next to nothing as typed.

        Filters of the request do not count, only those in the query itself. A shopper may have chosen a filter among
        the counts of this answer, and the typed words must not change their meaning because the filter leaves little.
        """
        request = of.request
        chosen = any(getattr(request, name) is not None for name in Filters.model_fields if name != "currency")
        if not chosen or (found >= FEW_HITS and overruled(request, of.said) == of.said):
            return found < FEW_HITS
        # The whole query runs again without the request's filters, because that decides which of its guesses are
        # dropped.
        unfiltered = SearchRequest(q=request.q, currency=request.currency, limit=1)
        _, _, whole = await self._run(of._replace(request=unfiltered), now_ms)
        return bool(whole.relaxed)

    async def _search(
        self, asked: SearchRequest, now_ms: int, *, cheap: bool, meant: Mapping[str, float] = NOTHING_ELSE
    ) -> _Found:
        typed = asked.q
        if typed is not None:
            asked = asked.model_copy(update={"q": await self._without_stop(typed)})
        results = await self._searcher.search(asked, now_ms, cheap=cheap, typed=typed, meant=meant)
        return _Found(results, [], asked, typed, meant)

    async def _without_stop(self, text: str) -> str:
        """Return the query without its stop phrases. A title, brand or id is never taken apart."""
        rest = self._rules.without_stop(text)
        if rest == text or await (await self._collections.serving()).has_name(text):
            return text
        return rest
