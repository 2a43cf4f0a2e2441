"""The duration of one client's searches while 500 events a second come in: plain ones, and ones with all there is."""

from __future__ import annotations

import itertools
import random
import time
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import numpy as np
import orjson

from tests.benchmarks import load
from tests.benchmarks.catalogue import Catalogue, asked_queries, catalogue
from tests.benchmarks.figures import Figure, Goal, repeated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from tests.benchmarks.running import Running

PER_SECOND = 500.0
SEARCHES_PER_SECOND = 20.0
WARM_SECONDS = 15.0
"""The time in which a stack that has just taken its catalogue tidies up: searches took twice as long meanwhile."""
SECONDS, REPEATS = 10.0, 3
P50_MS_GOAL, P95_MS_GOAL = 12.0, 25.0
SEED = 5
FILTERS: tuple[dict[str, object], ...] = (
    {},
    {},
    {"max_price": 300, "currency": "USD"},
    {},
    {"availability": "in_stock"},
    {"min_price": 20, "max_price": 900, "currency": "USD"},
    {},
    {"min_rating": 3},
)
"""Half of the searches filter."""
WITH_ALL: dict[str, object] = {
    "facets": "brand,category,availability,price",
    "currency": "USD",  # Prices of several currencies are not counted together.
    "highlight": "true",
}
"""The parameters of a search with all there is, whose query has a price and an order to understand besides."""
UNDERSTOOD = ("{} under 900 dollars", "cheap {}", "{} in stock", "{} over 20 dollars")
TITLE_WORDS = 3

Question = dict[str, object]


def measure(stack: Running, sender: Executor) -> tuple[list[Figure], dict[str, Any]]:
    """Return figures in ms over HTTP, each the median of three runs of ten seconds, of plain searches and with all.

    No query comes twice, so each is embedded. One connection of the standard library is kept, because the commands' own
    client takes 0.6 ms more for itself.
    """
    seconds = WARM_SECONDS + 2 * REPEATS * SECONDS
    asked = questions(catalogue(), round(seconds * SEARCHES_PER_SECOND))
    offered = sender.submit(load.offer, stack.kafka, PER_SECOND, seconds)
    with closing(HTTPConnection(stack.api.removeprefix("http://"))) as connection:
        search(connection, asked, WARM_SECONDS)
        runs = [search(connection, asked, SECONDS) for _ in range(REPEATS)]
        whole = [search(connection, with_all(asked), SECONDS) for _ in range(REPEATS)]
    sent = offered.result()
    figures = [
        *_percentiles("search", runs),
        *_percentiles("search with facets, highlights and an understood phrase", whole),
        Figure("events meanwhile", sent.events / sent.seconds, "/s"),
    ]
    return figures, {"searches": sum(map(len, runs)), "seconds_to_quiet": round(stack.until_quiet(vectors=False), 1)}


def _percentiles(name: str, runs: list[list[float]]) -> Iterator[Figure]:
    for percent, goal in ((50, Goal(P50_MS_GOAL)), (95, Goal(P95_MS_GOAL)), (99, None)):
        yield repeated(f"{name}, p{percent}", [float(np.percentile(run, percent)) for run in runs], "ms", goal)


def search(connection: HTTPConnection, questions: Iterator[Question], seconds: float) -> list[float]:
    """Return the milliseconds of each search, at twenty a second."""
    began, took = time.monotonic(), []
    for number in range(round(seconds * SEARCHES_PER_SECOND)):
        time.sleep(max(0.0, began + number / SEARCHES_PER_SECOND - time.monotonic()))
        question, asked = next(questions), time.perf_counter()
        _ask(connection, question)
        took.append(1000 * (time.perf_counter() - asked))
    return took


def _ask(connection: HTTPConnection, question: Question) -> None:
    """Search, and return once the answer is read. Raises RuntimeError if it was refused, or found by words alone."""
    connection.request("GET", f"/search?{urlencode(question)}")
    answer = connection.getresponse()
    body = orjson.loads(answer.read())
    if answer.status != HTTPStatus.OK or body["by"] != "words and vectors":
        raise RuntimeError(f"{question}: {answer.status}, {body}")


def questions(items: Catalogue, count: int) -> Iterator[Question]:
    """Yield so many different queries, each with the next of the filters."""
    return ({"q": query, **more} for query, more in zip(_queries(items, count), itertools.cycle(FILTERS), strict=False))


def with_all(asked: Iterator[Question]) -> Iterator[Question]:
    """Yield these questions with facets, highlights and a phrase to understand."""
    return (
        {**question, **WITH_ALL, "q": phrase.format(question["q"])}
        for question, phrase in zip(asked, itertools.cycle(UNDERSTOOD), strict=False)
    )


def _queries(items: Catalogue, count: int) -> list[str]:
    """Return different queries: real ones of this catalogue, and first words of its titles."""
    titles = [product["title"] for product in items.products.values()]
    texts = [title if isinstance(title, str) else next(iter(title.values())) for title in titles]
    drawn = random.Random(SEED)
    drawn.shuffle(texts)
    words = [" ".join(text.split()[:TITLE_WORDS]) for text in texts]
    queries = list(dict.fromkeys([*asked_queries().values(), *words]))[:count]
    drawn.shuffle(queries)
    return queries
