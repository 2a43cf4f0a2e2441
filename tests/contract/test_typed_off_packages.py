"""Queries typed off the packages of the Hong Kong catalogue, in both scripts, find their items first: by words
alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from schemas.events import parse
from schemas.items import NO_REVIEWS, ItemState
from schemas.points import point_id
from schemas.queries import Filters
from stream.demo import hongkong
from stream.demo.rows import rows
from tests.support.index_backends import MODEL, planned
from tests.support.queries import search_lexical
from workers.index.edge.open import open_edge
from workers.state.fold import fold
from workers.state.projection import content

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from schemas.points import Content
    from workers.index.interface import Index

AT_ONCE = 256
NOW_MS = 1_800_000_000_000
TYPED = {
    "VC2225": "P000002300",
    "vc 4469": "P000000986",
    "VC-4439": "P000003136",
    "hkbt 910": "P000002027",
    "HKBT-2410": "P000002021",
    "75536": "P000001631",
    "072751": "P000002562",
    "SPF50+ PA++++ 60ml": "P000003455",
    "lip defense SPF30": "P000003017",
    "ucc coffee no.114 90g": "P000003557",
    "Clorox bleach lemon 2800ml": "P000000763",
    "漂白水 檸檬 2.8公升": "P000000763",
    "漂白水 柠檬 2.8l": "P000000763",
    "lux soft kiss 80gx4": "P000001523",
    "水嫩柔膚 香皂 80克x4": "P000001523",
    "水嫩柔肤 香皂 80g": "P000001523",
    "仙貝 56克": "P000001908",
    "仙贝56g": "P000001908",
    "grape juice 64 oz": "P000000624",
    "提子汁64安士": "P000000624",
    "4 growing up formula 0.8kg": "P000003219",
    "成長配方奶粉 4 800克": "P000003219",
    "成长配方奶粉 4号 800克": "P000003219",
}


async def test_what_is_typed_off_a_package_finds_it_first(tmp_path: Path) -> None:
    # A shard counts points that were deleted, so a whole catalogue must not be in that of the other tests.
    index = open_edge(tmp_path, model=MODEL)
    try:
        await _fill(index)
        first = {typed: await search_lexical(index, typed, Filters(), 1) for typed in TYPED}
    finally:
        await index.close()
    wanted = {typed: point_id(product_id) for typed, product_id in TYPED.items()}
    assert {typed: found[0].point_id for typed, found in first.items()} == wanted


async def _fill(index: Index) -> None:
    contents = list(_catalogue())
    assert len(contents) > 1_500
    for start in range(0, len(contents), AT_ONCE):
        plans = [planned(each, 1) for each in contents[start : start + AT_ONCE]]
        await index.write([plan.write for plan in plans if plan.write is not None])


def _catalogue() -> Iterator[Content]:
    for topic, product_id, event in hongkong.snapshot(rows("hk_snapshot_start")):
        if topic == "products":
            value = orjson.dumps(event)
            read = parse(topic, product_id.encode(), value, arrived_at_ms=NOW_MS, event_time_ms=None)
            state = fold(ItemState(product_id), read)
            yield content(state, NO_REVIEWS, partition=0, now_ms=0, shop_currency=None)
