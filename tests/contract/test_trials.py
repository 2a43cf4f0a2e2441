"""Searches by weights, rules and vectors that are not in force, over every backend."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from schemas.errors import RefusedRequest
from stream.api.live_synonyms import LiveSynonyms
from stream.api.searchers import live_searcher, trial_searcher
from stream.api.trial_parameters import TrialParameters
from tests.support.index_backends import BACKENDS, MODEL, content, opened, put, vector
from tests.support.queries import LoadedModel, OneIndex, at_once
from workers.merchandising.rules import Rules
from workers.merchandising.weights import NO_WEIGHTS
from workers.search.hits import Shop
from workers.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from workers.index.interface import Index
    from workers.search.searcher import Results, Searcher

NOW_MS = 1_000


@pytest.fixture(params=BACKENDS)
async def index(request: pytest.FixtureRequest) -> AsyncIterator[Index]:
    async with opened(request.param) as opened_index:
        for number in range(6):
            cake = content(
                f"p{number}",
                "cake " + "and more " * number,
                availability=("in_stock", "out_of_stock")[number % 2],
                price=float(number),
                currency="EUR",
            )
            await put(opened_index, cake, 1, dense=vector(1, number / 10))
        yield opened_index


def stack(index: Index) -> Any:
    """Return the parts of a process that a searcher is made of."""
    return SimpleNamespace(
        collections=OneIndex(index),
        models=LoadedModel(at_once(lambda _: vector(1)), [MODEL]),
        shop=Shop("EUR", ("en",)),
        synonyms=LiveSynonyms(None),
        vocabulary=Vocabulary(),
        ranking=SimpleNamespace(in_force=lambda: NO_WEIGHTS),
        rules=SimpleNamespace(rules=Rules()),
    )


async def ask(searcher: Searcher, request: TrialParameters) -> Results:
    return await searcher.search(request, NOW_MS)


async def tried(index: Index, **asked: Any) -> Results:
    trial = TrialParameters(q="cake", limit=50, explain=True, **asked)
    return await ask(trial_searcher(stack(index), trial), trial)


def names(results: Results) -> list[str]:
    return [hit.product_id for hit in results.hits]


async def test_weights_of_a_trial_order_its_answer_and_no_other_one(index: Index) -> None:
    weights = {
        "weights": {"availability": {"strength": 50}},
        "alternatives": {"dear": {"weights": {"boost": {"strength": 0, "attribute": "margin"}}}},
    }
    in_force = await ask(live_searcher(stack(index)), TrialParameters(q="cake", limit=50))
    weighed = await tried(index, weights=weights)
    assert names(in_force) == ["p0", "p1", "p2", "p3", "p4", "p5"]
    assert names(weighed) == ["p0", "p2", "p4", "p1", "p3", "p5"]
    assert names(await tried(index, weights=weights, ranking="dear")) == names(in_force)
    assert names(await tried(index)) == names(in_force)
    with pytest.raises(RefusedRequest, match="ranking: there is no ranking cheap: use current, none, unruled, dear"):
        await tried(index, weights=weights, ranking="cheap")


async def test_rules_of_a_trial_hold_in_its_answer_alone(index: Index) -> None:
    pin = {"id": "r", "query": "cake", "pin": {"product_id": "p5", "position": 1}}
    pinned = await tried(index, rules=[pin])
    assert names(pinned) == ["p5", "p0", "p1", "p2", "p3", "p4"] and pinned.hits[0].pinned == "r"
    assert names(await tried(index, rules=[])) == ["p0", "p1", "p2", "p3", "p4", "p5"]
    again = {**pin, "pin": {"product_id": "p4", "position": 1}}
    assert names(await tried(index, rules=[pin, again]))[0] == "p4"
    with pytest.raises(RefusedRequest, match="rules: r: query: it has no word"):
        await tried(index, rules=[{**pin, "query": "!"}])


async def test_the_cosines_of_the_index_given_back_rank_as_its_vectors_do(index: Index) -> None:
    plain = await tried(index, understand=False)
    cosines = {hit.product_id: hit.explanation.by_vectors.score for hit in plain.hits if hit.explanation}
    given = await tried(index, understand=False, near={"cosines": cosines, "cosine_min": -1})
    assert names(given) == names(plain) and given.by == plain.by == "words and vectors"
    assert [hit.score for hit in given.hits] == pytest.approx([hit.score for hit in plain.hits], abs=1e-3)


async def test_other_cosines_find_other_items_and_none_that_is_hidden_or_unknown(index: Index) -> None:
    await put(index, content("lamp", "brass lamp"), 1, dense=vector(0, 0, 1))
    await put(index, content("gone", "tin lamp", status="delisted"), 1)
    cosines = {"p5": 0.9, "lamp": 0.95, "gone": 0.99, "never": 0.99, **{f"p{each}": 0.1 for each in range(5)}}
    found = await tried(index, understand=False, near={"cosines": cosines, "cosine_min": 0.3})
    assert {"lamp", "p5"} < set(names(found)) and not {"gone", "never"} & set(names(found))
    assert names(found)[0] == "p5"
    ranks = {hit.product_id: hit.explanation.by_vectors.rank for hit in found.hits if hit.explanation}
    assert (ranks["lamp"], ranks["p5"]) == (1, 2)


async def test_no_cosines_leave_the_order_to_words(index: Index) -> None:
    found = await tried(index, understand=False, near={"cosines": {}, "cosine_min": 0.3})
    assert names(found) == ["p0", "p1", "p2", "p3", "p4", "p5"]
