"""Sale windows that turn without an event, over a real embedded index."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from schemas.queries import Filters
from schemas.watches import WatchRecord
from tests.support.lanes_bench import NOW_MS, bench
from tests.support.waiting import until
from workers.lanes import item_planner
from workers.watches.watch import watch_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    import pytest

    from schemas.points import Payload
    from tests.support.lanes_bench import Bench
    from workers.lanes.pending_item import PendingItem
    from workers.watches.watch import Watch


def below(price: float) -> Watch:
    """Return a watch for items up to this price, with the id w."""
    record = WatchRecord(
        owner="me",
        q=None,
        product_id=None,
        filters=Filters(max_price=price, currency="HKD"),
        created_at_ms=NOW_MS,
        expires_at_ms=NOW_MS * 2,
    )
    return watch_of("w", record)


async def put_lamp_with_sale(b: Bench) -> None:
    """Put the item p1 for 10, and for 8 from a second to two seconds from now."""
    await b.put("products", "p1", title="Zebra lamp")
    window = {"sale_starts_at": NOW_MS + 1_000, "sale_ends_at": NOW_MS + 2_000}
    await b.put("prices", "p1", price=10, currency="HKD", sale_price=8, **window)


async def test_a_sale_window_changes_the_price_on_time_with_no_event(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await put_lamp_with_sale(b)
        await b.quiet()
        prices = []
        for now_ms in (NOW_MS, NOW_MS + 1_000, NOW_MS + 1_999, NOW_MS + 2_000):
            b.ms = now_ms
            await b.windows.reprice_batch()
            prices.append((await b.payload("p1"))["price"])
        assert prices == [10, 8, 8, 10]
        assert await b.index.count_due_price_changes(NOW_MS + 10_000) == 0


async def test_a_window_that_gives_the_item_no_other_price_is_no_change(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.put("products", "p1", title="Zebra lamp")
        window = {"sale_starts_at": NOW_MS + 1_000, "sale_ends_at": NOW_MS + 2_000}
        await b.put("prices", "p1", price=5, currency="HKD", seller="cheap")
        await b.put("prices", "p1", price=10, currency="HKD", seller="dear", sale_price=8, **window)
        await b.put("products", "p2", title="Zebra lamp")
        await b.put("prices", "p2", price=10, currency="HKD", sale_price=8, **window)
        await b.quiet()
        b.ms = NOW_MS + 1_000
        await b.windows.reprice_batch()
        assert (b.told.repriced, b.told.turned) == (2, ["p2"])


async def test_a_match_that_begins_with_a_window_is_raised_once_although_an_event_comes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The window does not turn between the reading of a point and the write that was planned on it."""
    async with bench(tmp_path) as b:
        b.watches.put(below(9))
        await put_lamp_with_sale(b)
        await b.quiet()
        turning: list[asyncio.Task[int]] = []
        raised: list[str] = []
        heads, write = b.index.heads, b.index.write

        async def turn_meanwhile(product_ids: Collection[str]) -> dict[str, Payload]:
            found = await heads(product_ids)
            turning.append(asyncio.create_task(b.windows.reprice_batch()))
            for _ in range(50):
                await asyncio.sleep(0)
            return found

        async def noted(writes: Any) -> set[str]:
            for each in writes:
                raised.extend(each.payload.get("alerts_due") or [])
            return await write(writes)

        monkeypatch.setattr(b.index, "heads", turn_meanwhile)
        monkeypatch.setattr(b.index, "write", noted)
        b.ms = NOW_MS + 1_000
        await b.put("prices", "p1", price=20, currency="HKD", seller="dear")
        await b.quiet()
        await asyncio.gather(*turning)
        assert raised == ["w@3"]
        assert (await b.payload("p1"))["price"] == 8


async def test_a_window_turns_while_a_dead_letter_waits_for_the_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path) as b:
        b.watches.put(below(9))
        await put_lamp_with_sale(b)
        await b.quiet()
        waits, broker_is_back = asyncio.Event(), asyncio.Event()

        async def waiting(pending: PendingItem, error: Exception) -> None:
            waits.set()
            await broker_is_back.wait()

        def fails(*arguments: Any, **more: Any) -> Any:
            raise ZeroDivisionError("a bug")

        monkeypatch.setattr(b.told, "refuse", waiting)
        monkeypatch.setattr(item_planner, "content", fails)
        await b.put("products", "bad", title="Zebra lamp")
        await waits.wait()
        b.ms = NOW_MS + 1_000
        turned = asyncio.create_task(b.windows.reprice_batch())
        await until(turned.done, "the window has turned")
        assert (await b.payload("p1"))["price"] == 8
        broker_is_back.set()
        await b.quiet()
