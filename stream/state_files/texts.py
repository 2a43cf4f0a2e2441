"""The texts of all visible items, as the models embed them, from the item log."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from schemas.errors import ForeignRecord
from schemas.points import Status
from schemas.state_codec import logged_item_under
from stream.kafka.cluster import cluster_of
from stream.kafka.partitions import all_partitions
from stream.kafka.reader import Reader
from stream.kafka.topic_admin import CONNECT_SECONDS_MAX, topic_layout
from stream.kafka.topics import ITEMS
from stream.state_files.records import product_id_of
from workers.document import document
from workers.embedder.interface import ModelId
from workers.state.projection import content

if TYPE_CHECKING:
    from schemas.logged_item import LoggedItem
    from stream.runtime.settings import Settings

NO_MODEL = ModelId("", "", 0)
"""A document differs by the model in its fingerprint alone."""


async def item_texts(settings: Settings, *, connect_seconds_max: float = CONNECT_SECONDS_MAX) -> dict[str, str]:
    """Return the documents of all visible items by product_id, from the item state at `settings.kafka` as it is now.

    Raises Misconfigured if there is no item state, Unavailable.
    """
    kafka = cluster_of(settings)
    layout = await asyncio.to_thread(topic_layout, kafka, ITEMS, connect_seconds_max=connect_seconds_max)
    last: dict[str, bytes] = {}
    async with Reader(kafka) as reader:
        reader.assign(dict.fromkeys(all_partitions(ITEMS, each=layout.partitions), 0))
        async for records in reader.read_to_end():
            for record in records:
                if record.value is not None and (product_id := product_id_of(record)) is not None:
                    last[product_id] = record.value
    texts = {product_id: _text(product_id, value) for product_id, value in last.items()}
    return {product_id: text for product_id, text in texts.items() if text is not None}


def _text(product_id: str, value: bytes) -> str | None:
    """Return the document of an item; None if it is not visible, or its record is not Freshline's."""
    try:
        item: LoggedItem = logged_item_under(product_id.encode(), value)
        shown = content(item.state, item.reviews, partition=0, now_ms=0, shop_currency=None)
    except ForeignRecord:
        return None
    return document(shown, NO_MODEL).text if shown["status"] == Status.VISIBLE else None
