"""Readings of a query: which of its words are guessed filters, what is left of them, and how an answer says so."""

from __future__ import annotations

from functools import lru_cache
from itertools import chain, combinations
from typing import TYPE_CHECKING, Literal

from schemas.queries import Filters
from schemas.understood import Relaxation, Understood, UnderstoodWords
from workers.understanding.guesses import CHEAP, Known, Understanding
from workers.understanding.read import may_name_seller, names_price, understand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.queries import SearchRequest
    from workers.understanding.guesses import Guess

QUERIES_KNOWN_MAX = 1_024
NOTHING_LEFT = "nothing that the query finds would be left"
PRICE_BOUNDS = ("min_price", "max_price")


def narrowings(reading: Understanding) -> Iterator[Understanding]:
    """Iterate over the reading with all of its guessed filters, then with fewer, of as many first without the last.

    The words of a dropped guess are left out all the same, because they were understood. No reading is without all
    filters of guesses.
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


def asked_by(request: SearchRequest, reading: Understanding) -> SearchRequest:
    """Return the request with the guessed filters, and the words that remain."""
    used = [guess for guess in reading.guesses if guess.takes_words]
    guessed = Filters.model_validate({name: value for guess in used for name, value in guess.filters.items()})
    return request.model_copy(update={**guessed.model_dump(exclude_none=True), "q": reading.text or None})


def is_cheap(reading: Understanding) -> bool:
    """Return whether the query asks for something cheap."""
    return any(guess.boost == CHEAP for guess in reading.guesses if guess.takes_words)


def steps_of(query: str, reading: Understanding) -> list[Relaxation]:
    """Return a step for each guess that was dropped because it left nothing, the last one first."""
    dropped = [each for each in reversed(reading.guesses) if each.dropped == NOTHING_LEFT]
    hows = (f"{query[each.start : each.end]!r} left nothing as a filter, so it was left out" for each in dropped)
    return [Relaxation(step="guesses", how=how) for how in hows]


@lru_cache(QUERIES_KNOWN_MAX)
def mentions(query: str) -> tuple[bool, bool, bool]:
    """Return whether the query has a guess at all, one at a price, and whether it may name a seller."""
    guesses = understand(query, Known()).guesses
    return bool(guesses), names_price(guesses), may_name_seller(query)


def overruled(request: SearchRequest, reading: Understanding) -> Understanding:
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


def dropped(query: str, reading: Understanding) -> tuple[Understanding, list[Relaxation]]:
    """Return the understanding of a query that runs as typed after all, and the step that this is, if it is one."""
    if reading.text == query:
        return reading, []
    guesses = [each if each.keeps_words else _without(each) for each in reading.guesses]
    words = ", ".join(repr(query[each.start : each.end]) for each in guesses if each.dropped is not None)
    how = f"{words} left nothing as a filter, so the query ran as typed"
    return Understanding(query, tuple(guesses)), [Relaxation(step="guesses", how=how)]


def _without(guess: Guess) -> Guess:
    return guess._replace(dropped=guess.dropped or NOTHING_LEFT)


def shown(query: str, reading: Understanding) -> Understood | None:
    """Return the reading as an answer shows it; None if no part of the query was understood."""
    guesses = [_shown_guess(query, each) for each in reading.guesses]
    return Understood(text=reading.text, guesses=guesses) if guesses else None


def _shown_guess(query: str, guess: Guess) -> UnderstoodWords:
    used: Literal["filter", "boost", "no"] = "filter" if guess.boost is None else "boost"
    used = used if guess.dropped is None else "no"
    return UnderstoodWords(
        words=query[guess.start : guess.end], filters=dict(guess.filters), used=used, why=guess.dropped
    )
