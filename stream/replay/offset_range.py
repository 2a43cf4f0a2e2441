"""Finds the offsets that a selection spans, with ends fixed before anything is sent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from schemas.errors import Misconfigured, Unavailable
from stream.kafka.end_offsets import EndOffsets
from stream.kafka.partitions import Partition

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stream.replay.selection import Selection

BOOTSTRAP_TIMEOUT_MS = 5_000
AFTER_ALL_MS = 1 << 52
"""No record is as late as this."""


class OffsetRange(NamedTuple):
    """By partition: the first offset, and the one after the last."""

    first: dict[Partition, int]
    end: dict[Partition, int]

    def has(self, place: Partition, offset: int) -> bool:
        """Whether this offset lies in it."""
        return self.first.get(place, offset + 1) <= offset < self.end.get(place, 0)


def find_range(kafka: str, topic: str, partitions: int, selection: Selection) -> OffsetRange:
    """Every record of the selection lies in it, and none that comes later.

    Raises Misconfigured if the topic has no such partition, Unavailable.
    """
    places = _places(topic, partitions, selection.partition)
    ends = ends_now(kafka, places)
    if selection.end.offset is not None:
        ends = {place: min(end, selection.end.offset) for place, end in ends.items()}
    starts = _starts(kafka, places, selection)
    return OffsetRange({place: min(starts[place], ends[place]) for place in places}, ends)


def ends_now(kafka: str, places: Iterable[Partition]) -> dict[Partition, int]:
    """The exact ends. Raises Unavailable."""

    async def ask() -> dict[Partition, int]:
        async with EndOffsets(kafka) as ends:
            return await ends.fetch(list(places))

    return asyncio.run(ask())


def _places(topic: str, partitions: int, only: int | None) -> list[Partition]:
    if only is not None and only >= partitions:
        raise Misconfigured(f"{topic} has {partitions} partitions, there is no partition {only}")
    return [Partition(topic, number) for number in (range(partitions) if only is None else [only])]


def _starts(kafka: str, places: Sequence[Partition], selection: Selection) -> dict[Partition, int]:
    asked = [TopicPartition(*place) for place in places]
    try:
        consumer = KafkaConsumer(
            bootstrap_servers=kafka.split(","), enable_auto_commit=False, bootstrap_timeout_ms=BOOTSTRAP_TIMEOUT_MS
        )
        try:
            begin = consumer.beginning_offsets(asked)
            if selection.first.time_ms is not None:
                begin |= _since(consumer, asked, selection.first.time_ms)
        finally:
            consumer.close()
    except (KafkaError, OSError) as error:
        raise Unavailable(f"the broker at {kafka} does not say where the log begins: {error}") from error
    return {place: max(begin[tp], selection.first.offset or 0) for place, tp in zip(places, asked, strict=True)}


def _since(consumer: KafkaConsumer, asked: list[TopicPartition], time_ms: int) -> dict[TopicPartition, int]:
    """By partition the first offset of this time or later, where the broker knows; after it all may be the case.

    The embedded broker answers any time with some offset, even one after all records, where Kafka answers None: from
    such a broker nothing is learned, and the records' own timestamps decide.
    """
    if any(consumer.offsets_for_times(dict.fromkeys(asked, AFTER_ALL_MS)).values()):
        return {}
    found = consumer.offsets_for_times(dict.fromkeys(asked, time_ms))
    return {tp: AFTER_ALL_MS if at is None else at.offset for tp, at in found.items()}
