"""The writers of a collection: where reading must begin for it, its backfill, and the positions that it keeps."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from schemas.errors import Gone, Unavailable
from schemas.items import NO_REVIEWS, ItemRecord, ItemState
from schemas.logged_item import LoggedItem
from schemas.points import point_version
from schemas.progress import IndexProgress
from schemas.state_codec import encode_item
from stream.kafka.offset_tracker import OffsetTracker
from stream.kafka.partitions import Partition
from stream.kafka.reader import Record
from stream.kafka.topic_admin import ensure_topics
from stream.kafka.topics import ITEMS
from stream.progress.watermark import Watermark
from stream.writers.backfill import Backfill, done_name, end_name, filled_to
from stream.writers.epoch import LOG, identity_for, log_mark
from stream.writers.writer import Writer
from tests.support.index_backends import BACKENDS, opened
from tests.support.index_side import OneCollection, writing_side
from tests.support.waiting import until
from workers.embedder.registry import EmbedderRegistry
from workers.index.edge.index import EdgeIndex
from workers.index.roles import Roles
from workers.lanes.pending_item import PendingItem
from workers.query_gate import QueryGate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from stream.index.compose_writing import WritingSide
    from tests.support.running_broker import RunningBroker
    from workers.index.interface import Index
    from workers.index.stored import Stored

EPOCH, PARTITION, LOG_ID = 3, 1, "the log"


@pytest.fixture(params=BACKENDS)
async def index(request: pytest.FixtureRequest) -> AsyncIterator[Index]:
    async with opened(request.param) as index:
        yield index


async def writing(index: Index, *, building: bool = False, assigned: Collection[int] = (PARTITION,)) -> WritingSide:
    """An index worker of this collection that has written all records below 40 of its partition."""
    collections = OneCollection(index, building=building)
    side = writing_side(collections, EmbedderRegistry("fake", threads=1, gate=QueryGate()), log_id=LOG_ID, epoch=EPOCH)
    await side.worker.start_offsets({Partition(ITEMS, PARTITION): 40})
    side.worker.assign(assigned)
    return side


async def writer(index: Index, *, building: bool, assigned: Collection[int] = (PARTITION,)) -> Writer:
    made = (await writing(index, building=building, assigned=assigned)).writers.serving
    assert isinstance(made, Writer)
    return made


async def start(index: Index, **offsets: int) -> int | None:
    """Return where reading must begin for a collection that is being built and keeps these positions."""
    await index.save_positions({name: point_version(EPOCH, offset) for name, offset in offsets.items()})
    made = await writer(index, building=True)
    return made.start(PARTITION)


async def test_a_collection_that_is_being_filled_begins_anywhere_and_once_it_is_where_it_says(index: Index) -> None:
    assert await start(index) is None
    assert await start(index, **{end_name(PARTITION): 30, done_name(PARTITION): 20}) is None
    assert await start(index, **{end_name(PARTITION): 30, done_name(PARTITION): 30}) == 30
    assert await start(index, **{str(PARTITION): 35}) == 35


async def test_a_collection_that_was_there_before_begins_where_it_says_or_at_the_start(index: Index) -> None:
    made = await writer(index, building=False)
    assert made.start(PARTITION) == 0
    await index.save_positions({str(PARTITION): point_version(EPOCH, 35)})
    await made.read_positions()
    assert made.start(PARTITION) == 35


async def test_what_is_complete_is_said_again_where_a_worker_that_was_frozen_says_less(
    index: Index,
) -> None:
    filled = await writer(index, building=True)
    made = Backfill(index, filled.lanes, filled._context, check_interval_s=0)
    made.complete[PARTITION] = 30
    stale = {end_name(PARTITION): point_version(EPOCH, 30), done_name(PARTITION): point_version(EPOCH, 20)}
    await index.save_positions(stale)
    running = asyncio.create_task(made.run())
    try:

        async def whole() -> bool:
            return filled_to(await index.positions(), PARTITION, EPOCH) == 30

        await until(whole, "it is said again")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class HalfAway(Backfill):
    """A backfill for which partition 0 is away."""

    async def _fill(self, number: int) -> int | None:
        if number == 0:
            raise Unavailable("the leader of partition 0 is away")
        return 30


async def test_a_partition_that_is_away_does_not_keep_the_others_from_being_filled(index: Index) -> None:
    filled = await writer(index, building=True, assigned=(0, PARTITION))
    made = HalfAway(index, filled.lanes, filled._context, away_s=0)
    running = asyncio.create_task(made.run())
    try:

        async def filled_beside() -> bool:
            return made.complete == {PARTITION: 30}

        await until(filled_beside, "the other partition is filled")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class Replaced:
    """The collection that served until a moment ago, and is deleted."""

    model = None

    async def stored(self, *_: object, **__: object) -> dict[str, Stored]:
        raise Gone("the collection is gone")


async def test_a_serving_collection_that_is_deleted_meanwhile_does_not_end_the_filling_of_its_successor(
    index: Index,
) -> None:
    """Gone ends the worker of a collection: it must be its own."""
    filled = await writer(index, building=True)
    serving: Any = SimpleNamespace(serving=SimpleNamespace(index=Replaced()))
    made = Backfill(index, filled.lanes, filled._context._replace(attached=serving))
    item = encode_item(ItemRecord("me", ItemState("P1"), NO_REVIEWS, {}))
    with pytest.raises(Unavailable) as raised:
        await made._put([Record(Partition(ITEMS, PARTITION), 7, 0, b"P1", item, ())], OffsetTracker())
    assert not isinstance(raised.value, Gone)


async def test_a_worker_that_lost_a_partition_says_nothing_of_it(index: Index) -> None:
    made = (await writer(index, building=True, assigned=())).backfill
    assert made is not None and not await made._save(PARTITION, end=30, done=20)
    assert await index.positions() == {}


class Acked:
    """An ack that is remembered."""

    def __init__(self, acked: list[str]) -> None:
        self._acked = acked

    def ack(self) -> None:
        self._acked.append("P1")


class Dropped:
    """The roles of an index of one collection, until `dropped`."""

    def __init__(self, index: Index, other: Index) -> None:
        self.index, self.other, self.dropped = index, other, False

    async def roles(self) -> Roles:
        return Roles(self.other if self.dropped else self.index)


@pytest.mark.parametrize("dropped", [False, True])
async def test_what_waits_is_acked_unwritten_where_its_collection_is_dropped_and_not_where_its_worker_ends(
    index: Index, dropped: bool
) -> None:
    """A worker commits what is acked when it stops."""
    async with opened(BACKENDS[isinstance(index, EdgeIndex)]) as other:
        collections, watermark = Dropped(index, other), Watermark()
        models = EmbedderRegistry("fake", threads=1, gate=QueryGate())
        attached = writing_side(collections, models, watermark=watermark).writers
        await attached.refresh_until_available()
        watermark.index_progress(IndexProgress(PARTITION, index.collection, 41))
        item = ItemRecord("me", ItemState("P1"), NO_REVIEWS, {})
        acked: list[str] = []
        waits = PendingItem(LoggedItem(encode_item(item)), PARTITION, point_version(EPOCH, 41), [Acked(acked)])
        await attached.serving.lanes.put(waits)
        run = asyncio.ensure_future(attached.run())
        await asyncio.sleep(0)  # Begun, and nothing written yet.
        if dropped:
            collections.dropped = True
            await attached.refresh()
        run.cancel()
        await asyncio.wait([run])
        assert acked == (["P1"] if dropped else [])
        watermark.serve(index.collection)
        assert watermark.indexed(PARTITION) == (0 if dropped else 41), "a dropped collection is forgotten"


async def test_positions_say_of_which_log_they_are(index: Index) -> None:
    await index.save_positions({str(PARTITION): point_version(EPOCH, 40)})
    made = await writer(index, building=False)
    await made._save_positions()
    assert await index.positions() == {str(PARTITION): point_version(EPOCH, 40), LOG: log_mark(LOG_ID)}


async def test_an_index_that_was_filled_from_another_log_of_the_same_epoch_is_filled_again(
    own_embedded_broker: RunningBroker, second_embedded_broker: RunningBroker
) -> None:
    for broker in (own_embedded_broker, second_embedded_broker):
        ensure_topics(broker.settings())
    async with opened("edge") as index:
        first = await identity_for(index, own_embedded_broker.cluster)
        await index.save_positions({"0": point_version(first.epoch, 9), LOG: log_mark(first.log_id)})
        assert await identity_for(index, own_embedded_broker.cluster) == first
        other = await identity_for(index, second_embedded_broker.cluster)
        assert other.log_id != first.log_id and other.epoch == first.epoch + 1
        assert await identity_for(index, second_embedded_broker.cluster) == other
