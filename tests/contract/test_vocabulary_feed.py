"""The vocabulary of a process has the words of every visible item, whichever process wrote it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson

from schemas.events import parse
from schemas.items import NO_REVIEWS, ItemRecord, ItemState
from schemas.points import point_version
from schemas.state_codec import encode_item
from stream.kafka.partitions import Partition, partition_of
from stream.kafka.topic_admin import ensure_topics
from stream.kafka.topics import ITEMS
from stream.state_files.records import StateRecord, publish_states
from stream.writers.vocabulary import VocabularyFeed
from tests.support.index_backends import content, opened, put
from tests.support.index_side import EPOCH, PARTITIONS, index_side, now_ms
from tests.support.queries import OneIndex
from tests.support.waiting import until
from workers.query_gate import QueryGate
from workers.state.fold import fold
from workers.vocabulary.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.running_broker import RunningBroker
    from workers.index.interface import Index

WRITER = b"another-worker"


def record(product_id: str, **said: Any) -> StateRecord:
    """Return an item record of one event."""
    body, key = {"product_id": product_id, "updated_at": 1_790_000_000_000, **said}, product_id.encode()
    event = parse("products", key, orjson.dumps(body), arrived_at_ms=now_ms(), event_time_ms=None)
    value = encode_item(ItemRecord(WRITER.decode(), fold(ItemState(product_id), event), NO_REVIEWS, {}))
    return StateRecord(Partition(ITEMS, partition_of(key, PARTITIONS)), key, value)


async def write_elsewhere(broker: RunningBroker, *records: StateRecord) -> None:
    await publish_states(broker.cluster, records, writer=WRITER)


@asynccontextmanager
async def fed(index: Index, broker: RunningBroker, *, others_write: bool) -> AsyncIterator[Vocabulary]:
    vocabulary, collections = Vocabulary(), OneIndex(index)
    feed = VocabularyFeed(
        vocabulary,
        collections,  # type: ignore[arg-type]
        broker.cluster,
        epoch=EPOCH,
        partitions=PARTITIONS,
        gate=QueryGate(),
        others_write=others_write,
    )
    running = asyncio.create_task(feed.run())
    try:
        yield vocabulary
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until_words(vocabulary: Vocabulary, *words: str) -> None:
    await until(lambda: vocabulary.words() == sorted(words), f"the words are {words}")


async def test_the_words_of_this_process_are_there_before_its_records_are_acked(
    own_embedded_broker: RunningBroker, tmp_path: Path
) -> None:
    ensure_topics(own_embedded_broker.settings(partitions=PARTITIONS))
    async with opened("edge") as index, index_side(own_embedded_broker, index, tmp_path) as side:
        await write_elsewhere(own_embedded_broker, record("a", title="Brass lamp"), record("b", title="Lamp"))
        await side.quiet(2)
        assert side.vocabulary.completions("", 9) == ["lamp", "brass"]
        await write_elsewhere(own_embedded_broker, record("a", op="delete"))
        await side.quiet(3)
        assert side.vocabulary.words() == ["lamp"]


async def test_a_process_knows_what_the_index_had_before_it(own_embedded_broker: RunningBroker) -> None:
    async with opened("edge") as index:
        await put(index, content("a", "Brass lamp"), point_version(EPOCH, 0))
        await put(index, content("b", "Steel vase", status="delisted"), point_version(EPOCH, 1))
        async with fed(index, own_embedded_broker, others_write=False) as vocabulary:
            await until_words(vocabulary, "brass", "lamp")


async def test_a_process_follows_what_others_write(own_embedded_broker: RunningBroker) -> None:
    ensure_topics(own_embedded_broker.settings(partitions=PARTITIONS))
    await write_elsewhere(own_embedded_broker, record("between", title="Rug"))
    async with opened("local mode") as index:
        await put(index, content("a", "Brass lamp"), point_version(EPOCH - 1, 0))
        async with fed(index, own_embedded_broker, others_write=True) as vocabulary:
            await until_words(vocabulary, "brass", "lamp", "rug")
            await write_elsewhere(own_embedded_broker, record("b", title="Vase"), record("a", op="delete"))
            await until_words(vocabulary, "rug", "vase")
            foreign = StateRecord(Partition(ITEMS, 0), b"x", b"no item record")
            await write_elsewhere(own_embedded_broker, foreign, record("c", title="Zebra"))
            await until_words(vocabulary, "rug", "vase", "zebra")
