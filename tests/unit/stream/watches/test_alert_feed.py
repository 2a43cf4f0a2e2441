"""Streams of alerts: each alert once, what was missed first, and an end that loses nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from stream.kafka.cluster import Cluster
from stream.watches.alert_feed import BOUNDS, AlertFeed, AlertFeedBounds
from tests.support.standing_in_watches import alert

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from schemas.watches import Alert


def bounded(bounds: AlertFeedBounds) -> AlertFeed:
    return AlertFeed(Cluster(""), 4, others_write=False, bounds=bounds)


@pytest.fixture
def feed() -> AlertFeed:
    return bounded(BOUNDS)


def opened(
    feed: AlertFeed, watch_id: str, after: str | None = None
) -> tuple[AsyncIterator[Alert], asyncio.Task[Alert]]:
    """Open a stream, and begin to wait for its first alert."""
    stream = feed.alerts(watch_id, after)
    return stream, asyncio.ensure_future(anext(stream))


async def rest(stream: AsyncIterator[Alert]) -> list[str]:
    """Return the ids of all further alerts until the stream ends."""
    return [each.id async for each in stream]


async def test_an_alert_goes_once_to_every_stream_of_its_watch(feed: AlertFeed) -> None:
    one, first_of_one = opened(feed, "w")
    other, first_of_other = opened(feed, "w")
    elsewhere, first_elsewhere = opened(feed, "x")
    await asyncio.sleep(0)
    for each in (alert("w", "1"), alert("w", "1"), alert("x", "2"), alert("w", "3")):
        feed.deliver(each)
    feed.close()
    assert [(await each).id for each in (first_of_one, first_of_other, first_elsewhere)] == ["1", "1", "2"]
    assert [await rest(each) for each in (one, other, elsewhere)] == [["3"], ["3"], []]


async def test_who_comes_back_gets_what_was_missed_and_all_where_its_last_one_is_forgotten(feed: AlertFeed) -> None:
    for each in (alert("w", "1"), alert("x", "2"), alert("w", "3"), alert("w", "4")):
        feed.deliver(each)
    for after, missed in (("1", ["3", "4"]), ("4", []), ("forgotten", ["1", "3", "4"]), (None, [])):
        stream, first = opened(feed, "w", after)
        await asyncio.sleep(0)
        feed.end("w")
        found = [
            each.id
            for each in await asyncio.gather(first, return_exceptions=True)
            if not isinstance(each, BaseException)
        ]
        assert found + await rest(stream) == missed, after


async def test_a_stream_that_reads_slowly_ends_with_what_waits_and_goes_on_from_there() -> None:
    feed = bounded(AlertFeedBounds(queued_max=2))
    stream, first = opened(feed, "w")
    await asyncio.sleep(0)
    for number in range(5):
        feed.deliver(alert("w", str(number)))
    assert [(await first).id, *await rest(stream)] == ["0", "1"]
    again, second = opened(feed, "w", "1")
    await asyncio.sleep(0)
    feed.close()
    assert [(await second).id, *await rest(again)] == ["2", "3", "4"]


async def test_no_more_alerts_are_remembered_than_there_may_be() -> None:
    feed = bounded(AlertFeedBounds(recent_max=3))
    for number in range(5):
        feed.deliver(alert("w", str(number)))
    stream, first = opened(feed, "w", "forgotten")
    await asyncio.sleep(0)
    feed.close()
    assert [(await first).id, *await rest(stream)] == ["2", "3", "4"]
    assert await rest(feed.alerts("w", None)) == [], "a feed that is closed takes nobody"


async def test_a_further_stream_is_refused_while_there_are_too_many() -> None:
    feed = bounded(AlertFeedBounds(streams_max=1))
    assert not feed.full
    stream, first = opened(feed, "w")
    await asyncio.sleep(0)
    assert feed.full
    feed.deliver(alert("w", "1"))
    await first
    await stream.aclose()
    assert not feed.full
