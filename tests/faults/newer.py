"""An items worker of a future release, which keeps more facts of a product than this release knows; and their check."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from schemas.items import ItemState, Register
from stream.kafka.cluster import Cluster
from stream.kafka.partitions import Partition
from stream.kafka.reader import Reader
from stream.kafka.topics import ITEMS
from tests.support.item_records import decode_item
from workers.state import fold

if TYPE_CHECKING:
    from schemas.events import Event
    from schemas.items import Entity, ItemRecord
    from tests.faults.scenario import Run
    from tests.faults.stack import Stack

ARGUMENT = "newer"
"""The argument of tests/faults/worker.py that makes it a newer worker."""
FACT = "energy"
MORE = {FACT: "A", f"{FACT}/en": "efficient"}


def know_more() -> None:
    """Make each product event set two more facts; called in the worker's process before it starts."""
    real = fold.entity

    def entity(event: Event) -> Entity:
        said = real(event)
        if event.topic == "products" and event.op != "delete":
            said.facts |= {name: Register(event.stamp, value) for name, value in MORE.items()}
        return said

    fold.entity = entity


def nothing_of_it_is_lost(run: Run[Stack]) -> list[str]:
    """Check that the last record of each item has the facts of all its records, whichever release wrote it."""
    records = asyncio.run(_item_log(run.stack.kafka, run.stack.partitions))
    last: dict[str, ItemRecord] = {}
    joined: dict[str, ItemState] = {}
    kept = 0
    for record in records:
        product_id = record.state.product_id
        joined[product_id] = fold.join(joined.get(product_id, ItemState(product_id)), record.state)
        last[product_id] = record
        # A writer's id begins with its slot, and slot 0 is the worker of `up`: the older release.
        kept += record.writer.startswith("0-") and FACT in record.state.product.facts
    lost = [product_id for product_id, record in last.items() if record.state != joined[product_id]]
    found = [f"{product_id}: its last record lacks what one before it says" for product_id in lost]
    return found if kept else [*found, "the older release never wrote an item of which the newer one had said more"]


async def _item_log(kafka: str, partitions: int) -> list[ItemRecord]:
    async with Reader(Cluster(kafka)) as reader:
        reader.assign({Partition(ITEMS, number): 0 for number in range(partitions)})
        return [
            decode_item(record.value)
            async for records in reader.read_to_end()
            for record in records
            if record.value is not None
        ]
