"""The differences between the embedded broker and Apache Kafka: those that Freshline hides, and those that it
does not."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from stream.items.arrival import LOG_APPEND_TIME, arrival
from stream.kafka.end_offsets import EndOffsets
from stream.kafka.partitions import Partition
from stream.kafka.producer import OutgoingRecord, Producer
from stream.kafka.producer_connection import REQUEST_BYTES_MAX
from stream.kafka.reader import Reader
from stream.kafka.send_report import SendReport
from stream.kafka.topic_admin import stamps_are_unknown
from stream.replay.offset_range import find_range
from stream.replay.selection import OPEN, Bound, Selection
from stream.replay.source import ReplaySource

if TYPE_CHECKING:
    from tests.support.running_broker import RunningBroker

STAMPED = {"message.timestamp.type": "LogAppendTime"}
MINUTE_MS = 60_000


@pytest.mark.parametrize("producers_ms", [1_000, 1_600_000_000_000])
async def test_a_record_of_a_clock_that_is_behind_arrives_now(any_broker: RunningBroker, producers_ms: int) -> None:
    """The embedded broker ignores that its topic asks for a stamp; the worker finds the arrival on both."""
    [partition] = any_broker.new_topic(configs=STAMPED)
    producer = AIOKafkaProducer(bootstrap_servers=any_broker.address)
    await producer.start()
    await producer.send_and_wait(partition.topic, b"{}", timestamp_ms=producers_ms, partition=0)
    await producer.stop()
    consumer = AIOKafkaConsumer(bootstrap_servers=any_broker.address, auto_offset_reset="earliest")
    await consumer.start()
    consumer.assign([TopicPartition(*partition)])
    record = await consumer.getone()
    await consumer.stop()
    now_ms = int(time.time() * 1000)
    unknown = stamps_are_unknown(any_broker.cluster, partition.topic)
    assert unknown is (record.timestamp_type != LOG_APPEND_TIME)
    found = arrival(record.timestamp, record.timestamp_type, now_ms, stamped_by_producers=unknown)
    assert abs(found.at_ms - now_ms) < MINUTE_MS


def test_a_topic_whose_producers_are_to_stamp_is_told_where_the_broker_tells(any_broker: RunningBroker) -> None:
    """On Apache Kafka the producers' times count on such a topic, however old they are."""
    [partition] = any_broker.new_topic(configs={"message.timestamp.type": "CreateTime"})
    assert not stamps_are_unknown(any_broker.cluster, partition.topic)


def test_a_record_that_is_too_large_is_refused_and_the_others_are_sent(any_broker: RunningBroker) -> None:
    """The embedded broker ignores max.message.bytes; commands refuse what the topics of Freshline may not take."""
    [partition] = any_broker.new_topic(configs={"max.message.bytes": str(REQUEST_BYTES_MAX)})
    values = {1: b"x", 2: b"x" * REQUEST_BYTES_MAX, 3: b"x"}
    report = SendReport()
    with Producer(any_broker.cluster) as producer:
        producer.send_all((OutgoingRecord(n, partition.topic, b"k", value, 0) for n, value in values.items()), report)
    assert (report.confirmed, list(report.refused)) == (2, [2])


def test_no_record_is_of_a_time_after_the_last_one(any_broker: RunningBroker) -> None:
    """The embedded broker answers such a time with the first offset."""
    [partition] = any_broker.new_topic()
    with Producer(any_broker.cluster) as producer:
        producer.send_all([OutgoingRecord(1, partition.topic, b"k", b"v", 0)], SendReport())
    tomorrow = Selection(Bound(time_ms=int(time.time() * 1000) + 24 * 60 * MINUTE_MS), OPEN, None, None)
    found = find_range(any_broker.cluster, partition.topic, 1, tomorrow)
    with ReplaySource(any_broker.cluster, found) as source:
        assert [record for record in source.records() if tomorrow.selects(record)] == []


@pytest.mark.kafka
async def test_records_of_an_aborted_transaction_are_read(apache_kafka: RunningBroker) -> None:
    """docs/events.md says so. The embedded broker gives aiokafka no transaction (UnknownError)."""
    [partition] = apache_kafka.new_topic()
    producer = AIOKafkaProducer(bootstrap_servers=apache_kafka.address, transactional_id=partition.topic)
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(partition.topic, b"aborted", partition=0)
    await producer.abort_transaction()
    async with producer.transaction():
        await producer.send_and_wait(partition.topic, b"committed", partition=0)
    await producer.stop()
    async with Reader(apache_kafka.cluster) as reader:
        reader.assign({partition: 0})
        found = [record.value async for records in reader.read_to_end() for record in records]
    assert found == [b"aborted", b"committed"]


async def test_the_embedded_broker_creates_a_topic_that_is_asked_for(embedded_broker: RunningBroker) -> None:
    """Apache Kafka says that there is none (test_brokers.py). `ensure_topics` therefore looks before anything asks."""
    missing = Partition(f"missing-{uuid.uuid4().hex}", 0)
    async with EndOffsets(embedded_broker.cluster) as end_offsets:
        assert await end_offsets.fetch([missing]) == {missing: 0}
