"""Sale windows that turn without an event, over a real embedded index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.lanes_bench import NOW_MS, bench

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_sale_window_changes_the_price_on_time_with_no_event(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.put("products", "p1", title="Zebra lamp")
        window = {"sale_starts_at": NOW_MS + 1_000, "sale_ends_at": NOW_MS + 2_000}
        await b.put("prices", "p1", price=10, currency="HKD", sale_price=8, **window)
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
