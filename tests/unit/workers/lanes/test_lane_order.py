"""The order of the lanes, over a real embedded index: what waits for what, and when each record is acked.

These tests prove docs/invariants.md#4 and docs/invariants.md#9.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.gates import WatchedGate
from tests.support.lanes_bench import NOW_MS, TEXTS_MAX, Bench, bench, last
from tests.support.waiting import HANG_S, until
from workers.embedder.fake import FakeEmbedder
from workers.index.edge.open import open_edge
from workers.lanes.lane_order import LaneBounds

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from schemas.points import Payload


async def test_a_step_waits_until_a_query_is_answered(tmp_path: Path) -> None:
    gate = WatchedGate()
    async with bench(tmp_path, gate=gate) as b:
        with gate.answering():
            await b.put("products", "p1", title="Zebra lamp")
            await until(lambda: gate.came > 0 or bool(b.acked), "the step comes to the gate")
            assert not b.acked
        await b.quiet()
        assert b.acked == ["p1"]


async def test_a_price_waits_for_none_of_many_new_texts(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.put("products", "known", title="Known item")
        await b.quiet()
        for n in range(300):
            await b.put("products", f"new{n}", title=f"New text number {n}")
        await b.put("prices", "known", price=7, currency="HKD")
        await until(lambda: b.acked.count("known") == 2, "the price is searchable")
        assert len(b.acked) < 150, "most of the texts still wait"
        await b.quiet()


@pytest.mark.parametrize("gone", [{"op": "delete"}, {"op": "patch", "availability": "out_of_stock"}])
async def test_what_is_sold_no_more_waits_for_none_of_many_prices(tmp_path: Path, gone: dict[str, Any]) -> None:
    async with bench(tmp_path) as b:
        for n in range(300):
            await b.put("products", f"p{n}", title=f"Item {n}")
        await b.quiet()
        for n in range(300):
            await b.put("prices", f"p{n}", price=n + 1, currency="HKD")
        await b.put("products", "p299", **gone)
        await b.quiet()
        assert last(b.acked, "p299") < 300 + 64, "most of the prices were written later"


async def test_a_price_waits_for_few_of_many_items_that_are_sold_no_more(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        for n in range(300):
            await b.put("products", f"p{n}", title=f"Item {n}")
        await b.quiet()
        for n in range(299):
            await b.put("products", f"p{n}", op="delete")
        await b.put("prices", "p299", price=5, currency="HKD")
        await b.quiet()
        assert last(b.acked, "p299") < 300 + 64, "most of the others were written later"
        # It came back while it waited to vanish, and is written once.
        await b.put("products", "p299", op="delete")
        await b.put("products", "p299", title="Item 299", updated_at=NOW_MS + 1)
        await b.quiet()
        assert (await b.payload("p299"))["status"] == "visible"


async def test_records_that_come_while_their_item_is_read_ack_those_before_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a server reading takes time; the older one then waits among more new texts than are written at once."""
    async with bench(tmp_path) as b:
        read = b.index.heads

        async def heads(product_ids: Collection[str]) -> dict[str, Payload]:
            if TEXTS_MAX < b.version < TEXTS_MAX + 3:
                await b.put("products", "last", title=f"Text {b.version}")
            return await read(product_ids)

        monkeypatch.setattr(b.index, "heads", heads)
        for n in range(TEXTS_MAX):
            await b.put("products", f"new{n}", title=f"New text number {n}")
        await b.put("products", "last", title="Its first text")
        await b.quiet()
        assert (await b.payload("last"))["title"] == {"und": f"Text {TEXTS_MAX + 2}"}


async def test_records_of_one_item_that_wait_together_are_written_once_and_all_acked(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        for price in range(1, 30):
            await b.put("prices", "p1", price=price, currency="HKD")
        await b.quiet()
        assert b.acked == ["p1"] * 29
        assert [offer["price"] for offer in (await b.payload("p1"))["offers"]] == [29]
        assert len(b.told.actions) < 5


async def test_a_full_lane_makes_the_input_wait(tmp_path: Path) -> None:
    index = open_edge(tmp_path, model=FakeEmbedder().model)
    b = Bench(index, bounds=LaneBounds(pending_items_max=3))
    for n in range(3):
        await b.put("prices", f"p{n}", price=5, currency="HKD")
    fourth = asyncio.create_task(b.put("prices", "p4", price=5, currency="HKD"))
    await asyncio.sleep(0)
    assert not fourth.done()
    running = asyncio.create_task(b.lanes.run())
    await asyncio.wait_for(fourth, HANG_S)
    await b.quiet()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await index.close()


async def test_an_item_that_changes_while_it_waits_in_both_lanes_is_acked_every_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path) as b:
        read, write = b.index.heads, b.index.write

        async def change_after_reading(*arguments: Any, **options: Any) -> Any:
            monkeypatch.undo()
            monkeypatch.setattr(b.index, "write", change_before_writing)
            stored = await read(*arguments, **options)
            await b.put("products", "p1", title="second")
            return stored

        async def change_before_writing(writes: Any) -> Any:
            monkeypatch.undo()
            await b.put("products", "p1", title="third")
            return await write(writes)

        monkeypatch.setattr(b.index, "heads", change_after_reading)
        await b.put("products", "p1", title="first")
        await b.put("prices", "parked", price=5, currency="HKD")
        await b.quiet()
        assert (await b.payload("p1"))["title"] == {"und": "third"}
        assert sorted(b.acked) == ["p1", "p1", "p1", "parked"]
