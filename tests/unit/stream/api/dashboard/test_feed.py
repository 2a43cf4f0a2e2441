"""The feed computes one snapshot for all viewers together, and none without viewers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from schemas.errors import Unavailable
from stream.api.dashboard.feed import SnapshotFeed
from stream.api.dashboard.routes import SEND_SECONDS_MAX, SnapshotStream
from tests.support.api_client import api_client
from tests.support.snapshots import empty_snapshot
from tests.support.standing_in import StandIn
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from stream.api.dashboard.models import Snapshot


async def event(viewer: AsyncGenerator[bytes]) -> tuple[str, Any]:
    """Return the name of the next event of a viewer, and its JSON."""
    name, data, *_ = (await anext(viewer)).decode().splitlines()
    return name.removeprefix("event: "), orjson.loads(data.removeprefix("data: "))


class Bench:
    def __init__(self, **bounds: int) -> None:
        self.computed = 0
        self.seconds_apart = 0.001
        self.away = False
        self.feed = SnapshotFeed(self, interval_s=0.001, **bounds)

    async def snapshot(self, _before: Snapshot | None) -> Snapshot:
        self.computed += 1
        if self.away:
            raise Unavailable("the broker does not answer")
        return empty_snapshot(round(1_000 * self.computed * self.seconds_apart))


def is_computing() -> bool:
    """Return whether the task of a feed runs, which alone computes snapshots."""
    return "dashboard" in {task.get_name() for task in asyncio.all_tasks()}


async def test_nothing_is_computed_without_a_viewer() -> None:
    b = Bench()
    assert not is_computing()
    viewer = b.feed.watch()
    assert [(await event(viewer))[0] for _ in range(2)] == ["points", "snapshot"]
    assert b.computed > 0 and is_computing()
    await viewer.aclose()
    await until(lambda: not is_computing(), "the computing ends with the last viewer")


async def test_ten_viewers_cost_as_many_computations_as_one() -> None:
    b = Bench()
    viewers = [b.feed.watch() for _ in range(10)]
    for _ in range(3):
        events = [await anext(viewer) for viewer in viewers]
    assert b.computed < 20
    assert len({id(each) for each in events}) <= 2, "an event is formatted once, not for each viewer"
    await b.feed.close()


async def test_a_viewer_is_told_what_is_away_and_gets_snapshots_again_once_it_is_back() -> None:
    b = Bench()
    b.away = True
    viewer = b.feed.watch()
    await anext(viewer)
    assert await event(viewer) == ("trouble", {"message": "the broker does not answer"})
    b.away = False
    names = {(await event(viewer))[0] for _ in range(3)}
    assert "snapshot" in names
    await b.feed.close()


async def test_a_viewer_that_comes_later_gets_the_points_of_the_charts_so_far() -> None:
    b = Bench()
    first, second = b.feed.watch(), b.feed.watch()
    for _ in range(4):
        await anext(first)
    _, points = await event(second)
    assert len(points) >= 3
    await b.feed.close()


async def test_points_of_a_time_in_which_others_watched_are_not_given_to_whoever_comes_later() -> None:
    b = Bench()
    b.seconds_apart = 100.0
    first = b.feed.watch()
    for _ in range(8):
        await anext(first)
    _, points = await event(b.feed.watch())
    times = [point[0] for point in points]
    assert len(times) > 1 and times[-1] - times[0] <= 300
    await b.feed.close()


@pytest.mark.parametrize("leaves", ["by hanging up", "by reading nothing"])
async def test_a_viewer_that_goes_in_the_middle_of_an_event_leaves_its_place(leaves: str) -> None:
    b, sending, never = Bench(viewers_max=1), asyncio.Event(), asyncio.Event()
    send_seconds_max = 0.01 if leaves == "by reading nothing" else SEND_SECONDS_MAX

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            sending.set()
            await never.wait()

    async def receive() -> dict[str, str]:
        await (sending if leaves == "by hanging up" else never).wait()
        return {"type": "http.disconnect"}

    watch = b.feed.watch()
    stream = asyncio.create_task(SnapshotStream(watch, send_seconds_max)({"type": "http", "asgi": {}}, receive, send))
    await sending.wait()
    assert b.feed.full
    await until(stream.done, "the stream has ended")
    assert not b.feed.full and watch.ag_frame is None  # `watch` is held here: no garbage collection has closed it.


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
