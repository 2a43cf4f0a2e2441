"""Batches of records, as a worker's consumer hands them over."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from stream.kafka.record_batch import RecordBatch

if TYPE_CHECKING:
    from stream.kafka.partitions import Partition


class MadeRecord(NamedTuple):
    """A record of a batch."""

    offset: int
    key: bytes | None = None
    value: bytes | None = None
    timestamp: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp_type: int = 0


def batch_of(partition: Partition, *records: MadeRecord, generation_id: int = 1) -> RecordBatch:
    """Return these records as one batch."""
    return RecordBatch(partition, generation_id, records, records[-1].offset + 1)


def gap_to(end: int, partition: Partition, *, generation_id: int = 1) -> RecordBatch:
    """Return a batch without records that was read up to an offset."""
    return RecordBatch(partition, generation_id, (), end)


def batch_at(partition: Partition, *offsets: int, generation_id: int = 1) -> RecordBatch:
    """Return a batch of records of which only the offsets count."""
    return batch_of(partition, *map(MadeRecord, offsets), generation_id=generation_id)
