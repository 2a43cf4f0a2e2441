"""The differences that keep a new collection from serving."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

from schemas.item_facets import FACETS
from stream.rebuild.check import ITEMS_AT_ONCE, check
from stream.runtime.jobs import Step
from tests.support.index_backends import content
from tests.support.queries import LoadedModel, at_once
from workers.clock import SystemClock
from workers.document import document
from workers.embedder.fake import FakeEmbedder
from workers.index.edge.open import open_edge
from workers.index.writes import Upsert
from workers.point.payload import VectorState, payload
from workers.search.hits import Shop
from workers.words.item import Words, item_words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from schemas.points import Content, Payload
    from stream.rebuild.check import CheckReport
    from workers.embedder.interface import Vectors
    from workers.index.interface import Index

ITEMS = 40
EMBEDDER = FakeEmbedder()


class Pair(NamedTuple):
    old: Index
    new: Index

    async def report(self, models: Any = None) -> CheckReport:
        models = models or LoadedModel(at_once(EMBEDDER.embed_query))
        return await check(
            Step(SystemClock()), self.old, self.new, models, Shop(None, ()), SystemClock(), count_seconds_max=0.05
        )


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    """Two collections that are equal."""
    made = Pair(*(open_edge(tmp_path / name, model=EMBEDDER.model) for name in ("old", "new")))
    for index in made:
        await index.write([item(n) for n in range(ITEMS)])
    yield made
    for index in made:
        await index.close()


def item(number: int, *, words: str | None = None, vector: Vectors | None = None, **fields: Any) -> Upsert:
    """An item; `words` and `vector` are what it is found by, if not by its own text."""
    product, version = content(f"p{number}", **{"title": f"model{number}", **fields}), number + 1
    present = document(product, EMBEDDER.model)
    state = VectorState(present.fingerprint, present.fingerprint, None, None)
    whole = payload(product, version, state, dict.fromkeys(FACETS))
    own = EMBEDDER.embed_documents([present.text])[0]
    return Upsert(f"p{number}", version, whole, _terms(words, product), own if vector is None else vector)


def _terms(words: str | None, product: Content) -> Words:
    return item_words(product) if words is None else Words({words: 1}, 1)


async def replaced(index: Index, *items: Upsert) -> None:
    """Write items as a collection has them that was filled wrongly: with a payload that still says the old version."""
    for each in items:
        newer: Any = {**each.payload, "version": each.version + ITEMS}
        await index.write([replace(each, version=each.version + ITEMS, payload=newer)])


async def test_one_that_is_equal_may_serve(pair: Pair) -> None:
    found = await pair.report()
    assert found.wrong is None
    assert found.figures == {"items": ITEMS, "searches": ITEMS, "overlap": 1.0, "found_before": 1.0, "found_now": 1.0}


async def test_one_with_fewer_visible_items_may_not(pair: Pair) -> None:
    await replaced(pair.new, item(3, status="delisted"))
    assert f"it has {ITEMS - 1} visible items, the old one {ITEMS}" in str((await pair.report()).wrong)


async def test_one_with_a_fingerprint_of_another_text_may_not(pair: Pair) -> None:
    wrong = item(3)
    wrong.payload["fingerprint"] = "of another text"
    await replaced(pair.new, wrong)
    assert "1 items are not as they should be (p3)" in str((await pair.report()).wrong)


async def test_one_with_another_content_at_the_same_version_may_not(pair: Pair) -> None:
    for index, brand in zip(pair, ("one", "another"), strict=True):
        await replaced(index, item(3, brand=brand))
    assert "1 items are not as they should be (p3)" in str((await pair.report()).wrong)


async def test_one_that_does_not_find_items_by_their_own_titles_may_not(pair: Pair) -> None:
    lost = [item(n, words="nothing", vector=-EMBEDDER.embed_documents([f"model{n}"])[0]) for n in range(ITEMS)]
    await replaced(pair.new, *lost)
    assert "of items by their own title, the old one 100%" in str((await pair.report()).wrong)


async def test_titles_that_change_while_it_is_checked_are_searched_for_as_they_are_then(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = pair.new.scan

    async def scanned_then_changed() -> AsyncIterator[list[Payload]]:
        async for page in scan():
            yield page
        for index in pair:
            await replaced(index, *(item(n, title=f"changed{n}") for n in range(ITEMS)))

    monkeypatch.setattr(pair.new, "scan", scanned_then_changed)
    assert (await pair.report()).figures["found_now"] == 1.0


async def test_one_of_the_same_model_that_finds_other_things_besides_may_not(pair: Pair) -> None:
    vectors = np.random.default_rng(7).normal(size=(ITEMS, EMBEDDER.model.dimension)).astype(np.float32)
    await replaced(pair.new, *(item(n, vector=vector) for n, vector in enumerate(vectors)))
    found = await pair.report()
    assert found.figures["found_now"] == 1.0
    assert "of the first ten, at least 50% is wanted" in str(found.wrong)


async def test_some_items_are_searched_for_at_once_in_both_collections_and_no_more(pair: Pair) -> None:
    under_way, most = 0, 0

    async def embed(query: str) -> Vectors:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(20):  # The others have their turn, as while a model computes.
            await asyncio.sleep(0)
        under_way -= 1
        return EMBEDDER.embed_query(query)

    report = await pair.report(LoadedModel(embed))
    assert report.wrong is None and report.figures["searches"] == ITEMS
    assert most == 2 * ITEMS_AT_ONCE
