"""Search over the embedded index, with vectors that the tests choose.

These tests prove docs/invariants.md#7.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from schemas.errors import Conflict, EmbeddingFailed, RefusedRequest, Unavailable
from schemas.queries import SearchRequest
from tests.support.index_backends import MODEL, content, ids, opened, put, vector
from tests.support.queries import LoadedModel, OneIndex, at_once
from tests.support.waiting import HANG_S
from workers.index.writes import Patch
from workers.search.hits import Shop
from workers.search.retrieval.retrievers import EXACT_SCORE
from workers.search.searcher import VECTOR_SECONDS_MAX, Searcher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.support.queries import Embed
    from workers.index.interface import Index

SHOP = Shop("HKD", ("en", "zh"))


def offer(seller: str, price: float, currency: str = "HKD", **more: Any) -> dict[str, Any]:
    no_sale = {"sale_price": None, "sale_starts_at_ms": None, "sale_ends_at_ms": None}
    return (
        {"seller": seller, "price": price, "currency": currency, "promotion": {}, "updated_at_ms": 1} | no_sale | more
    )


@pytest.fixture
async def index() -> AsyncIterator[Index]:
    async with opened("edge") as opened_index:
        yield opened_index


def searcher(index: Index, *values: float, model: Any = MODEL) -> Searcher:
    """Every query has this vector; without values no model is loaded."""
    loaded = LoadedModel(at_once(lambda _: vector(*values)), [model] if values else [])
    return Searcher(OneIndex(index), loaded, SHOP)


def searcher_with(index: Index, embed: Embed, vector_seconds_max: float = VECTOR_SECONDS_MAX) -> Searcher:
    """`embed` computes the vector of each query."""
    return Searcher(OneIndex(index), LoadedModel(embed), SHOP, vector_seconds_max=vector_seconds_max)


async def names(search: Searcher, now_ms: int = 1_000, **asked: Any) -> list[str]:
    return [hit.product_id for hit in (await search.search(SearchRequest(**asked), now_ms)).hits]


async def test_an_item_that_both_retrievers_find_comes_first(index: Index) -> None:
    await put(index, content("words", "walnut cake"), 1, dense=vector(0, 1))
    await put(index, content("vector", "biscuit"), 2, dense=vector(1))
    await put(index, content("both", "cake"), 3, dense=vector(1, 0.1))
    search = searcher(index, 1)
    assert (await names(search, q="cake"))[0] == "both"
    results = await search.search(SearchRequest(q="cake"), 1)
    assert (results.by, results.total, len(results.hits)) == ("words and vectors", 3, 3)
    assert [hit.score for hit in results.hits] == sorted((hit.score for hit in results.hits), reverse=True)


async def test_an_exact_product_id_or_gtin_comes_first(index: Index) -> None:
    await put(index, content("P1", "P2 P2 4890"), 1, dense=vector(1))
    await put(index, content("P2", "other", gtin="4890"), 2, dense=vector(0, 1))
    search = searcher(index, 1)
    for query in ("P2", " 4890 "):
        hits = (await search.search(SearchRequest(q=query), 1)).hits
        assert [hit.product_id for hit in hits] == ["P2", "P1"]
        assert hits[0].score == EXACT_SCORE > hits[1].score


async def test_lexical_results_serve_until_the_model_of_the_collection_is_loaded(index: Index) -> None:
    await put(index, content("a", "cake"), 1, dense=vector(1))
    await put(index, content("b", "biscuit"), 2, dense=vector(1))
    for not_ready in (searcher(index), searcher(index, 1, model=MODEL._replace(revision="other"))):
        results = await not_ready.search(SearchRequest(q="cake"), 1)
        assert (results.by, [hit.product_id for hit in results.hits]) == ("words", ["a"])


async def test_a_query_that_cannot_be_embedded_is_answered_by_lexical_results(index: Index) -> None:
    async def fail(_: str) -> Any:
        raise EmbeddingFailed("NaN")

    await put(index, content("a", "cake"), 1)
    search = searcher_with(index, fail)
    assert (await search.search(SearchRequest(q="cake"), 1)).by == "words"


async def test_a_query_whose_vector_does_not_come_in_time_is_answered_by_lexical_results(index: Index) -> None:
    async def never(_: str) -> Any:
        await asyncio.Event().wait()

    await put(index, content("a", "cake"), 1)
    search = searcher_with(index, never, vector_seconds_max=0.05)
    async with asyncio.timeout(HANG_S):
        assert (await search.search(SearchRequest(q="cake"), 1)).by == "words"


async def test_all_that_needs_no_vector_is_found_while_the_vector_is_computed(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {name: asyncio.Event() for name in ("search_terms", "find_exact", "best_by_terms")}
    for name, event in asked.items():
        monkeypatch.setattr(index, name, _setting(event, getattr(index, name)))

    async def embed(_: str) -> Any:
        assert not any(event.is_set() for event in asked.values())  # The vector takes longest, and is begun first.
        async with asyncio.timeout(HANG_S):
            await asyncio.gather(*(event.wait() for event in asked.values()))
        return vector(1)

    await put(index, content("a", "cake"), 1, dense=vector(1))
    results = await searcher_with(index, embed).search(SearchRequest(q="cake"), 1)
    assert (results.by, results.total) == ("words and vectors", 1)


def _setting(event: asyncio.Event, find: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def found(*arguments: Any) -> Any:
        event.set()
        return await find(*arguments)

    return found


async def test_an_index_that_is_away_ends_the_search_and_not_only_one_retriever(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> Any:
        raise Unavailable("the index is away")

    given_up = asyncio.Event()

    async def embed(_: str) -> Any:
        try:
            await asyncio.sleep(3_600)
        finally:
            given_up.set()

    monkeypatch.setattr(index, "best_by_terms", away)
    with pytest.raises(Unavailable):
        await searcher_with(index, embed).search(SearchRequest(q="cake"), 1)
    await asyncio.wait_for(given_up.wait(), HANG_S)


async def test_pages_of_a_search_show_each_item_once_and_end(index: Index) -> None:
    for number in range(25):
        await put(index, content(str(number + 100), "cake " * (number + 1)), number, dense=vector(1, number / 10))
    search = searcher(index, 1)
    pages = [await names(search, q="cake", limit=10, offset=offset) for offset in (0, 10, 20, 30, 10_000)]
    assert [len(page) for page in pages] == [10, 10, 5, 0, 0]
    assert len({name for page in pages for name in page}) == 25


LONG = "a household companion for everyone who likes " * 20


async def fill_with_cakes(index: Index) -> None:
    """Three chocolate cakes, and an item that has one word of theirs in a long text."""
    for number in range(3):
        cake = content(f"cake{number}", f"chocolate cake {number}", brand=f"B{number}")
        await put(index, cake, number, dense=vector(1, number / 10))
    napkins = content("napkins", "paper napkins", description={"en": LONG + "cake"}, brand="Paper")
    await put(index, napkins, 9, dense=vector(0, 1))


async def test_an_item_that_hardly_says_a_word_of_the_query_is_neither_shown_nor_counted(index: Index) -> None:
    await fill_with_cakes(index)
    results = await searcher(index, 1).search(SearchRequest(q="chocolate cake"), 1)
    assert {hit.product_id for hit in results.hits} == {"cake0", "cake1", "cake2"}
    assert (results.total, results.total_is_exact) == (3, True)
    assert await names(searcher(index), q="napkins") == ["napkins"]


async def test_a_filter_takes_away_and_makes_no_result_of_what_was_none(index: Index) -> None:
    await fill_with_cakes(index)
    search = searcher(index, 1)
    for brand, found in (("B1", ["cake1"]), ("Paper", [])):
        results = await search.search(SearchRequest(q="chocolate cake", brand=brand), 1)
        assert ([hit.product_id for hit in results.hits], results.total) == (found, len(found))


async def test_a_title_that_is_the_query_leaves_the_other_results(index: Index) -> None:
    await fill_with_cakes(index)
    await put(index, content("itself", "chocolate cake"), 10)
    results = await searcher(index).search(SearchRequest(q="chocolate cake"), 1)
    assert (results.hits[0].product_id, results.total) == ("itself", 4)


async def test_the_thing_goes_before_what_is_for_it_and_leaves_it_found(index: Index) -> None:
    """Also where all items say the word, so that it tells nothing beside the head noun of a few."""
    for number in range(20):
        await put(index, content(f"pad-{number}", f"mouse pad {number}"), number)
    await put(index, content("mouse", "optical mouse with a pad of felt"), 20)
    results = await searcher(index).search(SearchRequest(q="mouse", limit=100), 1)
    assert results.hits[0].product_id == "mouse" and results.total == 21
    assert (await names(searcher(index), q="mouse pad"))[0].startswith("pad-")


async def test_a_query_of_nonsense_finds_nothing(index: Index) -> None:
    await fill_with_cakes(index)
    unrelated = LoadedModel(at_once(lambda _: vector(0, 0, 1)))
    unrelated.cosine_min = 0.4
    for search in (searcher(index), Searcher(OneIndex(index), unrelated, SHOP)):
        results = await search.search(SearchRequest(q="xqzw vbnm"), 1)
        assert (results.hits, results.total, results.total_is_exact) == ([], 0, True)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?! ... 😀", []),
        ('"', []),
        ("d", ["vitamin"]),
        ("x", []),
        ("the", ["boys"]),
        ("with the", ["boys"]),
        ("for with", []),
        (" ".join(["lorem"] * 499 + ["boys"]), []),
        (" ".join(["boys", *["lorem"] * 499]), ["boys"]),
        ("ხაჭაპური", ["khachapuri"]),
        ("ქართული", []),
        ("กาแฟ", []),
    ],
)
async def test_an_odd_query_finds_what_it_says_or_nothing(index: Index, query: str, found: list[str]) -> None:
    """Symbols, one letter, stop words alone, a page of text, a script that the model cannot read."""
    await put(index, content("vitamin", "Vitamin D tablets"), 1, dense=vector(1))
    await put(index, content("boys", "The boys of summer"), 2, dense=vector(1))
    await put(index, content("khachapuri", "ხაჭაპური 400g"), 3, dense=vector(1))

    async def unreadable(_: str) -> Any:
        raise EmbeddingFailed("The model cannot read it.")

    unrelated = LoadedModel(at_once(lambda _: vector(0, 0, 1)))
    unrelated.cosine_min = 0.4
    for search in (searcher(index), searcher_with(index, unreadable), Searcher(OneIndex(index), unrelated, SHOP)):
        assert await names(search, q=query[:1_000]) == found


async def test_what_is_counted_is_on_the_pages_and_a_bound_is_told(index: Index) -> None:
    for number in range(30):
        await put(index, content(str(number), f"cake {number}"), number, dense=vector(1, number / 100))
    search = Searcher(OneIndex(index), LoadedModel(at_once(lambda _: vector(1)), []), SHOP, page_points=20)
    totals, pages = [], []
    for offset in range(0, 40, 10):
        results = await search.search(SearchRequest(q="cake", offset=offset), 1)
        pages += [hit.product_id for hit in results.hits]
        totals.append((results.total, results.total_is_exact))
    assert len(pages) == len(set(pages)) == 30
    assert totals == [(20, False), (20, False), (30, False), (30, True)]
    all_counted = await searcher(index, 1).search(SearchRequest(q="cake", offset=30), 1)
    assert (all_counted.hits, all_counted.total, all_counted.total_is_exact) == ([], 30, True)


async def test_browsing_filters_without_a_query(index: Index) -> None:
    await put(index, content("a", brand="Garden"), 1)
    await put(index, content("b", brand="Other"), 2)
    results = await searcher(index, 1).search(SearchRequest(brand="Garden"), 1)
    assert ([hit.product_id for hit in results.hits], results.total, results.by) == (["a"], 1, "filters")


@pytest.mark.parametrize("bound", [{"min_price": 1}, {"max_price": 100}])
async def test_a_bound_on_prices_of_several_currencies_names_one_of_them(index: Index, bound: dict[str, Any]) -> None:
    search = Searcher(OneIndex(index), LoadedModel(at_once(lambda _: vector(1))), Shop(None, ("en",)))
    await put(index, content("eur", "cake", price=50.0, currency="EUR"), 1, dense=vector(1))
    assert await names(search, q="cake", **bound) == ["eur"]
    await put(index, content("kwd", "cake", price=12.0, currency="KWD"), 2, dense=vector(1))
    with pytest.raises(RefusedRequest, match=r"prices in EUR, KWD, .* name a currency") as refused:
        await names(search, q="cake", **bound)
    assert refused.value.field in bound
    assert await names(search, q="cake", currency="EUR", **bound) == ["eur"]
    assert await names(search, currency="KWD", **bound) == ["kwd"]
    assert len(await names(search, q="cake")) == 2


async def test_a_currency_that_is_not_the_shops_finds_offers_in_it(index: Index) -> None:
    search, offers = searcher(index, 1), [offer("A", 50.0, "HKD"), offer("B", 6.0, "EUR")]
    await put(index, content("a", "cake", price=50.0, currency="HKD", offers=offers), 1, dense=vector(1))
    await put(index, content("b", "cake", price=1.0, currency="HKD"), 2, dense=vector(1))
    assert await names(search, q="cake", currency="HKD", min_price=10) == ["a"]
    assert await names(search, q="cake", currency="EUR", min_price=2) == ["a"]
    assert await names(search, q="cake", currency="USD") == []


async def test_a_hit_has_the_price_of_the_moment_of_the_answer(index: Index) -> None:
    sale = offer("A", 9.0, sale_price=5.0, sale_starts_at_ms=100, sale_ends_at_ms=200)
    await put(index, content("a", offers=[sale, offer("B", 8.0), offer("C", 1.0, "USD")], price=8.0), 1)
    search = searcher(index)
    for now_ms, price in ((99, 8.0), (100, 5.0), (199, 5.0), (200, 8.0)):
        [hit] = (await search.search(SearchRequest(q="cake"), now_ms)).hits
        assert (hit.price, hit.currency) == (price, "HKD")
    [hit] = (await search.search(SearchRequest(q="cake"), 150)).hits
    assert [(o.seller, o.price, o.regular_price) for o in hit.offers] == [("A", 5, 9), ("B", 8, 8), ("C", 1, 1)]
    assert hit.offers[0].sale_ends_at == "1970-01-01T00:00:00.200Z"


async def test_a_hit_says_since_when_its_facets_are_searchable(index: Index) -> None:
    times = {"product": 1, "price": 2, "reviews": None}
    await put(index, content("a", {"zh-Hant": "蛋糕", "und": "x"}, updated_at_ms=times), 1, now_ms=1_500)
    [hit] = (await searcher(index).search(SearchRequest(q="蛋糕"), 9)).hits
    assert hit.searchable_at.model_dump() == {
        "product": "1970-01-01T00:00:01.500Z",
        "price": "1970-01-01T00:00:01.500Z",
        "reviews": None,
    }
    assert (hit.title, hit.vector_is_current) == ("蛋糕", False)


@pytest.mark.parametrize("query", ["嘉頓 蛋糕", "蛋糕", "garden cake"])
async def test_chinese_and_english_find_the_same_real_products(index: Index, query: str) -> None:
    cake = {"en": "Marbo Cake - Walnut 78g", "zh-Hant": "孖寶蛋糕 - 合桃 78克", "zh-Hans": "孖寶蛋糕 - 合桃 78克"}
    milk = {"en": "Fresh Milk 946ml", "zh-Hant": "鮮牛奶 946毫升", "zh-Hans": "鲜牛奶 946毫升"}
    await put(
        index, content("P000003308", cake, brand="Garden", attributes={"brand_tc": "嘉頓"}), 1, dense=vector(0, 1)
    )
    await put(index, content("milk", milk, brand="Trappist Dairy"), 2, dense=vector(0, 1, 1))
    assert (await names(searcher(index, 1), q=query))[0] == "P000003308"


async def test_an_item_is_shown_by_its_id_whatever_its_status(index: Index) -> None:
    await put(index, content("a", status="parked", offers=[offer("A", 3.0)]), 7)
    shown = await searcher(index).item("a", 1)
    assert shown is not None and (shown.status, shown.version, shown.price) == ("parked", 7, 3.0)
    assert await searcher(index).item("never heard of", 1) is None


BROKEN: list[dict[str, Any]] = [
    {"offers": [{"seller": "shop"}], "sellers": ["shop"]},
    {"searchable_at_ms": None},
    {"title": {"und": ["cake"]}},
    {"review_count": "many"},
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda fields: next(iter(fields)))
async def test_an_item_that_cannot_be_shown_costs_the_others_nothing(index: Index, broken: dict[str, Any]) -> None:
    for product_id in ("good", "bad"):
        await put(index, content(product_id, "walnut cake"), 1, dense=vector(1))
    stored = (await index.stored(["bad"]))["bad"].payload
    assert await index.write([Patch("bad", stored["version"], 2, {**broken, "version": 2})]) == set()
    search = searcher(index, 1)
    results = await search.search(SearchRequest(q="cake"), 1)
    assert [hit.product_id for hit in results.hits] == ["good"]
    assert results.left_out == ids("bad")
    with pytest.raises(Conflict, match="cannot be shown: run freshline reconcile --repair"):
        await search.item("bad", 1)


@pytest.mark.parametrize("time_ms", [-1, 2**53, 1_800_000_000_000_000])
async def test_a_time_that_no_calendar_has_is_shown_as_none(index: Index, time_ms: int) -> None:
    times = {"product": time_ms, "price": time_ms, "reviews": None}
    sale = offer("shop", 9, sale_price=8, sale_ends_at_ms=2**53, updated_at_ms=time_ms)
    await put(index, content("late", "walnut cake", updated_at_ms=times, offers=[sale]), 1, dense=vector(1))
    results = await searcher(index, 1).search(SearchRequest(q="cake"), 1)
    assert [(hit.product_id, hit.offers[0].sale_ends_at) for hit in results.hits] == [("late", None)]
    item = await searcher(index, 1).item("late", 1)
    assert item is not None
    assert item.updated_at.product is None
