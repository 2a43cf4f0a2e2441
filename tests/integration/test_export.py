"""Item state leaves one log as JSON lines and comes into another, whatever its partitions."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import orjson
import pytest

from schemas.codec import encode_item, encode_review
from schemas.errors import Misconfigured
from schemas.events import parse
from schemas.items import NO_REVIEWS, ItemRecord, ItemState
from stream.export import Counts, export, import_
from stream.reader import Reader
from stream.states import StateRecord, partition_of, publish, state_partitions
from stream.topics import ensure_topics
from stream.tracker import Partition
from workers.fold import fold
from workers.reviews import delta

if TYPE_CHECKING:
    from running_broker import RunningBroker

PRODUCTS = [f"商品 {number}" for number in range(30)]


def states(partitions: int, version: int) -> list[StateRecord]:
    """An item and a review of each product."""
    found = []
    for product in PRODUCTS:
        for topic, key in (("items", product.encode()), ("review-states", product.encode() + b"\0R1")):
            partition = Partition(topic, partition_of(key, partitions))
            found.append(StateRecord(partition, key, stated(product, topic, version)))
    return found


def stated(product: str, topic: str, version: int) -> bytes:
    body = {"product_id": product, "version": version, "updated_at": 1_000}
    about = {"title": f"Cake {version}"} if topic == "items" else {"review_id": "R1", "rating": 4}
    event_topic = "products" if topic == "items" else "reviews"
    event = parse(event_topic, None, orjson.dumps(body | about), arrived_at_ms=2_000, event_time_ms=None)
    if topic == "items":
        return encode_item(ItemRecord("test", fold(ItemState(product), event), NO_REVIEWS, {}))
    return encode_review(delta(event))


def foreign(partitions: int) -> list[StateRecord]:
    """Another hand's, some under the key of an item or a review."""
    keys = ["商品 1".encode(), "商品 1".encode() + b"\0R1", b"unknown", b"\xff"]
    return [
        StateRecord(Partition(topic, partition_of(key, partitions)), key, value)
        for topic in ("items", "review-states")
        for key in keys
        for value in (b"garbage", b"[1]")
    ]


async def content(broker: RunningBroker, partitions: int) -> list[StateRecord]:
    async with Reader(broker.address) as reader:
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
    records = [*states(4, version=1), *states(4, version=2), *foreign(4)]
    await publish(own_embedded_broker.address, records, writer=b"test")
    lines = io.BytesIO()
    assert await export(here, lines) == Counts(items=30, reviews=30)
    assert await import_(there, lines.getvalue().splitlines()) == Counts(items=30, reviews=30)
    assert await content(second_embedded_broker, 3) == sorted(states(3, version=2))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([b'{"product_id": "P1"}'], "line 1: no export of Freshline"),
        ([b'{"freshline":"export","version":1,"partitions":4}', b"{"], "line 2: "),
        ([b'{"freshline":"export","version":7,"partitions":4}'], "line 1: export of version 7"),
    ],
)
async def test_a_line_that_is_none_of_an_export_is_named(
    own_embedded_broker: RunningBroker, lines: list[bytes], message: str
) -> None:
    with pytest.raises(Misconfigured, match=message):
        await import_(own_embedded_broker.settings(), lines)
