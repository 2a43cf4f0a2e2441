"""Watches and alerts over a real broker: a process has those of the topic, whichever process wrote them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from prometheus_client import CollectorRegistry

from schemas.points import point_version
from stream.kafka.partitions import Partition, partition_of
from stream.kafka.topic_admin import ensure_topics
from stream.kafka.topics import ALERTS, WATCHES
from stream.runtime.metrics import IndexMetrics
from stream.state_files.records import StateRecord, publish_states
from stream.watches.alert_feed import AlertFeed
from stream.watches.feed import WatchFeed
from stream.watches.watch_log import WatchLog
from tests.support.index_side import Confirming
from tests.support.standing_in_watches import alert
from tests.support.waiting import until
from tests.support.watching import watch
from workers.clock import SystemClock
from workers.watches.watch_set import WatchSet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.running_broker import RunningBroker
    from workers.watches.watch import Watch

PARTITIONS = 2
WRITER = b"another-process"


TOMBSTONE = cast("bytes", None)


async def write(broker: RunningBroker, topic: str, *records: tuple[str, bytes]) -> None:
    """Write records as another process does."""
    partitions = [Partition(topic, partition_of(key.encode(), PARTITIONS)) for key, _ in records]
    states = [StateRecord(each, key.encode(), value) for each, (key, value) in zip(partitions, records, strict=True)]
    await publish_states(broker.cluster, states, writer=WRITER)


def put(made: Watch) -> tuple[str, bytes]:
    return made.watch_id, made.record.model_dump_json().encode()


@asynccontextmanager
async def fed(broker: RunningBroker, *, others_write: bool) -> AsyncIterator[tuple[WatchSet, AlertFeed]]:
    watches, alerts = WatchSet(), AlertFeed(broker.cluster, PARTITIONS, others_write=others_write)
    feed = WatchFeed(
        watches,
        WatchLog(Confirming(), PARTITIONS),
        alerts,
        kafka=broker.cluster,
        partitions=PARTITIONS,
        clock=SystemClock(),
        gauge=IndexMetrics(CollectorRegistry()).watching.watches,
        others_write=others_write,
    )
    await feed.load()
    running = [asyncio.create_task(each) for each in (feed.run(), alerts.run())]
    try:
        yield watches, alerts
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def test_a_process_has_the_watches_of_the_topic_before_its_first_item(own_embedded_broker: RunningBroker) -> None:
    ensure_topics(own_embedded_broker.settings(partitions=PARTITIONS))
    kept, ended = watch("kept", "lamp"), watch("ended", "lamp")
    foreign = ("foreign", b'{"owner": 7}')
    await write(own_embedded_broker, WATCHES, put(ended), foreign, put(kept), (ended.watch_id, TOMBSTONE))
    async with fed(own_embedded_broker, others_write=False) as (watches, _):
        assert [*watches] == [kept]


async def test_a_process_follows_the_watches_and_alerts_of_others(own_embedded_broker: RunningBroker) -> None:
    ensure_topics(own_embedded_broker.settings(partitions=PARTITIONS))
    old = alert("w", "w:a:1")
    await write(own_embedded_broker, ALERTS, ("w", b"no alert"), (old.watch_id, old.model_dump_json().encode()))
    async with fed(own_embedded_broker, others_write=True) as (watches, alerts):
        made = watch("w", "lamp")
        await write(own_embedded_broker, WATCHES, put(made))
        await until(lambda: watches.get("w") == made, "it has the watch")
        stream = alerts.alerts("w", "not remembered")
        assert (await anext(stream)).id == old.id
        new = alert("w", f"w:a:{point_version(1, 2)}")
        alerts.deliver(new)  # This process sent it, and reads it again.
        await write(own_embedded_broker, ALERTS, *[("w", new.model_dump_json().encode())] * 2)
        assert (await anext(stream)).id == new.id
        await write(own_embedded_broker, WATCHES, ("w", TOMBSTONE))
        assert [each.id async for each in stream] == []
        assert not len(watches)
