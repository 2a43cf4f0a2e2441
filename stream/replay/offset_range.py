"""The offset range that holds the records of a selection. Its end is fixed before anything is sent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from schemas.errors import Misconfigured, Unavailable
from stream.kafka.diagnosis import diagnose
from stream.kafka.end_offsets import EndOffsets
from stream.kafka.partitions import Partition

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stream.kafka.cluster import Cluster
    from stream.replay.selection import Selection

BOOTSTRAP_TIMEOUT_MS = 5_000
AFTER_ALL_MS = 1 << 52
"""A time, in milliseconds since the epoch, after which no record comes."""


class OffsetRange(NamedTuple):
    """A range of offsets in each of some partitions."""

    first: dict[Partition, int]
    """The first offset of the range in each partition."""
    end: dict[Partition, int]
    """The offset after the last one of the range in each partition."""

    def contains(self, partition: Partition, offset: int) -> bool:
        """Return whether this offset lies in the range."""
        return self.first.get(partition, offset + 1) <= offset < self.end.get(partition, 0)


def find_range(kafka: Cluster, topic: str, partitions: int, selection: Selection) -> OffsetRange:
    """Return the range in which every selected record lies that is in the topic now.

    Raises Misconfigured if the topic has no such partition, Unavailable.
    """
    selected = _selected_partitions(topic, partitions, selection.partition)
    ends = end_offsets_now(kafka, selected)
    if selection.end.offset is not None:
        ends = {partition: min(end, selection.end.offset) for partition, end in ends.items()}
    starts = _start_offsets(kafka, selected, selection)
    return OffsetRange({partition: min(starts[partition], ends[partition]) for partition in selected}, ends)


def end_offsets_now(kafka: Cluster, partitions: Iterable[Partition]) -> dict[Partition, int]:
    """Return the exact end offset of each partition. Raises Unavailable."""

    async def ask() -> dict[Partition, int]:
        async with EndOffsets(kafka) as ends:
            return await ends.fetch(list(partitions))

    return asyncio.run(ask())


def _selected_partitions(topic: str, partitions: int, only: int | None) -> list[Partition]:
    if only is not None and only >= partitions:
        raise Misconfigured(f"{topic} has {partitions} partitions, there is no partition {only}")
    return [Partition(topic, number) for number in (range(partitions) if only is None else [only])]


def _start_offsets(kafka: Cluster, partitions: Sequence[Partition], selection: Selection) -> dict[Partition, int]:
    asked = [TopicPartition(*partition) for partition in partitions]
    try:
        consumer = KafkaConsumer(
            **kafka.for_kafka_python, enable_auto_commit=False, bootstrap_timeout_ms=BOOTSTRAP_TIMEOUT_MS
        )
        try:
            begin = consumer.beginning_offsets(asked)
            if selection.first.time_ms is not None:
                begin |= _since(consumer, asked, selection.first.time_ms)
        finally:
            consumer.close()
    except (KafkaError, OSError) as error:
        silent = Unavailable(f"the broker at {kafka} does not say where the log begins: {error}")
        raise diagnose(kafka) or silent from error
    return {
        partition: max(begin[tp], selection.first.offset or 0) for partition, tp in zip(partitions, asked, strict=True)
    }


def _since(consumer: KafkaConsumer, asked: list[TopicPartition], time_ms: int) -> dict[TopicPartition, int]:
    """Return by partition the first offset of this time or later, as far as the broker knows it.

    Such an offset only spares the reading of what lies before it: the records' own timestamps decide. The embedded
    broker answers any time with some offset, even a time after all records, where Kafka answers None. Its answers say
    nothing, so none is returned.
    """
    if any(consumer.offsets_for_times(dict.fromkeys(asked, AFTER_ALL_MS)).values()):
        return {}
    found = consumer.offsets_for_times(dict.fromkeys(asked, time_ms))
    return {tp: AFTER_ALL_MS if at is None else at.offset for tp, at in found.items()}
