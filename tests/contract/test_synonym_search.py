"""Searches with synonyms and stems, over every backend: what is rarer than a typed word takes nothing from it."""

from __future__ import annotations

from contextlib import nullcontext
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import pytest

from schemas.queries import SearchRequest
from tests.support.index_backends import BACKENDS, MODEL, content, opened, planned
from tests.support.queries import LoadedModel, OneIndex, at_once
from workers.index.edge.open import open_edge
from workers.search.hits import Shop
from workers.search.retrieval.terms import QueryTerms
from workers.search.searcher import Searcher
from workers.vocabulary.vocabulary import Vocabulary
from workers.vocabulary.words import catalogue_entry
from workers.words.synonyms import Synonyms, read_synonyms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from schemas.points import Content
    from workers.index.interface import Index

SYNONYMS = read_synonyms("synonyms: [[phone, handset], [手機, 手提電話]]", "synonyms.yaml")
PHONES = [f"phone-{number:02}" for number in range(40)]
CATALOGUE = [
    *(content(product_id, "Acme phone with box") for product_id in PHONES),
    content("handset", "Acme handset with box"),
    content("telefon", {"de": "Acme Phone mit Box"}),
    *(content(f"mobile-{number}", "黑色 手機 一部") for number in range(9)),
    content("portable", "黑色 手提電話 一部"),
    *(content(f"lamp-{number}", "Acme lamp with box") for number in range(20)),
    content("lampe", "Rote Lampe aus Messing"),
    content("vase", "Rote Vase aus Glas"),
]


@cache
def edge() -> Index:
    """Open a shard for these tests alone: Qdrant counts the deleted points of other tests in how rare a term is."""
    return open_edge(Path(mkdtemp(prefix="freshline-synonyms-")), model=MODEL)


@pytest.fixture(params=BACKENDS)
async def index(request: pytest.FixtureRequest) -> AsyncIterator[Index]:
    async with nullcontext(edge()) if request.param == "edge" else opened(request.param) as opened_index:
        await opened_index.write([write for each in CATALOGUE if (write := planned(each, 1).write) is not None])
        yield opened_index


def vocabulary(*items: Content, language: str | None = None) -> Vocabulary:
    made = Vocabulary(language=language)
    for each in items:
        made.put(each["product_id"], 1, *catalogue_entry(each))
    return made


async def found(index: Index, q: str, rules: Synonyms, known: Vocabulary) -> list[str]:
    terms = QueryTerms(rules, known)
    loaded: Any = LoadedModel(at_once(lambda _: None), [])
    searcher = Searcher(OneIndex(index), loaded, Shop(None, ("en",)), terms=terms)
    results = await searcher.search(SearchRequest(q=q, limit=100), 1_000)
    return [hit.product_id for hit in results.hits]


@pytest.mark.parametrize("known", [vocabulary(*CATALOGUE), vocabulary()], ids=["known words", "no words yet"])
async def test_a_rare_synonym_or_stem_takes_no_result_from_a_frequent_word(index: Index, known: Vocabulary) -> None:
    without = await found(index, "phone", Synonyms(), known)
    assert sorted(without) == sorted([*PHONES, "telefon"])
    assert sorted(await found(index, "phone", SYNONYMS, known)) == sorted([*without, "handset"])


async def test_what_says_the_typed_word_goes_before_a_rare_synonym(index: Index) -> None:
    order = await found(index, "phone", SYNONYMS, vocabulary(*CATALOGUE))
    assert order[-1] == "handset"


async def test_a_frequent_synonym_of_a_rare_word_is_found_behind_it(index: Index) -> None:
    order = await found(index, "handset", SYNONYMS, vocabulary(*CATALOGUE))
    assert order[0] == "handset" and set(order[1:]) == {*PHONES, "telefon"}
    order = await found(index, "手提電話", SYNONYMS, vocabulary(*CATALOGUE))
    assert order[0] == "portable" and len(order) == 10


async def test_in_a_shop_of_one_language_titles_that_name_none_are_found_by_other_forms_of_their_words(
    index: Index,
) -> None:
    german, unknown = vocabulary(*CATALOGUE, language="de"), vocabulary(*CATALOGUE)
    assert await found(index, "Messing Lampen", Synonyms(), unknown) == ["lampe"]
    for query in ("rote lampen", "roten lampe"):
        assert (await found(index, query, Synonyms(), german))[0] == "lampe"
    assert "lampe" in await found(index, "Lampen", Synonyms(), german)
    assert await found(index, "Lampen", Synonyms(), unknown) == []
    assert await found(index, "vasen", Synonyms(), german) == ["vase"]


def test_a_stem_that_few_items_have_is_worth_no_more_than_its_word() -> None:
    weights = QueryTerms(Synonyms(), vocabulary(*CATALOGUE))("phone")
    assert 0 < weights["phon~de"] < 0.2 < weights["phon~fr"]
