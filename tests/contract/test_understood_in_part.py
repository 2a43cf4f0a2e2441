"""Searches that are understood and relaxed beside rules, stop phrases and titles, over every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.index_backends import BACKENDS, opened
from tests.support.understood import listed, understood
from workers.words.synonyms import Synonyms, read_synonyms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from workers.index.interface import Index
    from workers.search.understood import Answer

LAMP = {"pin": {"product_id": "lamp", "position": 1}}


@pytest.fixture(params=BACKENDS)
async def index(request: pytest.FixtureRequest) -> AsyncIterator[Index]:
    async with opened(request.param) as opened_index:
        yield opened_index


def names(answer: Answer) -> list[str]:
    return [hit.product_id for hit in answer.results.hits]


def steps(answer: Answer) -> list[str]:
    return [step.how for step in answer.relaxed]


async def test_a_pin_does_not_count_as_found_so_a_guess_that_leaves_nothing_else_is_dropped(index: Index) -> None:
    await listed(index, "lamp", "brass lamp", 30)
    await listed(index, "notebook", "notebook", 400)
    for facets in ([], ["brand"]):
        answer = await understood(
            index, Synonyms(), [{"query": "notebook", **LAMP}], q="notebook under 50", facets=facets
        )
        assert "notebook" in names(answer) and [step.step for step in answer.relaxed] == ["guesses"]


async def test_pins_do_not_keep_a_mistyped_word_from_being_corrected(index: Index) -> None:
    for name in ("lamp", "vase", "pen"):
        await listed(index, name, f"brass {name}", 30)
    await listed(index, "book", "notebook", 400)
    pins = [{"pin": {"product_id": name, "position": 1}} for name in ("lamp", "vase", "pen")]
    answer = await understood(index, Synonyms(), pins, q="notebok")
    assert sorted(names(answer)) == ["book", "lamp", "pen", "vase"] and answer.results.found == 1
    assert [step.step for step in answer.relaxed] == ["spelling"]


async def test_of_several_guesses_the_fewest_are_dropped_that_leave_something_and_the_answer_says_which(
    index: Index,
) -> None:
    await listed(index, "cheap", "lamp", 30, availability="out_of_stock")
    await listed(index, "dear", "lamp", 90, availability="in_stock", rating=4.5)
    answer = await understood(index, Synonyms(), q="lamp under 50 in stock")
    assert names(answer) == ["cheap"]
    assert steps(answer) == ["'in stock' left nothing as a filter, so it was left out"]
    assert answer.understood is not None and answer.understood.text == "lamp"
    assert [each.used for each in answer.understood.guesses] == ["filter", "no"]
    answer = await understood(index, Synonyms(), q="lamp under 50 in stock 4 stars and up")
    assert names(answer) == ["dear"]
    assert steps(answer) == ["'under 50' left nothing as a filter, so it was left out"]
    answer = await understood(index, Synonyms(), q="lamp under 5 in stock 5 stars and up")
    assert names(answer) == ["dear"] and len(answer.relaxed) == 2
    answer = await understood(index, Synonyms(), q="lamp under 5 over 100")
    assert sorted(names(answer)) == ["cheap", "dear"]
    assert answer.understood is not None and answer.understood.text == "lamp under 5 over 100"


async def test_a_word_of_a_stop_phrase_or_of_a_synonym_is_never_corrected(index: Index) -> None:
    await listed(index, "lamp", "lamp", 30)
    await listed(index, "salt", "salt settle", 3)
    words = read_synonyms("{stop: [for sale], one_way: [{from: chesterfield settee, to: [lamp]}]}", "synonyms.yaml")
    for query in ("lamp for sale", "lamp sale", "chesterfield settee", "lamp settee"):
        assert (await understood(index, words, q=query)).did_you_mean is None
    answer = await understood(index, words, q="lamp for sale")
    assert names(answer) == ["lamp"]


async def test_a_stop_phrase_takes_no_title_apart(index: Index) -> None:
    await listed(index, "gift", "Best Buy card", 30)
    await listed(index, "card", "Best card", 30)
    words = read_synonyms("stop: [buy]", "synonyms.yaml")
    assert names(await understood(index, words, q="best buy card"))[0] == "gift"
    assert names(await understood(index, words, q="buy best card"))[0] == "card"


async def test_a_rule_holds_whether_its_query_has_the_stop_phrase_or_not(index: Index) -> None:
    await listed(index, "lamp", "lamp", 30)
    await listed(index, "pot", "vase", 30)
    words = read_synonyms("stop: [buy]", "synonyms.yaml")
    for phrase in ("buy vase", "vase"):
        answer = await understood(index, words, [{"query": phrase, **LAMP}], q="buy vase")
        assert names(answer) == ["lamp", "pot"]
    assert names(await understood(index, words, [{"query": "buy vase", **LAMP}], q="vase")) == ["pot"]


async def test_cheap_leaves_buried_items_behind_the_others(index: Index) -> None:
    for number in range(4):
        await listed(index, f"own-{number}", "notebook", 100 + number, brand="Own")
    await listed(index, "sample", "notebook", 1, brand="Sample")
    bury: dict[str, Any] = {"bury": {"brand": "Sample"}}
    order = ["own-0", "own-1", "own-2", "own-3", "sample"]
    assert names(await understood(index, Synonyms(), [bury], q="cheap notebook")) == order
    assert names(await understood(index, Synonyms(), q="cheap notebook")) == ["sample", *order[:-1]]
    counted = await understood(index, Synonyms(), [bury], q="cheap notebook", facets=["brand"])
    assert names(counted) == order


async def test_a_colour_or_a_size_in_a_query_lets_its_items_go_first_and_leaves_none_out(index: Index) -> None:
    for number, (color, size) in enumerate([("Blue", "42"), ("Red", "41"), ("Navy Blue", "XL")]):
        await listed(index, f"shirt-{number}", "plain shirt", 10, attributes={"Colour": color, "size": size})
    await listed(index, "lamp", "lamp", 10)
    for query, first, words, value in (
        ("red shirt", "shirt-1", "red", "Colour:Red"),
        ("shirt navy blue", "shirt-2", "navy blue", "Colour:Navy Blue"),
        ("shirt size 42", "shirt-0", "size 42", "size:42"),
        ("shirt xl", "shirt-2", "xl", "size:XL"),
    ):
        answer = await understood(index, Synonyms(), q=query)
        assert names(answer)[0] == first and answer.understood is not None and answer.understood.text == query
        (guess,) = answer.understood.guesses
        assert (guess.words, guess.filters, guess.used) == (words, {"attribute": value}, "boost")
        plain = await understood(index, Synonyms(), q=query, understand=False)
        assert sorted(names(answer)) == sorted(names(plain))
        filtered = await understood(index, Synonyms(), q="shirt", attribute=value)
        assert names(filtered) == [first]
    for query in ("red", "shirt 42"):
        assert (await understood(index, Synonyms(), q=query)).understood is None
