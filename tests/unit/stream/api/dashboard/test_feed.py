"""The feed computes one snapshot for all viewers together, and none without viewers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson

from schemas.errors import Unavailable
from stream.api.dashboard.feed import SnapshotFeed
from tests.support.api_client import api_client
from tests.support.snapshots import empty_snapshot
from tests.support.standing_in import StandIn

if TYPE_CHECKING:
    from stream.api.dashboard.models import Snapshot


class Bench:
    def __init__(self) -> None:
        self.computed = 0
        self.away = False
        self.feed = SnapshotFeed(self, interval_s=0.001)

    async def snapshot(self, _before: Snapshot | None) -> Snapshot:
        self.computed += 1
        if self.away:
            raise Unavailable("the broker does not answer")
        return empty_snapshot(self.computed)


async def test_nothing_is_computed_without_a_viewer() -> None:
    b = Bench()
    await asyncio.sleep(0.02)
    assert b.computed == 0
    viewer = b.feed.watch()
    assert (await anext(viewer))[0] == "points" and (await anext(viewer))[0] == "snapshot"
    await viewer.aclose()  # type: ignore[attr-defined]
    computed = b.computed
    await asyncio.sleep(0.02)
    assert b.computed == computed > 0


async def test_ten_viewers_cost_as_many_computations_as_one() -> None:
    b = Bench()
    viewers = [b.feed.watch() for _ in range(10)]
    for _ in range(3):
        events = [await anext(viewer) for viewer in viewers]
    assert len(events) == 10
    assert b.computed < 20
    await b.feed.close()


async def test_a_viewer_is_told_what_is_away_and_gets_snapshots_again_once_it_is_back() -> None:
    b = Bench()
    b.away = True
    viewer = b.feed.watch()
    await anext(viewer)
    name, body = await anext(viewer)
    assert name == "trouble" and orjson.loads(body) == {"message": "the broker does not answer"}
    b.away = False
    names = {(await anext(viewer))[0] for _ in range(3)}
    assert "snapshot" in names
    await b.feed.close()


async def test_a_viewer_that_comes_later_gets_the_points_of_the_charts_so_far() -> None:
    b = Bench()
    first, second = b.feed.watch(), b.feed.watch()
    for _ in range(4):
        await anext(first)
    _, points = await anext(second)
    assert len(orjson.loads(points)) >= 3
    await b.feed.close()


async def test_closing_ends_every_watch() -> None:
    b = Bench()
    viewer = b.feed.watch()
    await anext(viewer)
    await b.feed.close()
    assert [event async for event in viewer] == []


async def test_the_stream_sends_each_event_with_its_name_and_the_page_loads_nothing_from_elsewhere() -> None:
    service = StandIn()
    async with api_client(service) as client:
        stream = await client.get("/events")
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert 'event: snapshot\ndata: {"at_ms":1,' in stream.text
        page = await client.get("/")
        assert "unsafe" not in page.headers["content-security-policy"]
        assert "<style" not in page.text and 'src="http' not in page.text and 'href="http' not in page.text
        assert (await client.get("/static/vendor/uPlot.esm.js")).status_code == 200
        service.dashboard.full = True
        refused: Any = await client.get("/events")
        assert refused.status_code == 503 and "too many viewers" in refused.json()["error"]["message"]
