"""The number of requests that a search makes to a Qdrant server, counted at the tests' own front."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest

from schemas.queries import Filters, SearchRequest
from tests.support.clocks import ManualClock
from tests.support.index_backends import MODEL, content, front_url, open_on_server, put, put_new, vector
from tests.support.queries import LoadedModel, at_once
from tests.support.waiting import outcome_of
from workers.merchandising.rule_records import read_rule
from workers.merchandising.rules import Rules
from workers.merchandising.weights import NO_WEIGHTS, read_ranking
from workers.search.hits import Shop
from workers.search.retrieval.terms import QueryTerms
from workers.search.searcher import Searcher
from workers.search.understood import UnderstandingSearch
from workers.vocabulary.vocabulary import Vocabulary
from workers.vocabulary.words import catalogue_entry
from workers.words.synonyms import read_synonyms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from workers.index.server.collections import ServerCollections

ITEMS = 60
RULES = read_synonyms("{one_way: [{from: gateau, to: [cake]}]}", "synonyms.yaml")


class Counted:
    """Searches as the API makes them, over a server that counts its requests."""

    def __init__(self, collections: ServerCollections) -> None:
        self._collections = collections
        self._vocabulary = Vocabulary()
        model = LoadedModel(at_once(lambda text: vector(1, len(text) / 10)), [MODEL])
        terms = QueryTerms(RULES, self._vocabulary)
        self.ranking, self.rules = NO_WEIGHTS, Rules()
        searcher = Searcher(
            collections, model, Shop("HKD", ("en",)), terms=terms, ranking=lambda: self.ranking, rules=self.rules
        )
        self._searches = UnderstandingSearch(searcher, collections, "HKD", self._vocabulary, RULES)

    async def fill(self) -> None:
        index = await self._collections.serving()
        cakes = []
        for number in range(ITEMS):
            cake = content(
                f"WH-10{number:02}",
                f"Walnut cake {'with nuts ' * (number % 9)}number {number}",
                brand=("Garden", "Acme")[number % 2],
                category=["Food", "Cakes"],
                price=float(number),
                currency="HKD",
                rating=4.5,
            )
            cakes.append((cake, vector(1, number / 10)))
        await put_new(index, cakes)
        async for page in index.scan():
            for point in page:
                self._vocabulary.put(point["product_id"], 1, *catalogue_entry(point))

    async def requests(self, **asked: Any) -> int:
        """Return how many requests a search makes that finds something."""
        before = counted()
        answer = await self._searches.search(SearchRequest(**asked), 1_000)
        assert answer.results.hits
        return counted() - before


def counted() -> int:
    answer: dict[str, int] = httpx.get(f"{front_url()}/_faults", trust_env=False).json()
    return answer["requests"]


@pytest.fixture(params=["REST", "gRPC"])
async def searches(request: pytest.FixtureRequest) -> AsyncIterator[Counted]:
    # The writers of a process read the alias every half second, however slow this machine is.
    backend, alias = f"front, over {request.param}", f"trips-{uuid.uuid4().hex}"
    collections = await open_on_server(backend, alias, clock=ManualClock())
    made = Counted(collections)
    await made.fill()
    yield made
    await collections.close()


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"q": "walnut cake"}, id="words and vectors"),
        pytest.param({"q": "walnut cake", "limit": 20, "offset": 20}, id="a later page"),
        pytest.param({"q": "walnut cake", "brand": "Garden"}, id="a filter"),
        pytest.param({"q": "WH-1007 cake"}, id="a product_id among words"),
        pytest.param({"q": "walnut gateau"}, id="a synonym"),
    ],
)
async def test_a_search_is_one_request(searches: Counted, asked: dict[str, Any]) -> None:
    assert await searches.requests(**asked) == 1


@pytest.mark.parametrize(
    ("asked", "requests"),
    [
        pytest.param({"q": "walnut cake", "facets": ["brand", "rating"]}, 2, id="facets: the traits of what is found"),
        pytest.param({"q": "walnut cake", "max_price": 50}, 2, id="a price: which sale windows have turned"),
        pytest.param({"q": "walnut cake", "sort": "rating"}, 3, id="an order: the traits, then the page"),
        pytest.param({"q": "walnut cake", "sort": "price_asc"}, 4, id="prices, traits, the page"),
        pytest.param({"q": "cheap walnut cake"}, 3, id="cheap: is it a name, and the traits of what is found"),
        pytest.param({"q": "walnut cake 4 stars and up"}, 2, id="a guess: is the query the name of an item"),
        pytest.param({"q": "walnut cakes xylophne"}, 2, id="an unknown word: does a description have it"),
        pytest.param(
            {"brand": "Garden", "sort": "rating"},
            6,
            id="an order of the index: a page and the count at once, what is equal to its last, traits of both, items",
        ),
        pytest.param(
            {"brand": "Garden", "facets": ["brand"]}, 5, id="facets of filters: two counts, two times all, a page"
        ),
        pytest.param({"brand": "Garden"}, 3, id="browsing: a page and the count at once, then its items"),
    ],
)
async def test_what_the_next_question_depends_on_is_asked_first(
    searches: Counted, asked: dict[str, Any], requests: int
) -> None:
    assert await searches.requests(**asked) == requests


async def test_searches_at_the_same_moment_share_a_request(searches: Counted) -> None:
    await searches.requests(q="walnut cake")
    before = counted()
    await asyncio.gather(*(searches._searches.search(SearchRequest(q="walnut cake"), 1_000) for _ in range(3)))
    assert counted() - before == 1


async def test_weights_need_the_traits_of_what_is_found_once(searches: Counted) -> None:
    searches.ranking = read_ranking("weights: {rating: {strength: 1}, price_drop: {strength: 1}}", "ranking.yaml")
    assert await searches.requests(q="walnut cake") == 2
    assert await searches.requests(q="walnut cake", facets=["brand"]) == 2
    assert await searches.requests(q="walnut cake", ranking="none") == 1


@pytest.mark.parametrize(
    ("rule", "requests"),
    [
        pytest.param({"pin": {"product_id": "WH-1007", "position": 1}}, 1, id="a pin of what is found"),
        pytest.param({"pin": {"product_id": "lamp", "position": 1}}, 3, id="another: may it be shown, its payload"),
        pytest.param({"bury": {"product_id": "lamp"}}, 2, id="the traits that a rule compares"),
        pytest.param({"boost": {"items": {"brand": "Acme"}, "by": 9}}, 3, id="these, and what it lifts from far below"),
    ],
)
async def test_rules_ask_for_no_more_than_they_need(searches: Counted, rule: dict[str, Any], requests: int) -> None:
    index = await searches._collections.serving()
    await put(index, content("lamp", "brass lamp"), 1, dense=vector(0, 0, 1))
    searches.rules.put(read_rule(orjson.dumps({"id": "r", **rule})))
    assert await searches.requests(q="walnut cake") == requests


async def test_a_page_and_its_count_are_asked_for_at_once(searches: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    index, counts = await searches._collections.serving(), asyncio.Event()
    browse, count = index.browse, index.count

    async def browse_beside_a_count(*asked: Any) -> list[str]:
        await counts.wait()
        return await browse(*asked)

    async def counting(filters: Filters) -> int:
        counts.set()
        return await count(filters)

    monkeypatch.setattr(index, "browse", browse_beside_a_count)
    monkeypatch.setattr(index, "count", counting)
    assert await outcome_of(searches.requests(brand="Garden"), "both are asked for") == 3
