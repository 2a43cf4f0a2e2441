"""Repairs items through the lanes that every change takes: their state is published again, and the index writes it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from schemas.errors import Unavailable
from schemas.items import REPAIRER
from schemas.state_codec import encode_item
from stream.kafka.partitions import Partition, partition_of
from stream.kafka.topics import ITEMS
from stream.state_files.records import StateRecord, publish_states
from workers.compare.index_diff import repair_record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from schemas.items import ItemRecord
    from stream.kafka.cluster import Cluster
    from workers.clock import Clock

REPAIR_ITEMS_MAX = 256
"""The most items published before the index has caught up, and so the most that a live change has to wait behind."""
STALLED_SECONDS_MAX = 60.0
LOOK_INTERVAL_S = 0.05


async def publish_repairs(
    items: Mapping[str, ItemRecord | None], kafka: Cluster, partitions: int
) -> AsyncIterator[int]:
    """Publish the state that repairs each item, in small parts; yield the size of each part once it is in the log.

    The caller lets the index catch up before it asks for the next part. None is an item that the log does not know.
    Raises Unavailable.
    """
    ids = list(items)
    for start in range(0, len(ids), REPAIR_ITEMS_MAX):
        part = ids[start : start + REPAIR_ITEMS_MAX]
        records = [_record(product_id, items[product_id], partitions) for product_id in part]
        yield await publish_states(kafka, records, writer=REPAIRER.encode())


async def wait_until_caught_up(
    ends: Mapping[Partition, int],
    indexed: Callable[[int], int],
    clock: Clock,
    *,
    stalled_seconds_max: float = STALLED_SECONDS_MAX,
    look_interval_s: float = LOOK_INTERVAL_S,
) -> None:
    """Return once all records below these end offsets are in the index.

    Raises Unavailable if the index does not move for a minute.
    """
    moved_s, last = clock.monotonic_s(), dict[Partition, int]()
    while behind := {part: indexed(part.number) for part, end in ends.items() if indexed(part.number) < end}:
        if behind != last:
            moved_s, last = clock.monotonic_s(), behind
        elif clock.monotonic_s() - moved_s > stalled_seconds_max:
            partition, offset = next(iter(behind.items()))
            raise Unavailable(
                f"the index has stood at {offset} of {ends[partition]} in {partition.topic}[{partition.number}] for "
                f"{stalled_seconds_max:.0f} s: see what `freshline status` says, and start again once it moves"
            )
        await asyncio.sleep(look_interval_s)


def _record(product_id: str, record: ItemRecord | None, partitions: int) -> StateRecord:
    key = product_id.encode()
    return StateRecord(
        Partition(ITEMS, partition_of(key, partitions)), key, encode_item(repair_record(product_id, record))
    )
