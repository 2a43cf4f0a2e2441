"""Searches by the meaning of a query: guessed filters narrow the search, and are dropped where it finds too little."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from schemas.errors import RefusedRequest
from schemas.queries import Filters
from schemas.texts import name_key
from schemas.understood import Relaxation, Understood, UnderstoodWords
from workers.search.cheap import cheaper_first
from workers.search.spelling import FEW_HITS, Spelling
from workers.understanding.guesses import BRAND, CHEAP, Known, Understanding
from workers.understanding.read import may_name_seller, names_price, understand
from workers.vocabulary.correction import corrected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.queries import SearchRequest
    from workers.index.interface import Index
    from workers.search.searcher import Results, Searcher, ServingIndex
    from workers.search.spelling import QueryRules
    from workers.understanding.guesses import Guess
    from workers.vocabulary.vocabulary import Vocabulary

QUERIES_KNOWN_MAX = 1_024
NOTHING_LEFT = "nothing that the query finds would be left"
PRICE_BOUNDS = ("min_price", "max_price")


class Answer(NamedTuple):
    """The items that were found, and how the query was read."""

    results: Results
    understood: Understood | None
    """The understanding of the query; None if no part was understood, or `understand` is false."""
    did_you_mean: str | None
    relaxed: list[Relaxation]
    text: str | None
    """The words that were searched for; None where filters alone were."""


class _Found(NamedTuple):
    results: Results
    relaxed: list[Relaxation]
    text: str | None


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
            return Answer(await self._searcher.search(request, now_ms), None, None, [], None)
        query = request.q
        reading = await self._understand(request, query) if request.understand else Understanding(query, ())
        corrections = await self._corrections(reading.text)
        did_you_mean = corrected(query, corrections) if corrections else None
        if not request.understand:
            return Answer(await self._searcher.search(request, now_ms), None, did_you_mean, [], query)
        found = await self._narrowed(request, reading, corrections, now_ms)
        if found is None:
            reading, steps = _dropped(query, reading)
            typed = await self._spelled(request, corrections, now_ms)
            found = typed._replace(relaxed=steps + typed.relaxed)
        return Answer(found.results, _shown(query, reading), did_you_mean, found.relaxed, found.text)

    async def _understand(self, request: SearchRequest, query: str) -> Understanding:
        """Return the meaning of the query. A title, brand or id is never taken apart."""
        guesses, prices, sellers = _mentions(query)
        if not guesses and not sellers:
            return understand(query, Known(brands=self._vocabulary.brands))
        index = await self._collections.serving()
        known = Known(
            await self._currencies(index, request) if prices else (),
            {name_key(each): each for each in await index.sellers()} if sellers else {},
            self._vocabulary.brands,
        )
        reading = understand(query, known)
        if any(each.takes_words for each in reading.guesses) and await index.has_name(query):
            return Understanding(query, ())
        return _overruled(request, reading)

    async def _currencies(self, index: Index, request: SearchRequest) -> tuple[str, ...]:
        one = request.currency or self._shop_currency
        return (one,) if one is not None else (*await index.currencies(),)

    async def _corrections(self, text: str) -> dict[str, str]:
        if not self._spelling.unknown(text):
            return {}
        return await self._spelling.corrections(await self._collections.serving(), text)

    async def _narrowed(
        self, request: SearchRequest, reading: Understanding, corrections: Mapping[str, str], now_ms: int
    ) -> _Found | None:
        """Return the page of the narrowed search; None if there are no guesses, or if they leave nothing."""
        if reading.text == request.q:
            return None
        used = [guess for guess in reading.guesses if guess.takes_words]
        guessed = Filters.model_validate({name: value for guess in used for name, value in guess.filters.items()})
        filters = guessed.model_dump(exclude_none=True)
        asked = request.model_copy(update={**filters, "q": reading.text or None})
        try:
            by_relevance = asked.sort == "relevance" and asked.compare is None
            cheap = by_relevance and any(guess.boost == CHEAP for guess in used)
            found = await self._spelled(asked, corrections, now_ms, cheap=cheap)
            if found.results.hits or (request.offset and await self._finds(asked, corrections, now_ms)):
                return found
        except RefusedRequest:  # The catalogue has got prices in one more currency since it was asked for them.
            if any(getattr(request, name) is not None for name in PRICE_BOUNDS):
                raise
        return None

    async def _spelled(
        self, asked: SearchRequest, corrections: Mapping[str, str], now_ms: int, *, cheap: bool = False
    ) -> _Found:
        """Search for the query, and for its correction where words and vectors find next to nothing as typed."""
        typed = await self._search(asked, now_ms, cheap=cheap)
        if not corrections or asked.q is None or typed.results.total >= FEW_HITS:
            return typed
        better = corrected(asked.q, corrections)
        if not await self._spelling.finds(await self._collections.serving(), better, asked.filters):
            return typed
        meant = await self._search(asked.model_copy(update={"q": better}), now_ms, cheap=cheap)
        if meant.results.total < typed.results.total:
            return typed
        how = f"next to nothing was found for {asked.q!r}: these are the hits for {better!r}"
        return meant._replace(relaxed=[Relaxation(step="spelling", how=how)])

    async def _search(self, asked: SearchRequest, now_ms: int, *, cheap: bool) -> _Found:
        if asked.q is not None:
            asked = asked.model_copy(update={"q": self._rules.without_stop(asked.q)})
        search = cheaper_first if cheap else _in_order
        return _Found(await search(self._searcher, asked, now_ms), [], asked.q)

    async def _finds(self, asked: SearchRequest, corrections: Mapping[str, str], now_ms: int) -> bool:
        """Return whether the first page has a hit: a page behind the last one must not fall back alone."""
        first = asked.model_copy(update={"offset": 0, "limit": 1})
        return bool((await self._spelled(first, corrections, now_ms)).results.hits)


async def _in_order(searcher: Searcher, asked: SearchRequest, now_ms: int) -> Results:
    return await searcher.search(asked, now_ms)


@lru_cache(QUERIES_KNOWN_MAX)
def _mentions(query: str) -> tuple[bool, bool, bool]:
    """Return whether the query has a guess at all, one at a price, and whether it may name a seller."""
    guesses = understand(query, Known()).guesses
    return bool(guesses), names_price(guesses), may_name_seller(query)


def _overruled(request: SearchRequest, reading: Understanding) -> Understanding:
    """Return the understanding without the filters that the request has itself; their words stay out of the text."""
    guesses = (
        each if each.boost == BRAND else each._replace(dropped=each.dropped or _said_by(request, each))
        for each in reading.guesses
    )
    return Understanding(reading.text, tuple(guesses))


def _said_by(request: SearchRequest, guess: Guess) -> str | None:
    """Return the sentence that the request has this filter or order itself; None if it has not."""
    if guess.boost == CHEAP:
        return None if request.sort == "relevance" else "the request says sort itself"
    named = [*guess.filters, *(PRICE_BOUNDS if not guess.filters.keys().isdisjoint(PRICE_BOUNDS) else ())]
    given = next((name for name in named if name != "currency" and getattr(request, name) is not None), None)
    return None if given is None else f"the request says {given} itself"


def _dropped(query: str, reading: Understanding) -> tuple[Understanding, list[Relaxation]]:
    """Return the understanding of a query that runs as typed after all, and the step that this is, if it is one."""
    if reading.text == query:
        return reading, []
    guesses = [each if each.boost == BRAND else _without(each) for each in reading.guesses]
    words = ", ".join(repr(query[each.start : each.end]) for each in guesses if each.dropped is not None)
    how = f"{words} left nothing as a filter, so the query ran as typed"
    return Understanding(query, tuple(guesses)), [Relaxation(step="guesses", how=how)]


def _without(guess: Guess) -> Guess:
    return guess._replace(dropped=guess.dropped or NOTHING_LEFT)


def _shown(query: str, reading: Understanding) -> Understood | None:
    shown = [_shown_guess(query, each) for each in reading.guesses]
    return Understood(text=reading.text, guesses=shown) if shown else None


def _shown_guess(query: str, guess: Guess) -> UnderstoodWords:
    used: Literal["filter", "boost", "no"] = "filter" if guess.boost is None else "boost"
    used = used if guess.dropped is None else "no"
    return UnderstoodWords(
        words=query[guess.start : guess.end], filters=dict(guess.filters), used=used, why=guess.dropped
    )
