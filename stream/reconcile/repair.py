"""Mends through the lanes that every change takes: the item's state is published again, and the index takes it in."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from schemas.errors import Unavailable
from schemas.items import REPAIRER
from schemas.state_codec import encode_item
from stream.kafka.partitions import Partition, partition_of
from stream.kafka.topics import ITEMS
from stream.state_files.records import StateRecord, publish_states
from workers.compare.index_diff import repaired

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from schemas.items import ItemRecord

REPAIR_ITEMS_MAX = 256
"""Published before the index has taken them in: a live change in their partition waits behind no more."""
STALLED_SECONDS_MAX = 60.0
LOOK_INTERVAL_S = 0.05


async def publish_again(
    items: Mapping[str, ItemRecord | None], kafka: str, partitions: int, arrived: Callable[[], Awaitable[None]]
) -> None:
    """Publishes what mends each item, in small parts; `arrived` returns once the index has finished what was published.

    None stands for an item that the log does not know. Raises Unavailable.
    """
    ids = list(items)
    for start in range(0, len(ids), REPAIR_ITEMS_MAX):
        part = ids[start : start + REPAIR_ITEMS_MAX]
        await publish_states(kafka, [_record(each, items[each], partitions) for each in part], writer=REPAIRER.encode())
        await arrived()


async def caught_up(ends: Mapping[Partition, int], indexed: Callable[[int], int]) -> None:
    """Returns once the index has finished all records below these ends.

    Raises Unavailable if it stands still for a minute.
    """
    moved_s, last = time.monotonic(), dict[Partition, int]()
    while behind := {place: indexed(place.number) for place, end in ends.items() if indexed(place.number) < end}:
        if behind != last:
            moved_s, last = time.monotonic(), behind
        elif time.monotonic() - moved_s > STALLED_SECONDS_MAX:
            place, offset = next(iter(behind.items()))
            raise Unavailable(
                f"the index has stood at {offset} of {ends[place]} in {place.topic}[{place.number}] for "
                f"{STALLED_SECONDS_MAX:.0f} s: see what `freshline status` says, and start again once it moves"
            )
        await asyncio.sleep(LOOK_INTERVAL_S)


def _record(product_id: str, present: ItemRecord | None, partitions: int) -> StateRecord:
    key = product_id.encode()
    return StateRecord(Partition(ITEMS, partition_of(key, partitions)), key, encode_item(repaired(product_id, present)))
