"""Records of one partition as batches of the producer: one future and one request for many records."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from aiokafka import AIOKafkaProducer
    from aiokafka.structs import RecordMetadata

    from stream.kafka.send import KeyedRecord


async def send_batch(
    producer: AIOKafkaProducer, topic: str, partition: int, records: Sequence[KeyedRecord]
) -> Awaitable[int]:
    """Put records, at least one, into the producer's buffer, in order; see `stream.kafka.send.Sender`.

    They go as few batches as hold them, since a batch has a bound in bytes. A batch that is full refuses a record, but
    an empty one takes a record of any size.
    """
    sent: list[tuple[Awaitable[RecordMetadata], int]] = []
    batch: Any = producer.create_batch()
    for record in records:
        if not _appended(batch, record):
            sent.append(await _submitted(producer, batch, topic, partition))
            batch = producer.create_batch()
            _appended(batch, record)
    sent.append(await _submitted(producer, batch, topic, partition))
    return asyncio.ensure_future(_last_offset(sent))


def _appended(batch: Any, record: KeyedRecord) -> bool:
    return batch.append(timestamp=None, key=record.key, value=record.value, headers=record.headers) is not None


async def _submitted(
    producer: AIOKafkaProducer, batch: Any, topic: str, partition: int
) -> tuple[Awaitable[RecordMetadata], int]:
    records = batch.record_count()
    batch.close()  # Otherwise records that are sent one by one would join it.
    return await producer.send_batch(batch, topic, partition=partition), records


async def _last_offset(sent: Sequence[tuple[Awaitable[RecordMetadata], int]]) -> int:
    """Return the offset of the last record, once every batch is confirmed. A confirmation has its batch's first one."""
    ends: list[int] = [(await confirmed).offset + records for confirmed, records in sent]
    return ends[-1] - 1
