"""A live page waits for changes of its items, and looks at them when something became searchable."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

from schemas.progress import IndexProgress
from stream.api.search_service import ITEMS_AWAITED_MAX, SearchService
from stream.progress.watermark import Watermark
from tests.support.waiting import HANG_S

if TYPE_CHECKING:
    from collections.abc import Collection

LONG_MS = round(1000 * HANG_S)


class Shown:
    """An index with one item, which counts the looks at it."""

    def __init__(self) -> None:
        self.price_at_ms: int | None = None
        self.looks, self.looked = 0, asyncio.Event()

    async def serving(self) -> Shown:
        return self

    async def times(self, product_ids: Collection[str]) -> dict[str, Any]:
        self.looks += 1
        self.looked.set()
        times = {"product": 100, "price": self.price_at_ms}
        return dict.fromkeys(product_ids, times)


def service(shown: Shown, watermark: Watermark) -> SearchService:
    return SearchService(Mock(collections=shown, watermark=watermark), Mock())


async def test_a_wait_ends_once_an_item_of_the_page_has_changed_and_not_by_changes_of_others() -> None:
    shown, watermark = Shown(), Watermark("items-1")
    waiting = asyncio.create_task(service(shown, watermark).changes(["a"], 100, LONG_MS))
    for offset, price_at_ms in ((1, None), (2, 101)):
        async with asyncio.timeout(HANG_S):
            await shown.looked.wait()
        assert not waiting.done()
        shown.looked.clear()
        shown.price_at_ms = price_at_ms
        watermark.index_progress(IndexProgress(0, "items-1", offset))
    assert await waiting is True
    assert shown.looks == 3


async def test_a_page_that_shows_the_newest_is_told_of_no_change() -> None:
    shown = Shown()
    assert await service(shown, Watermark("items-1")).changes(["a"], 100, 1) is False
    assert shown.looks == 1
    assert await service(shown, Watermark("items-1")).changes(["a"], 99, 1) is True


async def test_the_more_items_pages_wait_for_the_less_often_each_looks() -> None:
    shown, watermark = Shown(), Watermark("items-1")
    waiting = asyncio.create_task(service(shown, watermark).changes(["a"] * ITEMS_AWAITED_MAX, 100, 200))
    async with asyncio.timeout(HANG_S):
        await shown.looked.wait()
    shown.price_at_ms = 101
    watermark.index_progress(IndexProgress(0, "items-1", 1))
    assert await waiting is False
    assert shown.looks == 1


async def test_with_too_many_waiting_pages_one_more_is_answered_without_a_look() -> None:
    shown = Shown()
    answers = service(shown, Watermark("items-1"))
    waiting = asyncio.create_task(answers.changes(["a"] * ITEMS_AWAITED_MAX, 100, LONG_MS))
    async with asyncio.timeout(HANG_S):
        await shown.looked.wait()
    assert await answers.changes(["b"], 0, LONG_MS) is False
    assert shown.looks == 1
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await answers.changes(["b"], 0, LONG_MS) is True
