"""Searches that understand their query, over the embedded index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from schemas.errors import RefusedRequest
from schemas.queries import SearchRequest
from tests.support.index_backends import content, opened, put, vector
from tests.support.queries import LoadedModel, OneIndex, at_once
from tests.support.understood import NOW_MS, listed, understood
from workers.search.hits import Shop
from workers.search.readings import NOTHING_LEFT
from workers.search.searcher import Searcher
from workers.search.spelling import Spelling
from workers.search.understood import UnderstandingSearch
from workers.understanding.prices import CURRENCIES_DIFFER
from workers.vocabulary.vocabulary import Vocabulary
from workers.words.synonyms import read_synonyms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from workers.index.interface import Index
    from workers.search.understood import Answer

RULES = read_synonyms("{one_way: [{from: jotter, to: [notebook]}], stop: [please find]}", "synonyms.yaml")


@pytest.fixture
async def index() -> AsyncIterator[Index]:
    async with opened("edge") as opened_index:
        yield opened_index


async def search(index: Index, **asked: Any) -> Answer:
    return await understood(index, RULES, **asked)


async def found(index: Index, **asked: Any) -> list[str]:
    return [hit.product_id for hit in (await search(index, **asked)).results.hits]


@pytest.fixture
async def shop(index: Index) -> Index:
    await listed(index, "dear", "notebook", 900)
    await listed(index, "fair", "notebook", 400, rating=4.5)
    await listed(index, "cheap", "notebook paper", 20, availability="in_stock")
    await listed(index, "lamp", "brass lamp", 30)
    return index


async def test_a_price_in_the_words_of_a_query_narrows_the_search(shop: Index) -> None:
    answer = await search(shop, q="notebook under 500")
    assert [hit.product_id for hit in answer.results.hits] == ["fair", "cheap"]
    assert answer.understood is not None and answer.understood.text == "notebook"
    (guess,) = answer.understood.guesses
    assert (guess.words, guess.filters, guess.used, guess.why) == ("under 500", {"max_price": 500.0}, "filter", None)


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("under 25", ["cheap"]),
        ("notebook 400元以下", ["fair", "cheap"]),
        ("notebook 4 stars and up", ["fair"]),
        ("notebook in stock", ["cheap"]),
        ("lamp by wellcome", ["lamp"]),
    ],
)
async def test_each_kind_of_guess_is_a_filter(shop: Index, query: str, hits: list[str]) -> None:
    assert await found(shop, q=query) == hits


async def test_a_guess_that_leaves_nothing_is_dropped_and_the_query_runs_as_typed(shop: Index) -> None:
    answer = await search(shop, q="notebook under 5")
    assert {hit.product_id for hit in answer.results.hits} == {"dear", "fair", "cheap"}
    assert answer.understood is not None and answer.understood.text == "notebook under 5"
    assert [(guess.used, guess.why) for guess in answer.understood.guesses] == [("no", NOTHING_LEFT)]


async def test_a_page_behind_the_last_one_is_empty_and_not_the_page_of_the_query_as_typed(shop: Index) -> None:
    answer = await search(shop, q="notebook under 500", offset=2, limit=1)
    assert answer.results.hits == [] and answer.understood is not None
    assert [guess.used for guess in answer.understood.guesses] == ["filter"]


async def test_understanding_can_be_switched_off(shop: Index) -> None:
    answer = await search(shop, q="notebook under 500", understand=False)
    assert {hit.product_id for hit in answer.results.hits} == {"dear", "fair", "cheap"} and answer.understood is None


@pytest.mark.parametrize(
    ("given", "hits"), [({"max_price": 1_000}, {"dear", "fair", "cheap"}), ({"min_price": 600}, {"dear"})]
)
async def test_a_filter_of_the_request_wins_over_a_guessed_one(shop: Index, given: Any, hits: set[str]) -> None:
    answer = await search(shop, q="notebook under 500", **given)
    assert {hit.product_id for hit in answer.results.hits} == hits
    assert answer.understood is not None and answer.understood.text == "notebook"
    (guess,) = answer.understood.guesses
    assert (guess.used, guess.why) == ("no", f"the request says {next(iter(given))} itself")


async def test_a_title_is_never_taken_apart(shop: Index) -> None:
    await listed(shop, "puzzle", "Over 100 Puzzles", 20)
    await listed(shop, "other", "Puzzles", 200)
    answer = await search(shop, q="over 100 puzzles")
    assert answer.results.hits[0].product_id == "puzzle" and answer.understood is None


async def test_a_currency_that_only_offers_are_in_is_understood(shop: Index) -> None:
    window = dict.fromkeys(("sale_price", "sale_starts_at_ms", "sale_ends_at_ms"))
    offers: list[dict[str, Any]] = [
        {"seller": seller, "price": price, "currency": currency, "promotion": {}, "updated_at_ms": 1, **window}
        for seller, price, currency in (("WELLCOME", 800.0, "HKD"), ("Abroad", 99.0, "USD"))
    ]
    await listed(shop, "imported", "notebook", 800, offers=offers, sellers=["Abroad", "WELLCOME"])
    answer = await search(shop, q="notebook under 100 usd")
    assert [(hit.product_id, hit.price, hit.currency) for hit in answer.results.hits] == [("imported", 99.0, "USD")]
    assert answer.understood is not None and answer.understood.guesses[0].used == "filter"
    assert (await search(shop, q="notebook under 50 usd")).relaxed != []
    assert await found(shop, q="notebook under 100 gbp") != ["imported"]


async def test_of_several_currencies_a_guess_is_never_refused(shop: Index) -> None:
    await listed(shop, "foreign", "notebook", 100, "EUR")
    answer = await search(shop, q="notebook under 500")
    assert len(answer.results.hits) == 4
    assert answer.understood is not None and [guess.why for guess in answer.understood.guesses] == [CURRENCIES_DIFFER]
    assert await found(shop, q="notebook under 500 euros") == ["foreign"]
    assert await found(shop, q="notebook under 500", currency="EUR") == ["foreign"]
    assert await found(shop, q="notebook under HK$500") == ["fair", "cheap"]
    with pytest.raises(RefusedRequest):
        await search(shop, q="notebook 4 stars and up", max_price=5)


async def test_cheap_lets_lower_prices_go_first_and_leaves_nothing_out(shop: Index) -> None:
    await listed(shop, "fairest", "notebook", 100)
    assert await found(shop, q="notebook", limit=2) != ["fairest", "fair"]
    answer = await search(shop, q="cheap notebook")
    order = [hit.product_id for hit in answer.results.hits]
    assert order.index("fairest") < order.index("fair") < order.index("dear") and len(order) == 4
    assert answer.understood is not None and [guess.used for guess in answer.understood.guesses] == ["boost"]
    pages = [await found(shop, q="cheap notebook", offset=offset, limit=1) for offset in range(4)]
    assert [page[0] for page in pages] == order


async def test_an_order_of_the_request_wins_over_cheap(shop: Index) -> None:
    answer = await search(shop, q="cheap notebook", sort="price_desc")
    assert [hit.product_id for hit in answer.results.hits] == ["dear", "fair", "cheap"]
    assert answer.understood is not None and answer.understood.text == "notebook"
    assert [guess.why for guess in answer.understood.guesses] == ["the request says sort itself"]


async def test_a_facet_of_a_guess_counts_what_the_guess_leaves_out(shop: Index) -> None:
    answer = await search(shop, q="notebook in stock", facets="availability,seller")
    assert [hit.product_id for hit in answer.results.hits] == ["cheap"] and answer.results.total == 1
    assert sum(each.count for each in answer.results.facets["seller"]) == 1


async def test_a_word_that_the_catalogue_lacks_gets_a_suggestion_and_keeps_its_hits(shop: Index) -> None:
    for number in range(3):
        await listed(shop, f"desk-{number}", "desk", 50)
    answer = await search(shop, q="desk lamqp")
    assert answer.did_you_mean == "desk lamp" and answer.relaxed == []
    assert {hit.product_id for hit in answer.results.hits} == {"desk-0", "desk-1", "desk-2"}


async def test_a_mistyped_word_beside_a_frequent_one_lets_the_items_that_say_both_go_first(shop: Index) -> None:
    for number in range(9):
        await listed(shop, f"desk-{number}", "desk", 50, brand="Elm")
    await listed(shop, "both", "brass lamp for a desk", 50, brand="Oak")
    await listed(shop, "shade", "lamp shade", 50, brand="Ash")
    typed = {hit.product_id for hit in (await search(shop, q="desk lamqp", understand=False)).results.hits}
    answer = await search(shop, q="desk lamqp", limit=50, facets=["brand"])
    found = [hit.product_id for hit in answer.results.hits]
    assert found[0] == "both" and typed <= {*found}, "a wrong guess costs no result"
    assert answer.did_you_mean == "desk lamp" and answer.results.facets["brand"]
    for each in answer.results.facets["brand"]:
        narrowed = await search(shop, q="desk lamqp", **each.filters)
        assert (each.value, narrowed.results.total) == (each.value, each.count)


async def test_a_correction_counts_where_an_item_says_it_with_another_word_and_else_it_does_not(shop: Index) -> None:
    await listed(shop, "both", "brass lamp for a desk", 50)
    await listed(shop, "mount", "Netfix mount", 50)
    spelling = Spelling(Vocabulary(), RULES)
    asked = {
        "desk lamqp": {"lamqp": "lamp"},
        "dessk lamqp": {"dessk": "desk", "lamqp": "lamp"},
        "netflix desk": {"netflix": "netfix"},
        "lamqp for": {"lamqp": "lamp"},
        "lamqp": {"lamqp": "lamp"},
    }
    found = {text: await spelling.meant(shop, text, corrections) for text, corrections in asked.items()}
    assert {text: [*terms] for text, terms in found.items() if terms} == {
        "desk lamqp": ["lamp"],
        "dessk lamqp": ["lamp", "desk"],
    }


async def test_the_count_of_a_facet_is_the_total_that_it_leads_to_also_for_a_mistyped_query(shop: Index) -> None:
    for number, brand in enumerate(("Oak", "Elm", "Elm")):
        await listed(shop, f"desk-{number}", "desk", 50, brand=brand)
    await listed(shop, "shade", "lamp", 50, brand="Oak")
    counted = (await search(shop, q="desk lamqp", facets=["brand"])).results.facets["brand"]
    assert [(each.value, each.count) for each in counted] == [("Elm", 2), ("Oak", 1)]
    for each in counted:
        answer = await search(shop, q="desk lamqp", **each.filters)
        assert (answer.results.total, answer.relaxed) == (each.count, [])
    answer = await search(shop, q="desk lamqp", max_price=30)
    assert [hit.product_id for hit in answer.results.hits] == ["lamp"], "where nothing is left the words are corrected"
    assert [step.step for step in answer.relaxed] == ["spelling"]


@pytest.mark.parametrize(("said", "facet"), [("by wellcome", "seller"), ("under 45", "price")])
async def test_so_it_is_where_the_words_of_the_query_say_the_filter_as_well(shop: Index, said: str, facet: str) -> None:
    for number in range(4):
        await listed(shop, f"desk-{number}", "desk", 40 + 10 * number, sellers=["WELLCOME" if not number else "AEON"])
    whole = await search(shop, q=f"desk lamqp {said}", facets=[facet])
    assert [step.step for step in whole.relaxed] == ["spelling"]
    for each in whole.results.facets[facet]:
        assert (await search(shop, q=f"desk lamqp {said}", **each.filters)).results.total == each.count, each


async def test_so_it_is_where_a_filter_that_the_words_say_leaves_nothing_and_is_dropped(shop: Index) -> None:
    for number in range(5):
        await listed(shop, f"lamp-{number}", "lamp", 40 + 3 * number)
    for number in range(4):
        await listed(shop, f"desk-{number}", "desk", 40 + 5 * number)
    whole = await search(shop, q="desk lamqp under 5", facets=["price"])
    assert [step.step for step in whole.relaxed] == ["guesses"]
    assert [each.count for each in whole.results.facets["price"]] == [2, 2]
    for each in whole.results.facets["price"]:
        answer = await search(shop, q="desk lamqp under 5", **each.filters)
        assert (answer.results.total, answer.relaxed) == (each.count, []), each


async def test_a_query_that_finds_nothing_is_searched_for_as_corrected_and_says_so(shop: Index) -> None:
    answer = await search(shop, q="notebok under 500")
    assert [hit.product_id for hit in answer.results.hits] == ["fair", "cheap"]
    assert answer.did_you_mean == "notebook under 500"
    (step,) = answer.relaxed
    assert (step.step, "'notebok'" in step.how, "'notebook'" in step.how) == ("spelling", True, True)


async def test_each_step_of_a_relaxed_search_is_told_in_order(shop: Index) -> None:
    answer = await search(shop, q="notebok under 5")
    assert {hit.product_id for hit in answer.results.hits} == {"dear", "fair", "cheap"}
    assert [step.step for step in answer.relaxed] == ["guesses", "spelling"]
    assert "'under 5'" in answer.relaxed[0].how


async def test_as_typed_nothing_is_corrected_and_the_suggestion_stays(shop: Index) -> None:
    answer = await search(shop, q="notebok", understand=False)
    assert (answer.results.hits, answer.did_you_mean, answer.relaxed) == ([], "notebook", [])


async def test_a_word_of_a_description_alone_is_never_corrected(shop: Index) -> None:
    await listed(shop, "pen", "pen", 1, description={"en": "notebok"})
    answer = await search(shop, q="notebok")
    assert [hit.product_id for hit in answer.results.hits] == ["pen"] and answer.did_you_mean is None


async def test_a_product_id_of_letters_is_never_corrected(shop: Index) -> None:
    await listed(shop, "Notebok", "pen", 1)
    answer = await search(shop, q="notebok")
    assert [hit.product_id for hit in answer.results.hits] == ["Notebok"] and answer.did_you_mean is None


async def test_a_synonym_finds_what_it_stands_for_and_is_never_corrected(shop: Index) -> None:
    answer = await search(shop, q="jotter under 500")
    assert [hit.product_id for hit in answer.results.hits] == ["fair", "cheap"]
    assert answer.did_you_mean is None


async def test_a_stop_phrase_is_not_searched_for(shop: Index) -> None:
    await listed(shop, "find", "please find me", 5)
    assert "find" not in await found(shop, q="please find notebook")
    assert await found(shop, q="please find") == ["find"]


async def test_items_of_a_brand_that_the_query_names_go_first_and_none_is_left_out(shop: Index) -> None:
    await listed(shop, "case", "Acme Acme Acme lamp", 5)
    await listed(shop, "acme", "lamp of brass with a shade and a long cable", 5, brand="Acme")
    answer = await search(shop, q="acme lamp")
    assert next(hit.product_id for hit in answer.results.hits) == "acme"
    plain = Searcher(OneIndex(shop), LoadedModel(at_once(lambda _: None), []), Shop(None, ("en",)))
    without = [hit.product_id for hit in (await plain.search(SearchRequest(q="acme lamp"), NOW_MS)).hits]
    assert without[0] == "case" and {hit.product_id for hit in answer.results.hits} == set(without)
    assert answer.understood is not None and answer.understood.text == "acme lamp"
    assert [(each.words, each.used) for each in answer.understood.guesses] == [("acme", "boost")]
    assert (await search(shop, q="acme")).understood is None
    dropped = await search(shop, q="acme notebook under 1")
    assert dropped.understood is not None
    assert [each.used for each in dropped.understood.guesses] == ["boost", "no"]


async def test_what_vectors_find_for_a_word_that_the_catalogue_lacks_is_not_replaced(index: Index) -> None:
    for number in range(3):
        await put(index, content(f"stick-{number}", "streaming stick"), number + 1, dense=vector(1))
    await put(index, content("mount", "neoflex mount"), 9, dense=vector(0, 1))
    vocabulary = Vocabulary()
    vocabulary.put("mount", 9, {"neoflex": "neoflex"})
    loaded = LoadedModel(at_once(lambda _: vector(1)))
    searcher = Searcher(OneIndex(index), loaded, Shop(None, ("en",)))
    searches = UnderstandingSearch(searcher, OneIndex(index), None, vocabulary, RULES)
    answer = await searches.search(SearchRequest(q="netflix"), NOW_MS)
    assert {hit.product_id for hit in answer.results.hits} == {"stick-0", "stick-1", "stick-2"}
    assert (answer.did_you_mean, answer.relaxed) == ("neoflex", [])
