"""The checks of the fuzz on lists of records: on the path of their events, and in an index beside a good item."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings

from schemas.queries import SearchRequest
from tests.fuzz.path import check, taken
from tests.fuzz.records import NOW_MS
from tests.support.index_backends import content, opened, put
from tests.support.queries import LoadedModel, OneIndex, at_once
from workers.search.hits import Shop
from workers.search.searcher import Searcher

if TYPE_CHECKING:
    from schemas.events import Event
    from schemas.points import Content
    from tests.fuzz.records import Raw

SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def check_path(raws: list[Raw]) -> None:
    """Take the records along the path. Raises what a stage raises."""
    _contents(raws)


def check_answers(raws: list[Raw]) -> None:
    """Put the items of the records into an index beside a good one, and ask for all of them."""
    asyncio.run(_search_beside(_contents(raws)))


def _contents(raws: list[Raw]) -> list[Content]:
    by_product: dict[str, list[Event]] = defaultdict(list)
    for event in taken(raws):
        by_product[event.product_id].append(event)
    return [check(product_id, events) for product_id, events in by_product.items()]


async def _search_beside(found: list[Content]) -> None:
    async with opened("edge") as index:
        searcher = Searcher(OneIndex(index), LoadedModel(at_once(lambda _: None), []), Shop(None, ("en",)))
        await put(index, content("good", "walnut cake oak"), 1)
        for version, each in enumerate(found, 2):
            await put(index, each, version, now_ms=NOW_MS)
        results = await searcher.search(SearchRequest(q="walnut cake oak", limit=100), NOW_MS)
        assert results.left_out == []
        assert "good" in [hit.product_id for hit in results.hits]
        for each in found:
            assert await searcher.item(each["product_id"], NOW_MS) is not None
