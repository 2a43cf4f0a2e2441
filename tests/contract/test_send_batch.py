"""Records that are sent together: in order, whatever their sizes, and confirmed by the offset of the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer

from stream.kafka.reader import Reader
from stream.kafka.send import KeyedRecord
from stream.kafka.send_batch import send_batch

if TYPE_CHECKING:
    from tests.support.running_broker import RunningBroker

BATCH_BYTES = 16_384
SIZES_BYTES = (10, 100, 9_000, 9_000, 40_000, 1, 15_000, 15_000, 5)
"""Some fill a batch together, some are larger than a batch."""


async def test_a_batch_is_appended_in_order_and_confirmed_by_its_last_offset(any_broker: RunningBroker) -> None:
    [partition] = any_broker.new_topic()
    records = [KeyedRecord(b"%d" % n, b"x" * size, [("n", b"%d" % n)]) for n, size in enumerate(SIZES_BYTES)]
    producer = AIOKafkaProducer(bootstrap_servers=any_broker.address, acks="all", max_batch_size=BATCH_BYTES)
    await producer.start()
    try:
        first = await (await send_batch(producer, partition.topic, partition.number, records[:1]))
        last = await (await send_batch(producer, partition.topic, partition.number, records[1:]))
    finally:
        await producer.stop()
    assert (first, last) == (0, len(records) - 1)
    async with Reader(any_broker.cluster) as reader:
        reader.assign({partition: 0})
        found = [record async for several in reader.read_to_end() for record in several]
    assert [(record.key, record.value, list(record.headers)) for record in found] == [tuple(each) for each in records]
