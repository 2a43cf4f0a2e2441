"""Lag: the part of the log that search does not show yet, measured by acked offsets and end offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from stream.kafka.partitions import all_partitions
from stream.kafka.topics import INPUTS, ITEMS

if TYPE_CHECKING:
    from stream.kafka.end_offsets import EndOffsets
    from stream.progress.lag_by_partition import PartitionLags
    from stream.progress.watermark import Watermark
    from workers.index.interface import Index


class Lag(BaseModel):
    """The events and pending updates that search does not show yet, by the stage where they wait, upstream first."""

    inputs: dict[str, int] = Field(default_factory=dict)
    """The number of events that no items worker has acked, by input topic."""
    items: int = 0
    """The number of records of the item log that the index does not show yet."""
    vectors_due: int = 0
    """The number of texts that are found by their words while their embeddings are pending."""
    sale_boundaries: int = 0
    """The number of prices whose sale window opened or closed, and which are not patched yet."""

    @property
    def total(self) -> int:
        """The number of all that waits; 0 only when nothing waits anywhere."""
        return sum(self.inputs.values()) + self.items + self.vectors_due + self.sale_boundaries


class LagMeter:
    """Measures the lag of one log and the collection that serves it."""

    def __init__(self, partitions: int, watermark: Watermark, ends: EndOffsets, by_partition: PartitionLags) -> None:
        """`partitions`: how many each topic has. `by_partition` is told the lag of each at every measurement."""
        self._inputs = all_partitions(*INPUTS, each=partitions)
        self._items = all_partitions(ITEMS, each=partitions)
        self._watermark = watermark
        self._ends = ends
        self._by_partition = by_partition

    async def measure(self, index: Index, now_ms: int) -> Lag:
        """Return how much of the log search does not show yet. Raises Unavailable.

        The stages are read upstream first, and in each stage the acked offsets before the end offsets: otherwise an
        event that moves between two reads would be counted in neither.
        """
        finished = {partition: self._watermark.finished(partition) for partition in self._inputs}
        input_ends = await self._ends.fetch(self._inputs)
        indexed = {partition: self._watermark.indexed(partition.number) for partition in self._items}
        items_ends = await self._ends.fetch(self._items)
        searchable = {partition: self._watermark.searchable(partition) for partition in self._inputs}
        self._by_partition.look(now_ms, input_ends | items_ends, searchable | indexed)
        by_topic = dict.fromkeys(INPUTS, 0)
        for partition in self._inputs:
            by_topic[partition.topic] += max(0, input_ends[partition] - finished[partition])
        return Lag(
            inputs=by_topic,
            items=sum(max(0, items_ends[partition] - indexed[partition]) for partition in self._items),
            vectors_due=await index.count_pending_embeddings(),
            sale_boundaries=await index.count_due_price_changes(now_ms),
        )
