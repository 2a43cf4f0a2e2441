"""What a replayed record looks like, and which records are copies that need no replay of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stream.kafka.headers import Origin, origins_in, replayed_headers
from stream.kafka.partitions import Partition, partition_of
from stream.kafka.producer import OutgoingRecord
from stream.replay.selection import product_key

if TYPE_CHECKING:
    from stream.kafka.reader import Record
    from stream.kafka.topics import TopicLayout
    from stream.replay.offset_range import OffsetRange
    from stream.replay.selection import Selection


class Route(NamedTuple):
    """From a topic to a topic, which may be the same."""

    source: TopicLayout
    target_name: str
    target: TopicLayout


def copy_of(record: Record, route: Route) -> OutgoingRecord:
    """Key, value and headers as they are; these say where the record stood first, its time then, where it is."""
    origin = Origin(*record.partition, record.offset, record.timestamp_ms)
    headers = replayed_headers(record.headers, origin, route.source.topic_id)
    number = target_partition(record, route.source.partitions, route.target.partitions)
    return OutgoingRecord(record.offset, route.target_name, record.key, record.value, number, headers)


def target_partition(record: Record, source_partitions: int, target_partitions: int) -> int:
    """The same one if there are as many, else that of the product; what names none stays as near as can be."""
    number = record.partition.number
    if source_partitions == target_partitions:
        return number
    key = product_key(record)
    return number % target_partitions if key is None else partition_of(key, target_partitions)


def is_copy_within(record: Record, span: OffsetRange, selection: Selection, topic_id: str) -> bool:
    """Whether it is an earlier replay's copy of a record that is sent in this replay anyway, or left out for another.

    Without this each replay of the last hour would double the one before it.
    """
    return any(
        span.has(Partition(origin.topic, origin.partition), origin.offset) and selection.takes_time(origin.timestamp_ms)
        for origin in origins_in(record.headers, topic_id)
    )
