"""A new text over a stored point: Qdrant Edge writes what differs alone, if nothing came between reading and writing.

These tests prove docs/invariants.md#1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from schemas.queries import Filters
from tests.support.index_backends import BACKENDS, MODEL, content, ids, opened, planned, point_ids, put, vector
from tests.support.queries import search_lexical
from workers.index.edge.index import EdgeIndex
from workers.index.edge.open import open_edge
from workers.index.writes import DenseVector, Reprice, Upsert

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from schemas.points import Content
    from workers.index.interface import Index
    from workers.index.stored import Stored

    Meanwhile = Callable[[Index, str, Stored], Awaitable[Any]]

NONE = Filters()
WHOLE, DIFFERENCE = "whole", "difference"
"""Two items with the same contents: one is written whole, the other as its backend likes."""


async def found(index: Index, words: str) -> list[str]:
    return point_ids(await search_lexical(index, words, NONE, 5))


async def nothing(*_: object) -> None:
    """Nothing comes between."""


async def embedded(index: Index, product_id: str, stored: Stored) -> None:
    await index.write_dense([DenseVector(product_id, stored.payload["fingerprint"] or "", vector(0, 0, 1))])


async def failed(index: Index, product_id: str, stored: Stored) -> None:
    await index.mark_embedding_failed(product_id, stored.payload["fingerprint"] or "", "NaN")


async def repriced(index: Index, product_id: str, stored: Stored) -> None:
    await index.write([Reprice(product_id, stored.payload["version"], {"price": 3.0, "price_changes_at_ms": None})])


async def read_again(index: Index, product_id: str, stored: Stored) -> None:
    await embedded(index, product_id, stored)
    await index.stored([product_id], vectors=True)


def before(product_id: str, **more: Any) -> Content:
    window = {"price": 2.0, "currency": "HKD", "price_changes_at_ms": 5_000}
    attributes = {"colour": "red", "material": "brass", "waterproof": 1}
    return content(
        product_id, "Zebra lamp", brand="Acme", gtin="4890008100309", attributes=attributes, **window, **more
    )


def after(product_id: str) -> Content:
    attributes = {"colour": "green", "waterproof": True}
    return content(product_id, "Giraffe lamp", brand="Acme", attributes=attributes, price=2.0, currency="HKD")


@pytest.mark.parametrize("dense", [None, vector(0, 1)], ids=["vector pending", "vector known"])
@pytest.mark.parametrize("status", ["visible", "delisted"])
@pytest.mark.parametrize(
    ("backend", "meanwhile"),
    [
        *((backend, nothing) for backend in BACKENDS),
        *(("edge", each) for each in (embedded, failed, repriced, read_again)),
    ],
)
async def test_a_new_text_leaves_the_point_that_writing_it_whole_leaves(
    backend: str, meanwhile: Meanwhile, status: str, dense: Any
) -> None:
    async with opened(backend) as index:
        for product_id in (WHOLE, DIFFERENCE):
            await put(index, before(product_id), 1, dense=vector(1))
            await put(index, before(product_id, description={"und": "of brass"}, status=status), 2)
            stored = (await index.stored([product_id], vectors=True))[product_id]
            made = planned(after(product_id), 3, dense=dense, stored=stored).write
            assert isinstance(made, Upsert) and made.planned_on is stored
            await meanwhile(index, product_id, stored)
            await index.write([made if product_id == DIFFERENCE else replace(made, planned_on=None)])
        written = await index.stored([WHOLE, DIFFERENCE], vectors=True)
        whole, difference = written[WHOLE], written[DIFFERENCE]
        assert repr({**difference.payload, "product_id": WHOLE}) == repr(whole.payload)
        assert (difference.dense is None) == (whole.dense is None)
        assert difference.dense is None or whole.dense is None or (difference.dense == whole.dense).all()
        for words, points in (("giraffe", ids(WHOLE, DIFFERENCE)), ("zebra", []), ("brass", [])):
            assert sorted(await found(index, words)) == sorted(points)
        for gone in (Filters(attribute=["material:brass"]), Filters(min_price=2.5)):
            assert await index.count(gone) == 0
        assert await index.count(Filters(attribute=["colour:green"], brand=["acme"])) == 2


async def test_a_text_that_was_written_by_half_before_a_crash_is_made_up_for_by_the_next_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of two texts was written whole and the second by half: its record comes again, with a later one."""
    index = open_edge(tmp_path, model=MODEL)
    for product_id in ("a", "b"):
        await put(index, before(product_id), 1, dense=vector(1))
    with pytest.raises(OSError, match="crash"), monkeypatch.context() as patched:
        patched.setattr(index._writes, "_shard", Failing(index._writes._shard, after=4, for_good=True))
        await index.write([await text_for("b", index), await text_for("a", index)])
    whole = (await index.stored(["b"]))["b"].payload
    assert whole["version"] == 2 and whole["fingerprint"] is not None and await index.positions() == {}
    assert await found(index, "zebra") == []
    await index.close()
    again = open_edge(tmp_path, model=MODEL)
    assert (await again.stored(["b"]))["b"].payload == whole
    await then_comes(again, "the old text")
    await again.close()


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "until the next write"])
@pytest.mark.parametrize("done", [0, 1, 2])
@pytest.mark.parametrize("then", ["the new text", "the old text"])
async def test_a_text_that_failed_by_half_is_made_up_for_by_the_next_record(
    done: int, then: str, for_good: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened("edge") as index:
        assert isinstance(index, EdgeIndex)
        await put(index, before("a"), 1, dense=vector(1))
        with pytest.raises(OSError, match="crash"), monkeypatch.context() as patched:
            patched.setattr(index._writes, "_shard", Failing(index._writes._shard, after=done, for_good=for_good))
            await index.write([await text_for("a", index)])
        await put(index, content("b", "Table"), 1)
        await then_comes(index, then)


class Failing:
    """A shard that fails after some operations, once or for good."""

    def __init__(self, shard: Any, *, after: int, for_good: bool) -> None:
        self._shard = shard
        self._left = after
        self._for_good = for_good

    def update(self, operation: Any) -> None:
        self._left -= 1
        if self._left == -1 or (self._left < 0 and self._for_good):
            raise OSError("crash")
        self._shard.update(operation)

    def retrieve(self, *asked: Any) -> Any:
        return self._shard.retrieve(*asked)


async def text_for(product_id: str, index: Index) -> Upsert:
    stored = (await index.stored([product_id], vectors=True))[product_id]
    made = planned(after(product_id), 2, stored=stored).write
    assert isinstance(made, Upsert)
    return made


async def then_comes(index: Index, then: str) -> None:
    """Write the next record, and see that search finds its text alone."""
    assert (await index.heads(["a"]))["a"]["version"] == 1
    old = then == "the old text"
    await put(index, before("a") if old else after("a"), 3, dense=vector(1))
    assert (await index.heads(["a"]))["a"]["version"] == 3
    zebras, giraffes = [point_ids(await search_lexical(index, each, NONE, 5)) for each in ("zebra", "giraffe")]
    assert (ids("a")[0] in zebras, ids("a")[0] in giraffes) == (old, not old)


async def test_a_difference_that_cannot_be_written_leaves_the_point_as_it_was() -> None:
    async with opened("edge") as index:
        await put(index, before("a"), 1, dense=vector(1))
        stored = (await index.stored(["a"], vectors=True))["a"]
        made = planned(after("a"), 2, stored=stored).write
        assert isinstance(made, Upsert)
        payload: Any = {**made.payload, "attributes": {"weight": 1 << 70}}
        with pytest.raises(TypeError, match="64-bit"):
            await index.write([replace(made, payload=payload)])
        assert (await index.stored(["a"]))["a"].payload == stored.payload
        assert await found(index, "zebra") == ids("a")


async def test_a_vector_that_an_upsert_would_take_away_goes() -> None:
    """The vector of an older text, whose pending embedding was not cleared yet, may be there."""
    async with opened("edge") as index:
        await put(index, before("a"), 1)
        await index.write_dense([DenseVector("a", (await index.heads(["a"]))["a"]["fingerprint"] or "", vector(1))])
        await index.write([Reprice("a", 1, {"vector_fingerprint": None})])
        stored = (await index.stored(["a"], vectors=True))["a"]
        made = planned(after("a"), 2, stored=stored).write
        assert isinstance(made, Upsert)
        assert stored.dense is not None and made.dense is None
        await index.write([made])
        assert (await index.stored(["a"], vectors=True))["a"].dense is None
