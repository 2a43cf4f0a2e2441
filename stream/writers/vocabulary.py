"""Keeps the vocabulary of this process up to date: from its own writes, a scan at the start, and the item log."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import structlog

from schemas.errors import ForeignRecord, Gone, Unavailable
from schemas.points import offset_in_log, point_version
from schemas.state_codec import logged_item_under
from stream.kafka.partitions import all_partitions
from stream.kafka.reader import Reader
from stream.kafka.topics import ITEMS
from workers.lanes.sinks import Rewritten
from workers.query_gate import CooperativeTurns
from workers.retry import BROKER_BACKOFF, INDEX_BACKOFF, until_available
from workers.state.projection import content
from workers.vocabulary.words import catalogue_entry

if TYPE_CHECKING:
    from schemas.logged_item import LoggedItem
    from schemas.points import Content
    from stream.kafka.cluster import Cluster
    from stream.kafka.reader import Record
    from workers.index.interface import Index
    from workers.index.roles import Collections
    from workers.lanes.sinks import LaneEvent
    from workers.query_gate import QueryGate
    from workers.vocabulary.vocabulary import Vocabulary

log = structlog.get_logger(__name__)

FETCH_WAIT_MS = 100
"""The time that a fetch waits for records. A word that another process wrote may be known that much later."""


class VocabularySink:
    """Puts the words of each point that this process writes into the vocabulary, before its record is acked."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    def note(self, event: LaneEvent) -> None:
        """Put the words of a point that was written whole. Any other write leaves its words as they are."""
        if isinstance(event, Rewritten):
            point = event.payload
            self._vocabulary.put(point["product_id"], point["version"], *catalogue_entry(point))


class VocabularyFeed:
    """Fills the vocabulary with what the index had before this process, and with what other processes write.

    The records of the item log are read from where the index was complete, so none lies between them and the scan.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        collections: Collections,
        kafka: Cluster,
        *,
        epoch: int,
        partitions: int,
        gate: QueryGate,
        others_write: bool,
    ) -> None:
        """`others_write`: other processes write items as well, whose records must be read from the log."""
        self._vocabulary = vocabulary
        self._collections = collections
        self._kafka = kafka
        self._epoch = epoch
        self._partitions = partitions
        self._gate = gate
        self._others_write = others_write

    async def run(self) -> None:
        """Scan once, then follow the item log if other processes write, until cancelled."""
        complete = await until_available(self._fill, "index away", INDEX_BACKOFF)
        log.info("vocabulary filled", words=len(self._vocabulary))
        if self._others_write:
            await until_available(partial(self._follow, complete), "vocabulary waits", BROKER_BACKOFF)

    async def _fill(self) -> dict[str, int]:
        """Scan the collection that serves, and return its positions before the scan. Raises Unavailable."""
        try:
            index = await self._collections.serving()
            complete = await index.positions()
            await self._scan(index)
        except Gone as error:  # A rebuild may drop the collection meanwhile: then another one serves.
            raise Unavailable(str(error)) from error
        return complete

    async def _scan(self, index: Index) -> None:
        turns = CooperativeTurns(self._gate)
        async for page in index.scan():
            for point in page:
                self._vocabulary.put(point["product_id"], point["version"], *catalogue_entry(point))
                await turns.yield_if_over()

    async def _follow(self, complete: dict[str, int]) -> None:
        async with Reader(self._kafka, fetch_wait_ms=FETCH_WAIT_MS) as reader:
            reader.assign(dict.fromkeys(all_partitions(ITEMS, each=self._partitions), 0))
            ends = await reader.end_offsets()
            kept = {each: offset_in_log(complete.get(str(each.number)), self._epoch) for each in ends}
            reader.assign({each: min(end, kept[each] or 0) for each, end in ends.items()})
            turns = CooperativeTurns(self._gate)
            async for records in reader.follow():
                for record in records:
                    self._read(record)
                    await turns.yield_if_over()

    def _read(self, record: Record) -> None:
        """Put the words of an item whose product may have changed. A price is passed over without its product."""
        try:
            item = logged_item_under(record.key, record.value or b"")
            version = point_version(self._epoch, record.offset)
            if _may_have_other_words(item) and self._vocabulary.version(item.product_id) < version:
                self._vocabulary.put(item.product_id, version, *catalogue_entry(_content(item, record)))
        except ForeignRecord:
            return


def _may_have_other_words(item: LoggedItem) -> bool:
    return not item.changes or "product" in item.changes


def _content(item: LoggedItem, record: Record) -> Content:
    """Return the content that search shows of the item. Its prices have no part in its words."""
    number = record.partition.number
    return content(item.state, item.reviews, partition=number, now_ms=record.timestamp_ms, shop_currency=None)
