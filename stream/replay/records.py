"""The record that a replay sends, and the copies of earlier replays that need no replay of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stream.kafka.headers import Origin, origins_in, replayed_headers
from stream.kafka.partitions import Partition, partition_of
from stream.kafka.producer import OutgoingRecord
from stream.replay.selection import product_key

if TYPE_CHECKING:
    from stream.kafka.reader import Record
    from stream.kafka.topic_admin import TopicLayout
    from stream.replay.offset_range import OffsetRange
    from stream.replay.selection import Selection


class ReplayRoute(NamedTuple):
    """The topic that is replayed, and the topic that it is replayed into, which may be the same."""

    source: TopicLayout
    target_name: str
    target: TopicLayout


def copy_of(record: Record, route: ReplayRoute) -> OutgoingRecord:
    """Return a record to send with the same key, value and headers.

    Further headers say where the record stood first, its time then, and where this replay read it.
    """
    origin = Origin(*record.partition, record.offset, record.timestamp_ms)
    headers = replayed_headers(record.headers, origin, route.source.topic_id)
    number = target_partition(record, route.source.partitions, route.target.partitions)
    return OutgoingRecord(record.offset, route.target_name, record.key, record.value, number, headers)


def target_partition(record: Record, source_partitions: int, target_partitions: int) -> int:
    """Return the number of the partition that a record is sent to.

    It is the same number if both topics have as many partitions, so that the order within a partition is kept.
    Otherwise it is the partition of the record's product, or for a record that names no product its own number, modulo
    the partitions of the target.
    """
    number = record.partition.number
    if source_partitions == target_partitions:
        return number
    key = product_key(record)
    return number % target_partitions if key is None else partition_of(key, target_partitions)


def is_copy_within(record: Record, offset_range: OffsetRange, selection: Selection, topic_id: str) -> bool:
    """Return whether the record is an earlier replay's copy of a record within the range and the selection.

    Such a copy is left out: this replay sends the record that it was copied from, or another copy of that. Without
    this each replay of the last hour would double the one before it.
    """
    return any(
        offset_range.contains(Partition(origin.topic, origin.partition), origin.offset)
        and selection.selects_time(origin.timestamp_ms)
        for origin in origins_in(record.headers, topic_id)
    )
