"""Searches whose first hits are to differ, over every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from schemas.queries import SearchRequest
from schemas.rules import Rule, Target
from tests.support.index_backends import BACKENDS, MODEL, content, opened, put, vector
from tests.support.queries import LoadedModel, OneIndex, at_once
from workers.merchandising.rules import Rules
from workers.search.hits import Shop
from workers.search.searcher import Searcher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from workers.index.interface import Index

NOW_MS = 1_000


@pytest.fixture(params=BACKENDS)
async def index(request: pytest.FixtureRequest) -> AsyncIterator[Index]:
    async with opened(request.param) as opened_index:
        for number in range(4):  # Four that hardly differ, by falling relevance, and one that is another thing.
            await put(index := opened_index, content(f"a{number}", "cake"), 1, dense=vector(1, number / 100))
        await put(index, content("b", "cake of rice"), 1, dense=vector(0, 1))
        yield index


async def ids(index: Index, rules: Rules | None = None, **asked: Any) -> list[str]:
    loaded = LoadedModel(at_once(lambda _: vector(1)), [MODEL])
    searcher = Searcher(OneIndex(index), loaded, Shop(None, ("en",)), rules=rules)
    return [hit.product_id for hit in (await searcher.search(SearchRequest(**asked), NOW_MS)).hits]


@pytest.mark.parametrize("more", [{}, {"facets": "brand"}, {"group": True}])
async def test_what_differs_comes_earlier_and_pages_follow_one_another(index: Index, more: dict[str, Any]) -> None:
    plain = await ids(index, q="cake", **more)
    assert plain[-1] == "b"
    diverse = await ids(index, q="cake", diversity=0.5, **more)
    assert diverse[:2] == [plain[0], "b"] and sorted(diverse) == sorted(plain)
    pages = [await ids(index, q="cake", diversity=0.5, limit=2, offset=offset, **more) for offset in (0, 2, 4)]
    assert [each for page in pages for each in page] == diverse
    assert await ids(index, q="cake", diversity=0, **more) == plain


async def test_an_exact_match_stays_first_and_what_a_rule_buries_last(index: Index) -> None:
    assert (await ids(index, q="a3", diversity=0.9))[0] == "a3"
    rules = Rules()
    rules.put(Rule(id="r", bury=Target(product_id="b")))
    assert (await ids(index, rules, q="cake", diversity=0.5))[-1] == "b"


async def test_filters_alone_can_be_diverse(index: Index) -> None:
    await put(index, content("c", "pan", brand="Oak"), 1, dense=vector(1))
    await put(index, content("d", "pan", brand="Oak"), 1, dense=vector(1))
    await put(index, content("e", "pot", brand="Oak"), 1, dense=vector(0, 1))
    found = await ids(index, brand="oak", diversity=1)
    assert sorted(found) == ["c", "d", "e"] and "e" in found[:2]


@pytest.mark.parametrize("said", [{"sort": "newest"}, {"compare": "none"}])
def test_diversity_beside_another_order_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="diversity: an order"):
        SearchRequest.model_validate({"q": "cake", "diversity": 0.5, **said})
