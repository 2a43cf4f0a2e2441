"""Explanations why a query finds an item or does not, over the embedded index with vectors that the tests choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from schemas.queries import SearchRequest
from tests.support.index_backends import MODEL, content, opened, put, vector
from tests.support.queries import LoadedModel, OneIndex, at_once
from workers.index.writes import Reprice
from workers.search.explain import explain
from workers.search.hits import Shop
from workers.search.searcher import Searcher
from workers.search.understood import UnderstandingSearch
from workers.vocabulary.vocabulary import Vocabulary
from workers.vocabulary.words import catalogue_brand, catalogue_words
from workers.words.synonyms import read_synonyms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from schemas.explanations import Explanation
    from workers.index.interface import Index
    from workers.search.understood import Answer

NOW_MS = 1_000
RULES = read_synonyms("{stop: [please find]}", "synonyms.yaml")


@pytest.fixture
async def index() -> AsyncIterator[Index]:
    async with opened("edge") as opened_index:
        yield opened_index


def searcher(index: Index, *values: float) -> Searcher:
    """Every query has this vector; without values no model is loaded."""
    loaded = LoadedModel(at_once(lambda _: vector(*values)), [MODEL] if values else [])
    return Searcher(OneIndex(index), loaded, Shop("HKD", ("en",)))


async def explained(
    index: Index, query: str, product_id: str, *, by: tuple[float, ...] = (1,), **filters: Any
) -> Explanation:
    asks, request = searcher(index, *by), SearchRequest(q=query, understand=False, **filters)
    return await explain(asks, index, query, await understanding(index, asks, request), product_id, NOW_MS)


async def understanding(index: Index, asks: Searcher, request: SearchRequest) -> Answer:
    vocabulary = Vocabulary()
    async for page in index.scan():
        for point in page:
            vocabulary.put(point["product_id"], point["version"], catalogue_words(point), catalogue_brand(point))
    return await UnderstandingSearch(asks, OneIndex(index), "HKD", vocabulary, RULES).search(request, NOW_MS)


async def explained_as_searched(index: Index, query: str, product_id: str, **filters: Any) -> Explanation:
    """Explain by a search that understands its query, and compare the place with that in the very search."""
    asks, request = searcher(index), SearchRequest(q=query, **filters)
    answer = await understanding(index, asks, request)
    found = await explain(asks, index, query, answer, product_id, NOW_MS)
    ids = [hit.product_id for hit in answer.results.hits]
    assert found.answered.rank == (ids.index(product_id) + 1 if product_id in ids else None)
    return found


async def test_an_item_is_found_where_its_rankings_say(index: Index) -> None:
    await put(index, content("cake", "walnut cake", brand="Garden"), 1, dense=vector(1))
    await put(index, content("other", "cake"), 2, dense=vector(0, 1))
    found = await explained(index, "walnut bread", "cake")
    assert (found.by_words.rank, found.by_vectors.rank, found.fused.rank) == (1, 1, 1)
    assert found.by_vectors.score == pytest.approx(1.0)
    assert {word.word: word.fields for word in found.words} == {"walnut": ["title"], "bread": []}
    assert found.why[0] == "It is number 1 of 1 that the query finds."
    assert "Its texts do not have: bread." in found.why


@pytest.mark.parametrize("query", ["cake", "walnut", "garden", "biscuit"])
async def test_the_fused_rank_is_the_place_in_the_search(index: Index, query: str) -> None:
    for number, title in enumerate(("walnut cake", "cake", "biscuit of the garden", "bread")):
        await put(index, content(title, title), number, dense=vector(1, number / 4))
    hits = (await searcher(index, 1).search(SearchRequest(q=query), 1)).hits
    ranks = [(await explained(index, query, hit.product_id)).fused.rank for hit in hits]
    assert hits and ranks == list(range(1, len(hits) + 1))


async def test_each_filter_is_checked_on_its_own_and_the_failing_one_is_named(index: Index) -> None:
    await put(index, content("cake", "cake", brand="Garden", price=12.5, currency="HKD", rating=4.0), 1)
    found = await explained(index, "cake", "cake", brand="garden", max_price=10, min_rating=3)
    assert {check.name: check.passes for check in found.filters} == {
        "brand": True, "max_price": False, "min_rating": True,
    }  # fmt: skip
    assert found.why == ["It fails max_price = 10.0: its value 12.5 is above it."]
    assert found.fused.rank is None


async def test_several_values_of_a_filter_are_named_as_words(index: Index) -> None:
    await put(index, content("cake", "cake", brand="Garden"), 1)
    found = await explained(index, "cake", "cake", brand=("Acme", "Bolt"))
    assert found.why == ["It fails brand = Acme or Bolt: it has Garden."]


async def test_an_item_that_search_may_not_show_says_why(index: Index) -> None:
    await put(index, content("gone", "cake", status="delisted"), 1)
    assert "delisted" in (await explained(index, "cake", "gone")).why[0]
    unknown = await explained(index, "cake", "never")
    assert not unknown.in_index and "no such item" in unknown.why[0]


async def test_a_canary_is_no_item_of_any_answer(index: Index) -> None:
    await put(index, content("freshline-canary-0-0", "cake", status="canary", price=1.0, currency="HKD"), 1)
    found = await searcher(index, 1).search(SearchRequest(q="freshline-canary-0-0"), NOW_MS)
    assert (found.hits, found.total, found.left_out) == ([], 0, [])
    unknown = await explained(index, "freshline-canary-0-0", "freshline-canary-0-0")
    assert (unknown.in_index, unknown.exact, unknown.answered.ranked) == (False, False, 0)
    assert await searcher(index).item("freshline-canary-0-0", NOW_MS) is None


async def test_an_id_in_the_query_is_an_exact_match_also_where_no_word_is_said(index: Index) -> None:
    await put(index, content("AB-1234", "cake"), 1, dense=vector(1))
    found = await explained(index, "ab1234", "AB-1234")
    assert found.exact and found.fused.rank == 1 and "puts it first" in found.why[0]


async def test_a_point_that_lacks_a_field_is_explained_all_the_same(index: Index) -> None:
    await put(index, content("cake", "cake", gtin="4890"), 1)
    await index.write([Reprice("cake", 1, {"gtin": None, "brand": None})])
    assert (await explained(index, "cake", "cake")).words[0].fields == ["title", "product_id"]


async def test_without_a_model_words_alone_count_and_the_answer_says_so(index: Index) -> None:
    await put(index, content("cake", "cake"), 1)
    found = await explained(index, "cake", "cake", by=())
    assert found.cosine_min is None and "words alone count" in found.why[-1]


async def test_an_item_that_hardly_says_the_query_is_told_how_much_it_lacks(index: Index) -> None:
    await put(index, content("cake", "chocolate cake"), 1)
    long = content("napkins", "paper napkins", description={"en": "for every household and its guests " * 30 + "cake"})
    await put(index, long, 1)
    found = await explained(index, "chocolate cake", "napkins", by=())
    assert found.fused.rank is None and found.by_words.rank == 2
    assert found.by_words.score is not None and found.by_words.score < found.words_min
    assert f"a result needs {found.words_min:.2f}" in found.why[1]


async def test_a_filter_that_the_search_reads_in_the_query_is_explained_as_one(index: Index) -> None:
    await put(index, content("dear", "brass lamp", price=60.0, currency="HKD"), 1)
    await put(index, content("cheap", "brass lamp", price=30.0, currency="HKD"), 2)
    found = await explained_as_searched(index, "please find brass lamp under 50", "dear")
    assert found.searched_for == "brass lamp" and found.understood is not None
    assert [(check.name, check.passes) for check in found.filters] == [("max_price", False)]
    assert found.why == [
        "It fails max_price = 50.0: its value 60.0 is above it. The search reads this filter in 'under 50'.",
        "The search looks for 'brass lamp'.",
    ]
    assert (await explained_as_searched(index, "brass lamp under 50", "cheap")).answered.rank == 1


async def test_a_correction_is_explained_by_the_words_that_are_searched_for(index: Index) -> None:
    await put(index, content("lamp", "brass lantern"), 1)
    found = await explained_as_searched(index, "brass lantren", "lamp")
    assert (found.answered.rank, found.searched_for) == (1, "brass lantern")
    assert {word.word: word.fields for word in found.words} == {"brass": ["title"], "lantern": ["title"]}
    assert any("lantren" in sentence for sentence in found.why)


async def test_a_query_that_is_all_filters_is_explained_without_words(index: Index) -> None:
    for version, price in enumerate((10.0, 20.0, 60.0), start=1):
        await put(index, content(f"p{version}", "lamp", price=price, currency="HKD"), version)
    found = await explained_as_searched(index, "under 50", "p2")
    assert (found.searched_for, found.words, found.fused.rank) == (None, [], None)
    assert found.answered.rank is not None and found.why[-1].startswith("All of the query is read as filters")
    assert "above it" in (await explained_as_searched(index, "under 50", "p3")).why[0]


async def test_lower_prices_that_go_first_are_in_the_explained_place(index: Index) -> None:
    for version, price in enumerate((90.0, 80.0, 10.0), start=1):
        await put(
            index, content(f"p{version}", "lamp" if version < 3 else "lamp shade", price=price, currency="HKD"), version
        )
    for product_id, share in (("p1", 1 / 3), ("p3", 1.0)):
        found = await explained_as_searched(index, "cheap lamp", product_id)
        assert found.understood is not None and found.factors["cheap"].share == pytest.approx(share)
        assert found.weight == found.factors["cheap"].factor


async def test_a_hit_of_a_query_for_something_cheap_names_that_factor(index: Index) -> None:
    for version, price in enumerate((90.0, 10.0), start=1):
        await put(index, content(f"p{version}", "lamp", price=price, currency="HKD"), version)
    for more in ({}, {"facets": "brand"}):
        request = SearchRequest(q="cheap lamp", explain=True, **more)
        first, second = (await understanding(index, searcher(index), request)).results.hits
        assert [hit.product_id for hit in (first, second)] == ["p2", "p1"]
        for hit in (first, second):
            assert hit.explanation is not None and list(hit.explanation.factors) == ["cheap"]
            assert hit.score == pytest.approx((hit.explanation.fused.score or 0) * hit.explanation.weight, abs=1e-3)
