"""A new text over a stored point: Qdrant Edge writes what differs alone, if nothing came between reading and writing.

These tests prove docs/invariants.md#1.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from schemas.queries import Filters
from tests.support.index_backends import BACKENDS, content, ids, opened, planned, point_ids, put, vector
from workers.index.edge.index import EdgeIndex
from workers.index.writes import DenseVector, Reprice, Upsert

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from schemas.points import Content
    from workers.index.interface import Index
    from workers.index.stored import Stored

    Meanwhile = Callable[[Index, str, Stored], Awaitable[Any]]

NONE = Filters()
WHOLE, DIFFERENCE = "whole", "difference"
"""Two items with the same contents: one is written whole, the other as its backend likes."""


async def found(index: Index, words: str) -> list[str]:
    return point_ids(await index.search_lexical(words, NONE, 5))


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


@pytest.mark.parametrize("done", [1, 2])
@pytest.mark.parametrize("then", ["the new text", "the old text"])
async def test_a_difference_that_was_written_by_half_is_made_up_for_by_the_next_record(
    done: int, then: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The crash came between the operations: the record comes again, alone or with a later one."""
    async with opened("edge") as index:
        assert isinstance(index, EdgeIndex)
        await put(index, before("a"), 1, dense=vector(1))
        stored = (await index.stored(["a"], vectors=True))["a"]
        made = planned(after("a"), 2, stored=stored).write
        assert made is not None
        shard, operations = index._writes._shard, list[Any]()

        def update(operation: Any) -> None:
            if len(operations) == done:
                raise OSError("the disk is full")
            operations.append(operation)
            shard.update(operation)

        monkeypatch.setattr(index._writes, "_shard", SimpleNamespace(update=update))
        with pytest.raises(OSError, match="disk is full"):
            await index.write([made])
        monkeypatch.undo()
        assert (await index.heads(["a"]))["a"]["version"] == 1
        old = then == "the old text"
        await put(index, before("a") if old else after("a"), 3, dense=vector(1))
        assert (await index.heads(["a"]))["a"]["version"] == 3
        assert [await found(index, each) for each in ("zebra", "giraffe")] == (
            [ids("a"), []] if old else [[], ids("a")]
        )


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
