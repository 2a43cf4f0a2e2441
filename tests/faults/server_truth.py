"""What the index must hold: the fold of the input topics, read from the broker, field by field."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, cast

from qdrant_client import QdrantClient

from stream.items.partition import ItemPartition
from stream.reader import Reader, Record
from stream.states import partition_of
from stream.topics import INPUTS
from stream.tracker import Partition
from tests.faults.view import event_of
from workers.index.layout import POSITIONS_POINT, whole
from workers.point import CONTENT_FIELDS
from workers.view import content

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.points import Content, Payload
    from stream.settings import Settings


def folded(settings: Settings) -> dict[str, Content]:
    """By product_id, what all events in the log say now."""
    partitions = [ItemPartition(number, "truth") for number in range(settings.partitions)]
    for record in asyncio.run(_inputs(settings)):
        event = event_of(record)
        if event is not None:
            partitions[partition_of(event.product_id.encode(), len(partitions))].take(event)
    now_ms = time.time_ns() // 1_000_000
    return {
        product_id: content(
            held.state, held.summary, partition=partition.number, now_ms=now_ms, shop_currency=settings.shop_currency
        )
        for partition in partitions
        for product_id, held in partition.items.items()
    }


def indexed(url: str, alias: str = "items") -> dict[str, Payload]:
    """By product_id, all points of the collection that the alias names."""
    client = QdrantClient(url=url, check_compatibility=False)
    found: dict[str, Payload] = {}
    offset = None
    while True:
        points, offset = client.scroll(alias, limit=500, offset=offset)
        found |= {point.payload["product_id"]: whole(point.payload) for point in points if point.id != POSITIONS_POINT}
        if offset is None:
            client.close()
            return found


def differences(wanted: dict[str, Content], stored: dict[str, Payload]) -> list[str]:
    """A line for each field of each item that is not as it must be."""
    wrong = [f"{p}: not in the index" for p in wanted.keys() - stored.keys()]
    wrong += [f"{p}: in the index, and never heard of" for p in stored.keys() - wanted.keys()]
    for product_id in wanted.keys() & stored.keys():
        should, has = cast("dict[str, Any]", wanted[product_id]), cast("dict[str, Any]", stored[product_id])
        wrong += [
            f"{product_id}: {field} is {has[field]!r:.120}, should be {should[field]!r:.120}"
            for field in CONTENT_FIELDS
            if has[field] != should[field]
        ]
        if has["vector_due"] is not None or has["vector_fingerprint"] != has["fingerprint"]:
            wrong.append(f"{product_id}: its vector is owed or of another text")
    return wrong


def older(before: dict[str, Payload], after: dict[str, Payload]) -> Iterable[str]:
    """Items whose version went back."""
    return [p for p in before.keys() & after.keys() if after[p]["version"] < before[p]["version"]]


async def _inputs(settings: Settings) -> list[Record]:
    found: list[Record] = []
    async with Reader(settings.kafka or "") as reader:
        reader.assign({Partition(topic, number): 0 for topic in INPUTS for number in range(settings.partitions)})
        async for records in reader.read_to_end():
            found += records
    return found
