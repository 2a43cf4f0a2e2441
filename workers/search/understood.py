"""Searches by what a query means: guessed filters narrow the search, and where they leave nothing it runs as typed."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from schemas.errors import RefusedRequest
from schemas.texts import name_key
from schemas.understood import Understood, UnderstoodWords
from workers.search.cheap import cheaper_first
from workers.understanding.guesses import CHEAP, Known, Understanding
from workers.understanding.read import may_name_seller, names_price, understand

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.queries import SearchRequest
    from workers.index.interface import Index
    from workers.search.searcher import Results, Searcher, ServingIndex
    from workers.understanding.guesses import Guess

QUERIES_KNOWN_MAX = 1_024
NOTHING_LEFT = "nothing that the query finds would be left"
PRICE_BOUNDS = ("min_price", "max_price")


class Answer(NamedTuple):
    """The items that were found, and what was understood of the query."""

    results: Results
    understood: Understood | None
    """None if nothing was, or was not to be."""


class UnderstandingSearch:
    """Reads each query before it is searched for. A wrong guess costs no result: it is dropped where it leaves none."""

    def __init__(self, searcher: Searcher, collections: ServingIndex, shop_currency: str | None) -> None:
        self._searcher = searcher
        self._collections = collections
        self._shop_currency = shop_currency

    async def search(self, request: SearchRequest, now_ms: int) -> Answer:
        """Return one page. Raises as `Searcher.search` does, which a guessed filter alone never makes it do."""
        if request.q is None or not request.understand:
            return Answer(await self._searcher.search(request, now_ms), None)
        reading = await self._understand(request, request.q)
        if reading.text == request.q:
            return Answer(await self._searcher.search(request, now_ms), _shown(request.q, request.q, reading.guesses))
        narrowed = await self._narrowed(request, reading, now_ms)
        if narrowed is not None:
            return Answer(narrowed, _shown(request.q, reading.text, reading.guesses))
        dropped = [each._replace(dropped=each.dropped or NOTHING_LEFT) for each in reading.guesses]
        return Answer(await self._searcher.search(request, now_ms), _shown(request.q, request.q, dropped))

    async def _understand(self, request: SearchRequest, query: str) -> Understanding:
        """Return what the query means. A title, brand or id is never taken apart."""
        guesses, prices, sellers = _mentions(query)
        if not guesses and not sellers:
            return Understanding(query, ())
        index = await self._collections.serving()
        known = Known(
            await self._currencies(index, request) if prices else (),
            {name_key(each): each for each in await index.sellers()} if sellers else {},
        )
        reading = understand(query, known)
        if any(each.dropped is None for each in reading.guesses) and await index.has_name(query):
            return Understanding(query, ())
        return _overruled(request, reading)

    async def _currencies(self, index: Index, request: SearchRequest) -> tuple[str, ...]:
        one = request.currency or self._shop_currency
        return (one,) if one is not None else (*await index.currencies(),)

    async def _narrowed(self, request: SearchRequest, reading: Understanding, now_ms: int) -> Results | None:
        """Return the page of the narrowed search; None if the guesses leave nothing."""
        used = [guess for guess in reading.guesses if guess.dropped is None]
        filters = {name: value for guess in used for name, value in guess.filters.items()}
        asked = request.model_copy(update={**filters, "q": reading.text or None})
        try:
            if any(guess.boost == CHEAP for guess in used):
                found = await cheaper_first(self._searcher, asked, now_ms)
            else:
                found = await self._searcher.search(asked, now_ms)
            if found.hits or (request.offset and await self._finds(asked, now_ms)):
                return found
        except RefusedRequest:  # The catalogue has got prices in one more currency since it was asked for them.
            if any(getattr(request, name) is not None for name in PRICE_BOUNDS):
                raise
        return None

    async def _finds(self, asked: SearchRequest, now_ms: int) -> bool:
        """Return whether the first page has a hit: a page behind the last one must not fall back alone."""
        first = asked.model_copy(update={"offset": 0, "limit": 1})
        return bool((await self._searcher.search(first, now_ms)).hits)


@lru_cache(QUERIES_KNOWN_MAX)
def _mentions(query: str) -> tuple[bool, bool, bool]:
    """Return whether the query has a guess at all, one at a price, and whether it may name a seller."""
    guesses = understand(query, Known()).guesses
    return bool(guesses), names_price(guesses), may_name_seller(query)


def _overruled(request: SearchRequest, reading: Understanding) -> Understanding:
    """Return the understanding without the filters that the request has itself; their words stay out of the text."""
    guesses = [each._replace(dropped=each.dropped or _said_by(request, each)) for each in reading.guesses]
    return Understanding(reading.text, tuple(guesses))


def _said_by(request: SearchRequest, guess: Guess) -> str | None:
    """Return the sentence that the request has this filter itself; None if it has not."""
    named = [*guess.filters, *(PRICE_BOUNDS if not guess.filters.keys().isdisjoint(PRICE_BOUNDS) else ())]
    given = next((name for name in named if name != "currency" and getattr(request, name) is not None), None)
    return None if given is None else f"the request says {given} itself"


def _shown(query: str, text: str, guesses: Iterable[Guess]) -> Understood | None:
    shown = [_shown_guess(query, each) for each in guesses]
    return Understood(text=text, guesses=shown) if shown else None


def _shown_guess(query: str, guess: Guess) -> UnderstoodWords:
    used: Literal["filter", "boost", "no"] = "filter" if guess.boost is None else "boost"
    used = used if guess.dropped is None else "no"
    return UnderstoodWords(
        words=query[guess.start : guess.end], filters=dict(guess.filters), used=used, why=guess.dropped
    )
