"""A search can begin with its slowest part, the vector of the query, before the rest is known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.support.queries import LoadedModel, OneIndex
from workers.embedder.interface import ModelId
from workers.search.hits import Shop
from workers.search.searcher import Searcher

if TYPE_CHECKING:
    from collections.abc import Collection

OF_THE_INDEX, ANOTHER = ModelId("m", "1", 4), ModelId("m", "2", 4)


def searching(loaded: Collection[ModelId], asked: list[str]) -> Searcher:
    """A searcher of an index whose vectors are of `OF_THE_INDEX`, which says which queries are embedded."""

    async def embed(text: str) -> None:
        asked.append(text)

    index = cast("Any", SimpleNamespace(model=OF_THE_INDEX))
    return Searcher(OneIndex(index), LoadedModel(embed, loaded), Shop(None, ()))


async def test_a_query_is_embedded_ahead_as_the_search_will_embed_it() -> None:
    asked: list[str] = []
    await searching([OF_THE_INDEX], asked).embed("  red \n shoes ")
    assert asked == ["red shoes"]


@pytest.mark.parametrize("loaded", [(), (ANOTHER,)])
async def test_no_query_is_embedded_ahead_by_another_model_than_that_of_the_index(loaded: Collection[ModelId]) -> None:
    asked: list[str] = []
    await searching(loaded, asked).embed("red shoes")
    assert asked == []
