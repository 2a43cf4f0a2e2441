"""Reconciling over both index backends and a broker: what was broken is named, repaired, and then right."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from qdrant_client import models
from qdrant_edge import UpdateOperation

from schemas.events import parse
from schemas.items import NO_REVIEWS, ItemRecord, ItemState
from schemas.points import point_id, point_version
from schemas.queries import Filters
from schemas.state_codec import encode_item
from stream.api.canary.names import canary_id
from stream.kafka.partitions import Partition, partition_of
from stream.kafka.topic_admin import ensure_topics
from stream.kafka.topics import ITEMS
from stream.state_files.records import StateRecord, publish_states
from tests.support.index_backends import BACKENDS, content, opened, planned
from tests.support.index_side import EPOCH, PARTITIONS, IndexSide, index_side, now_ms
from tests.support.queries import search_lexical
from tests.support.waiting import until
from workers.index.edge.index import EdgeIndex
from workers.index.server.index import ServerIndex
from workers.index.writes import Reprice
from workers.state.fold import fold

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.running_broker import RunningBroker
    from workers.index.interface import Index

ITEMS_COUNT = 150
RECORDS_COUNT = ITEMS_COUNT + PARTITIONS
"""The records that fill the index: those of the items, and a canary in each partition."""
WRITER = b"test-writer"


def state(product_id: str, *said: dict[str, Any], topic: str = "products") -> ItemState:
    folded = ItemState(product_id)
    for each in said:
        body = orjson.dumps({"product_id": product_id, "updated_at": 1_790_000_000_000, **each})
        folded = fold(folded, parse(topic, product_id.encode(), body, arrived_at_ms=now_ms(), event_time_ms=None))
    return folded


def record(state: ItemState) -> StateRecord:
    key = state.product_id.encode()
    value = encode_item(ItemRecord(WRITER.decode(), state, NO_REVIEWS, {}))
    return StateRecord(Partition(ITEMS, partition_of(key, PARTITIONS)), key, value)


def catalogue() -> list[ItemState]:
    return [state(f"p{n}", {"title": f"Garden cake {n}", "brand": "Garden"}) for n in range(ITEMS_COUNT)]


def canary(number: int) -> ItemState:
    price = {"price": 5, "currency": "EUR"}
    return state(canary_id(number, PARTITIONS), price, topic="prices")


@asynccontextmanager
async def filled(backend: str, broker: RunningBroker, directory: Path) -> AsyncIterator[IndexSide]:
    ensure_topics(broker.settings(partitions=PARTITIONS))
    async with opened(backend) as index, index_side(broker, index, directory) as side:
        states = [*catalogue(), *map(canary, range(PARTITIONS))]  # No comparison knows of the canaries.
        await publish_states(broker.cluster, [record(each) for each in states], writer=WRITER)
        await side.quiet(len(states))
        yield side


@pytest.fixture(params=BACKENDS)
async def side(
    request: pytest.FixtureRequest, own_embedded_broker: RunningBroker, tmp_path: Path
) -> AsyncIterator[IndexSide]:
    async with filled(request.param, own_embedded_broker, tmp_path) as side:
        yield side


async def remove(index: Index, product_id: str) -> None:
    """Delete a point without any writer knowing of it."""
    if isinstance(index, EdgeIndex):
        index._shard.update(UpdateOperation.delete_points([point_id(product_id)]))
    else:
        assert isinstance(index, ServerIndex)
        await index._client.delete(index.name, models.PointIdsList(points=[point_id(product_id)]))


async def change(index: Index, product_id: str, **fields: Any) -> None:
    """Change the payload of a point, but not its version."""
    stored = (await index.stored([product_id]))[product_id]
    await index.write([Reprice(product_id, stored.payload["version"], fields)])


async def break_one_of_each(side: IndexSide) -> dict[str, list[str]]:
    await remove(side.index, "p1")
    await change(side.index, "p2", brand="Evil", attributes={"of": ["another", "hand"]})
    await change(side.index, "p3", fingerprint="wrong", vector_fingerprint="wrong")
    await change(side.index, "p4", vector_failed="the model failed", vector_fingerprint=None)
    await change(side.index, "p5", version=point_version(EPOCH - 1, 7))
    ghost = planned(content("ghost", "Garden cake of another log"), point_version(EPOCH - 1, 9)).write
    assert ghost is not None
    await side.index.write([ghost])
    await side.embedding.embed_batch()
    return {
        "missing": ["p1"],
        "different": ["p2"],
        "wrong_fingerprint": ["p3"],
        "vector_failed": ["p4"],
        "stale": ["p5"],
        "ghost": ["ghost"],
    }


async def test_an_index_that_is_right_has_no_faults(side: IndexSide) -> None:
    found = await side.reconcile()
    assert found["found"]["outcomes"]["up_to_date"] == found["items"] == found["points"] == ITEMS_COUNT
    assert found["found"]["faults"] == 0 and found["left"] is None


async def test_each_fault_is_named_repaired_and_gone(side: IndexSide) -> None:
    broken = await break_one_of_each(side)
    assert await side.faults() == broken
    assert await side.faults() == broken, "looking alone repairs nothing"
    repaired = await side.reconcile(repair=True)
    assert repaired["found"]["faults"] == repaired["repaired"] == 6
    assert repaired["left"]["faults"] == 0
    assert await side.faults() == {}
    stored = await side.index.stored(["p1", "p2", "p3", "p4", "p5", "ghost"], vectors=True)
    ghost = stored.pop("ghost")
    assert ghost.payload["status"] == "parked" and ghost.dense is None
    for product_id, point in stored.items():
        assert (point.payload["title"], point.payload["brand"]) == ({"und": f"Garden cake {product_id[1:]}"}, "Garden")
        assert point.payload["vector_fingerprint"] == point.payload["fingerprint"] is not None
        assert point.dense is not None and point.payload["vector_failed"] is None
    found = [point for point, _ in await search_lexical(side.index, "cake 1", Filters(), 200)]
    assert point_id("p1") in found
    assert point_id("ghost") not in found


async def test_partitions_that_are_compared_one_by_one_have_all_the_items_and_their_own_faults_alone(
    side: IndexSide,
) -> None:
    await remove(side.index, "p1")
    await change(side.index, "p2", brand="Evil")
    found = [await side.reconcile(only=number) for number in range(PARTITIONS)]
    assert sum(each["items"] for each in found) == ITEMS_COUNT
    assert sum(each["points"] for each in found) == ITEMS_COUNT - 1
    assert sum(each["found"]["faults"] for each in found) == 2
    of_p1 = found[partition_of(b"p1", PARTITIONS)]["found"]["examples"]
    assert of_p1["missing"] == [{"product_id": "p1", "detail": ""}]


async def test_an_index_that_lost_everything_is_filled_again(side: IndexSide) -> None:
    for n in range(ITEMS_COUNT):
        await remove(side.index, f"p{n}")
    repaired = await side.reconcile(repair=True)
    assert repaired["found"]["outcomes"]["missing"] == repaired["repaired"] == ITEMS_COUNT
    assert repaired["left"]["faults"] == 0 and await side.index.count_points() == ITEMS_COUNT


async def test_a_text_that_cannot_be_embedded_is_wrong_until_the_model_can(side: IndexSide) -> None:
    side.documents.failing = "cursed"
    await publish_states(side.broker.cluster, [record(state("odd", {"title": "A cursed cake"}))], writer=WRITER)
    await side.quiet(RECORDS_COUNT + 1)
    assert await side.faults() == {"vector_failed": ["odd"]}
    repaired = await side.reconcile(repair=True)
    assert repaired["left"]["examples"] == {
        "vector_failed": [{"product_id": "odd", "detail": "the model failed on this text"}]
    }
    side.documents.failing = None
    assert (await side.reconcile(repair=True))["left"]["faults"] == 0
    assert (await side.index.stored(["odd"], vectors=True))["odd"].dense is not None


async def test_a_point_of_a_version_that_the_log_has_not_reached_is_named_and_cannot_be_repaired(
    side: IndexSide,
) -> None:
    await change(side.index, "p6", version=point_version(EPOCH + 1, 0))
    repaired = await side.reconcile(repair=True)
    assert repaired["repaired"] == 0
    assert repaired["left"]["outcomes"]["ahead"] == repaired["left"]["faults"] == 1


async def test_the_state_is_the_join_of_what_several_writers_left(side: IndexSide) -> None:
    """Given a worker that was frozen and wrote late, before the join of both states was published."""
    newer = state("p7", {"title": "Garden cake 7", "brand": "Garden", "version": 2})
    late = state("p7", {"title": "A late cake", "version": 1})
    await publish_states(side.broker.cluster, [record(newer)], writer=b"second")
    await publish_states(side.broker.cluster, [record(late)], writer=b"frozen")
    await side.quiet(RECORDS_COUNT + 2)
    assert await side.faults() == {"different": ["p7"]}
    assert (await side.reconcile(repair=True))["left"]["faults"] == 0
    assert (await side.index.stored(["p7"]))["p7"].payload["title"] == {"und": "Garden cake 7"}


async def test_a_foreign_record_is_neither_an_item_nor_the_last_record_of_one(side: IndexSide) -> None:
    foreign = [(b"p7", b"garbage"), (b"p8", b"{}"), (b"unknown", b"[1]"), (b"\xff", b"garbage"), (b"x" * 70_000, b"{}")]
    foreign += [
        (key, record(state("p9", {"title": "Another cake", "version": 7})).value) for key in (b"p10", b"nobody")
    ]
    partitions = [Partition(ITEMS, partition_of(key, PARTITIONS)) for key, _ in foreign]
    records = [StateRecord(partition, *each) for partition, each in zip(partitions, foreign, strict=True)]
    await publish_states(side.broker.cluster, records, writer=b"")
    await side.quiet(RECORDS_COUNT + len(foreign))
    found = await side.reconcile()
    assert found["found"]["faults"] == 0 and found["items"] == found["points"] == ITEMS_COUNT


async def change_once(side: IndexSide, version: int) -> None:
    """Change a quarter of the items, and return when most of them are indexed."""
    said = {"brand": f"Brand {version}", "version": version}
    changed = [record(state(f"p{n}", {"title": f"Garden cake {n}", **said})) for n in range(2, 40)]
    published = RECORDS_COUNT + version * await publish_states(side.broker.cluster, changed, writer=WRITER)
    await until(lambda: side.indexed_records() > published - 2 * len(changed), "the index keeps up")


async def test_live_changes_meanwhile_are_no_faults(side: IndexSide) -> None:
    """Given a lost point, and many items that change over and over while several comparisons run."""
    await remove(side.index, "p1")
    over = asyncio.Event()

    async def change_on() -> None:
        for version in count(1):
            await change_once(side, version)
            if over.is_set():
                return

    changing = asyncio.create_task(change_on())
    try:
        for _ in range(3):
            assert await side.faults() == {"missing": ["p1"]}
    finally:
        over.set()
        await changing
