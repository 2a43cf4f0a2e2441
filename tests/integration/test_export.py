"""The item state of one log goes through JSON lines into another, whatever its number of partitions."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import pytest

from schemas.errors import Misconfigured
from schemas.events import parse
from schemas.items import NO_REVIEWS, Change, ItemRecord, ItemState
from schemas.state_codec import encode_item, encode_review
from stream.commands.current_run import CommandBounds
from stream.kafka.partitions import Partition, partition_of
from stream.kafka.reader import Reader
from stream.kafka.topic_admin import ensure_topics
from stream.state_files.export import StateCounts, export_state, import_state
from stream.state_files.lines import encode_line
from stream.state_files.records import StateRecord, publish_states, state_partitions
from tests.support.item_records import decode_item
from tests.support.running_commands import freshline
from workers.state.fold import fold
from workers.state.reviews import delta

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.running_broker import RunningBroker

T_MS = 1_700_000_000_000
PRODUCTS = [f"商品 {number}" for number in range(30)]


def states(partitions: int, version: int) -> list[StateRecord]:
    """Return an item and a review of each product."""
    found = []
    for product in PRODUCTS:
        for topic, key in (("items", product.encode()), ("review-states", product.encode() + b"\0R1")):
            partition = Partition(topic, partition_of(key, partitions))
            found.append(StateRecord(partition, key, stated(product, topic, version)))
    return found


def stated(product: str, topic: str, version: int) -> bytes:
    body = {"product_id": product, "version": version, "updated_at": T_MS}
    about = {"title": f"Cake {version}"} if topic == "items" else {"review_id": "R1", "rating": 4}
    event_topic = "products" if topic == "items" else "reviews"
    event = parse(event_topic, None, orjson.dumps(body | about), arrived_at_ms=T_MS + 1_000, event_time_ms=None)
    if topic == "items":
        return encode_item(ItemRecord("test", fold(ItemState(product), event), NO_REVIEWS, {}))
    return encode_review(delta(event))


def foreign(partitions: int) -> list[StateRecord]:
    """Return foreign records, some under the key of an item or a review."""
    of_another_item = stated("商品 2", "items", version=9)
    keys = ["商品 1".encode(), "商品 1".encode() + b"\0R1", b"unknown", b"\xff"]
    return [
        StateRecord(Partition(topic, partition_of(key, partitions)), key, value)
        for topic in ("items", "review-states")
        for key in keys
        for value in (b"garbage", b"[1]", of_another_item)
    ]


async def content(broker: RunningBroker, partitions: int) -> list[StateRecord]:
    async with Reader(broker.cluster) as reader:
        reader.assign(dict.fromkeys(state_partitions(partitions), 0))
        return sorted(
            [
                StateRecord(r.partition, r.key or b"", r.value or b"")
                async for records in reader.read_to_end()
                for r in records
            ]
        )


async def test_the_last_state_of_each_key_moves_to_a_log_with_other_partitions(
    own_embedded_broker: RunningBroker, second_embedded_broker: RunningBroker
) -> None:
    here, there = own_embedded_broker.settings(partitions=4), second_embedded_broker.settings(partitions=3)
    ensure_topics(here)
    canary = StateRecord(Partition("items", 0), b"freshline-canary-0-0", stated("freshline-canary-0-0", "items", 1))
    records = [*states(4, version=1), *states(4, version=2), *foreign(4), canary]
    await publish_states(own_embedded_broker.cluster, records, writer=b"test")
    lines = io.BytesIO()
    assert await export_state(here, lines.write) == StateCounts(items=30, reviews=30)
    assert await import_state(there, io.BytesIO(lines.getvalue())) == StateCounts(items=30, reviews=30)
    assert await content(second_embedded_broker, 3) == sorted(states(3, version=2))


async def test_all_partitions_of_the_log_are_exported_whatever_the_settings_say(
    own_embedded_broker: RunningBroker,
) -> None:
    ensure_topics(own_embedded_broker.settings(partitions=4))
    await publish_states(own_embedded_broker.cluster, states(4, version=1), writer=b"test")
    lines = io.BytesIO()
    assert await export_state(own_embedded_broker.settings(partitions=2), lines.write) == StateCounts(
        items=30, reviews=30
    )
    assert orjson.loads(lines.getvalue().splitlines()[0])["partitions"] == 4


async def test_an_imported_item_shows_no_event_for_the_first_time(own_embedded_broker: RunningBroker) -> None:
    settings = own_embedded_broker.settings(partitions=1)
    ensure_topics(settings)
    item = states(1, version=1)[0]
    news = encode_item(replace(decode_item(item.value), changes={"product": Change(1_000, 1)}))
    await publish_states(own_embedded_broker.cluster, [item._replace(value=news)], writer=b"test")
    lines = io.BytesIO()
    await export_state(settings, lines.write)
    await import_state(settings, io.BytesIO(lines.getvalue()))
    assert [record.value for record in await content(own_embedded_broker, 1)] == sorted([news, item.value])


async def test_nothing_is_sent_of_an_export_that_was_cut_off(own_embedded_broker: RunningBroker) -> None:
    settings = own_embedded_broker.settings(partitions=1)
    ensure_topics(settings)
    lines = [b'{"freshline":"export","version":2,"partitions":1}\n', *map(encode_line, states(1, version=1))]
    with pytest.raises(Misconfigured, match=r"line 61 is the last, and does not say so.*\(nothing was sent\)"):
        await import_state(settings, io.BytesIO(b"".join(lines)))
    assert await content(own_embedded_broker, 1) == []


def test_an_export_that_fails_leaves_the_one_before_it(own_embedded_broker: RunningBroker, tmp_path: Path) -> None:
    file, kafka = tmp_path / "state.jsonl", f"--kafka={own_embedded_broker.address}"
    ensure_topics(own_embedded_broker.settings())
    assert freshline("export", str(file), kafka).code == 0
    before = file.read_bytes()
    full = freshline("export", "/dev/full", kafka)
    assert full == (1, "", "freshline: cannot write /dev/full: No space left on device\n")
    own_embedded_broker.kill()
    done = freshline("export", str(file), kafka, bounds=CommandBounds(connect_seconds_max=0.2))
    assert done.code == 1 and done.out == "" and done.err.startswith("freshline: no broker answers")
    assert done.err.count("\n") == 1
    assert file.read_bytes() == before and list(tmp_path.glob("state*")) == [file]
