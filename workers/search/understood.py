"""Searches by the meaning of a query: guessed filters narrow the search, and are dropped where it finds too little."""

from __future__ import annotations

from functools import lru_cache
from itertools import chain, combinations, islice
from typing import TYPE_CHECKING, Literal, NamedTuple

from schemas.errors import RefusedRequest
from schemas.queries import Filters
from schemas.texts import name_key
from schemas.understood import Relaxation, Understood, UnderstoodWords
from workers.search.spelling import FEW_HITS, Spelling
from workers.understanding.guesses import CHEAP, Known, Understanding
from workers.understanding.read import may_name_seller, names_price, understand
from workers.vocabulary.correction import corrected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from schemas.queries import SearchRequest
    from workers.index.interface import Index
    from workers.search.searcher import Results, Searcher, ServingIndex
    from workers.search.spelling import QueryRules
    from workers.understanding.guesses import Guess
    from workers.vocabulary.vocabulary import Vocabulary

QUERIES_KNOWN_MAX = 1_024
NOTHING_LEFT = "nothing that the query finds would be left"
PRICE_BOUNDS = ("min_price", "max_price")
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


class _Found(NamedTuple):
    results: Results
    relaxed: list[Relaxation]
    asked: SearchRequest
    typed: str | None


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
        reading = await self._understand(request, query) if request.understand else Understanding(query, ())
        corrections = await self._corrections(self._rules.without_stop(reading.text))
        did_you_mean = corrected(query, corrections) if corrections else None
        if not request.understand:
            return Answer(await self._searcher.search(request, now_ms), None, did_you_mean, [], request)
        narrowed = await self._narrowed(request, reading, corrections, now_ms)
        if narrowed is None:
            reading, steps = _dropped(query, reading)
            found = await self._spelled(request, corrections, now_ms)
        else:
            reading, steps, found = narrowed
        shown, cheap = _shown(query, reading), narrowed is not None and _is_cheap(reading)
        return Answer(found.results, shown, did_you_mean, steps + found.relaxed, found.asked, found.typed, cheap)

    async def _understand(self, request: SearchRequest, query: str) -> Understanding:
        """Return the meaning of the query. A title, brand or id is never taken apart."""
        guesses, prices, sellers = _mentions(query)
        if not guesses and not sellers:
            return understand(query, self._known())
        index = await self._collections.serving()
        known = self._known()._replace(
            currencies=await self._currencies(index, request) if prices else (),
            sellers={name_key(each): each for each in await index.sellers()} if sellers else {},
        )
        reading = understand(query, known)
        if any(each.takes_words for each in reading.guesses) and await index.has_name(query):
            return Understanding(query, ())
        return _overruled(request, reading)

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
        self, request: SearchRequest, reading: Understanding, corrections: Mapping[str, str], now_ms: int
    ) -> tuple[Understanding, list[Relaxation], _Found] | None:
        """Return the page of the narrowed search, with as many guesses as leave something, and what was dropped.

        None if there are no guesses, or if each of them leaves nothing.
        """
        if reading.text == request.q:
            return None
        for narrowed in islice(_narrowings(reading), NARROWED_MAX):
            try:
                found = await self._spelled(_asked(request, narrowed), corrections, now_ms, cheap=_is_cheap(narrowed))
            except RefusedRequest:  # The catalogue has got prices in one more currency since it was asked for them.
                if any(getattr(request, name) is not None for name in PRICE_BOUNDS):
                    raise
                return None
            if found.results.found:
                return narrowed, _left_out(request.q or "", narrowed), found
        return None

    async def _spelled(
        self, asked: SearchRequest, corrections: Mapping[str, str], now_ms: int, *, cheap: bool = False
    ) -> _Found:
        """Search for the query, and for its correction where words and vectors find next to nothing as typed."""
        typed = await self._search(asked, now_ms, cheap=cheap)
        if not corrections or asked.q is None or typed.results.found >= FEW_HITS:
            return typed
        better = corrected(asked.q, corrections)
        if not await self._spelling.finds(await self._collections.serving(), better, asked.filters):
            return typed
        meant = await self._search(asked.model_copy(update={"q": better}), now_ms, cheap=cheap)
        if meant.results.found < typed.results.found:
            return typed
        how = f"next to nothing was found for {asked.q!r}: these are the hits for {better!r}"
        return meant._replace(relaxed=[Relaxation(step="spelling", how=how)])

    async def _search(self, asked: SearchRequest, now_ms: int, *, cheap: bool) -> _Found:
        typed = asked.q
        if typed is not None:
            asked = asked.model_copy(update={"q": await self._without_stop(typed)})
        return _Found(await self._searcher.search(asked, now_ms, cheap=cheap, typed=typed), [], asked, typed)

    async def _without_stop(self, text: str) -> str:
        """Return the query without its stop phrases. A title, brand or id is never taken apart."""
        rest = self._rules.without_stop(text)
        if rest == text or await (await self._collections.serving()).has_name(text):
            return text
        return rest


def _narrowings(reading: Understanding) -> Iterator[Understanding]:
    """Iterate over the reading with all of its guessed filters, then with fewer, of as many first without the last.

    The words of a guess that is dropped are left out, as they were understood; none is without any filter of a guess.
    """
    narrowing = [number for number, each in enumerate(reading.guesses) if each.takes_words and each.filters]
    kept = chain.from_iterable(combinations(narrowing, count) for count in range(len(narrowing) - 1, 0, -1))
    yield reading
    for numbers in kept:
        guesses = (
            _without(each) if number in narrowing and number not in numbers else each
            for number, each in enumerate(reading.guesses)
        )
        yield Understanding(reading.text, tuple(guesses))


def _asked(request: SearchRequest, reading: Understanding) -> SearchRequest:
    """Return the request with the guessed filters, and the words that remain."""
    used = [guess for guess in reading.guesses if guess.takes_words]
    guessed = Filters.model_validate({name: value for guess in used for name, value in guess.filters.items()})
    return request.model_copy(update={**guessed.model_dump(exclude_none=True), "q": reading.text or None})


def _is_cheap(reading: Understanding) -> bool:
    return any(guess.boost == CHEAP for guess in reading.guesses if guess.takes_words)


def _left_out(query: str, reading: Understanding) -> list[Relaxation]:
    """Return a step for each guess that was dropped because it left nothing, the last one first."""
    dropped = [each for each in reversed(reading.guesses) if each.dropped == NOTHING_LEFT]
    hows = (f"{query[each.start : each.end]!r} left nothing as a filter, so it was left out" for each in dropped)
    return [Relaxation(step="guesses", how=how) for how in hows]


@lru_cache(QUERIES_KNOWN_MAX)
def _mentions(query: str) -> tuple[bool, bool, bool]:
    """Return whether the query has a guess at all, one at a price, and whether it may name a seller."""
    guesses = understand(query, Known()).guesses
    return bool(guesses), names_price(guesses), may_name_seller(query)


def _overruled(request: SearchRequest, reading: Understanding) -> Understanding:
    """Return the understanding without the filters that the request has itself; their words stay out of the text."""
    guesses = (
        each if each.keeps_words else each._replace(dropped=each.dropped or _said_by(request, each))
        for each in reading.guesses
    )
    return Understanding(reading.text, tuple(guesses))


def _said_by(request: SearchRequest, guess: Guess) -> str | None:
    """Return the sentence that the request has this filter or order itself; None if it has not."""
    if guess.boost == CHEAP:
        if request.compare is not None:
            return "the request says compare itself"
        return None if request.sort == "relevance" else "the request says sort itself"
    named = [*guess.filters, *(PRICE_BOUNDS if not guess.filters.keys().isdisjoint(PRICE_BOUNDS) else ())]
    given = next((name for name in named if name != "currency" and getattr(request, name) is not None), None)
    return None if given is None else f"the request says {given} itself"


def _dropped(query: str, reading: Understanding) -> tuple[Understanding, list[Relaxation]]:
    """Return the understanding of a query that runs as typed after all, and the step that this is, if it is one."""
    if reading.text == query:
        return reading, []
    guesses = [each if each.keeps_words else _without(each) for each in reading.guesses]
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
