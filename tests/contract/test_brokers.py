"""One suite over the embedded broker and Apache Kafka, for everything that the rest relies on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiokafka.partitioner
import kafka.partitioner
import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.structs import TopicPartition

from schemas.errors import Misconfigured, Unavailable
from stream.kafka.end_offsets import EndOffsets
from stream.kafka.log_identity import log_identity
from stream.kafka.partitions import Partition, partition_of
from stream.kafka.reader import Reader
from stream.kafka.topic_admin import check_topics, ensure_topics
from stream.kafka.topics import INPUTS, ITEMS, all_topics
from stream.up.handover import InputHandover
from tests.support.running_broker import new_broker
from tests.support.waiting import HANG_S, wait_until
from workers.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

    from stream.kafka.reader import Record
    from tests.support.running_broker import RunningBroker

BATCH_SIZES = (1, 5, 2, 100, 1, 1000, 3)
CODECS = ("gzip", "snappy", "lz4", "zstd")


async def send(broker: RunningBroker, partition: Partition, count: int, *, first: int = 0, size: int = 100) -> None:
    """Send records in one batch, or in a few if they are large, and wait for the confirmations."""
    producer = AIOKafkaProducer(bootstrap_servers=broker.address, acks="all", linger_ms=20)
    await producer.start()
    values = [b"%d" % number + b" " * size for number in range(first, first + count)]
    await asyncio.gather(
        *[await producer.send(partition.topic, value, key=b"k", partition=partition.number) for value in values]
    )
    await producer.stop()


async def read(broker: RunningBroker, *partitions: Partition) -> list[Record]:
    async with Reader(broker.cluster) as reader:
        reader.assign(dict.fromkeys(partitions, 0))
        return [record async for records in reader.read_to_end() for record in records]


async def test_an_end_offset_is_exact_after_batches_of_any_size(any_broker: RunningBroker) -> None:
    partition, empty = any_broker.new_topic(partitions=2)
    total = 0
    async with EndOffsets(any_broker.cluster) as end_offsets:
        for size in BATCH_SIZES:
            await send(any_broker, partition, size)
            total += size
            async with EndOffsets(any_broker.cluster) as fresh_client:
                expected = {partition: total, empty: 0}
                assert await fresh_client.fetch([partition, empty]) == expected
            assert await end_offsets.fetch([partition, empty]) == expected


@pytest.mark.kafka
async def test_the_end_offset_of_a_topic_that_does_not_exist_is_unavailable(apache_kafka: RunningBroker) -> None:
    async with EndOffsets(apache_kafka.cluster, patience_s=0.2) as end_offsets:
        with pytest.raises(Unavailable, match="no-such-topic"):
            await end_offsets.fetch([Partition("no-such-topic", 0)])


async def test_an_end_offset_is_unavailable_while_the_broker_is_away(own_embedded_broker: RunningBroker) -> None:
    (partition,) = own_embedded_broker.new_topic()
    cluster = own_embedded_broker.cluster
    async with EndOffsets(cluster) as patient, EndOffsets(cluster, patience_s=0.2) as impatient:
        assert await patient.fetch([partition]) == {partition: 0}
        own_embedded_broker.kill()
        with pytest.raises(Unavailable):
            await impatient.fetch([partition])


async def test_a_busy_broker_does_not_deny_records_that_it_has(any_broker: RunningBroker) -> None:
    """The embedded broker did so under load, and a reader took the records for a gap."""
    partition, empty = any_broker.new_topic(partitions=2)
    await send(any_broker, partition, 100)

    async def ask(offset: int) -> bool:
        async with EndOffsets(any_broker.cluster) as end_offsets:
            answers = [await end_offsets.has_records(partition, offset) for _ in range(40)]
            return all(answers)

    assert all(await asyncio.gather(*(ask(offset) for offset in range(0, 100, 5))))
    async with EndOffsets(any_broker.cluster) as end_offsets:
        assert not await end_offsets.has_records(empty, 0)


async def test_reading_to_the_end_finds_every_record_once_and_in_order(any_broker: RunningBroker) -> None:
    partition, empty = any_broker.new_topic(partitions=2)
    total = 0
    for size in BATCH_SIZES:
        await send(any_broker, partition, size, first=total)
        total += size
        records = await read(any_broker, partition, empty)
        assert [record.offset for record in records] == list(range(total))
        assert [int(record.value or b"") for record in records] == list(range(total))


async def test_reading_goes_on_after_the_end(any_broker: RunningBroker) -> None:
    (partition,) = any_broker.new_topic()
    await send(any_broker, partition, 3)
    async with Reader(any_broker.cluster) as reader:
        reader.assign({partition: 1})
        found = [record.offset async for records in reader.read_to_end() for record in records]
        await send(any_broker, partition, 2, first=3)
        async with asyncio.timeout(HANG_S):
            async for records in reader.follow():
                found += [record.offset for record in records]
                if found[-1] == 4:
                    break
        assert found == [1, 2, 3, 4]
        assert reader.positions == {partition: 5}


async def test_a_reader_stops_although_its_partitions_have_just_changed(any_broker: RunningBroker) -> None:
    partition, other = any_broker.new_topic(partitions=2)
    async with asyncio.timeout(HANG_S) as patience:
        for _ in range(5):
            async with Reader(any_broker.cluster) as reader:
                reader.assign({partition: 0})
                await reader.end_offsets()
                reader.assign({other: 0})
    assert not patience.expired()


async def test_records_that_take_longer_to_find_than_a_fetch_waits_are_found(
    own_embedded_broker: RunningBroker,
) -> None:
    """The embedded broker looks through 6,000 batches in 4 ms: a fetch with a wait of 1 ms never brought a record."""
    (partition,) = own_embedded_broker.new_topic()
    producer = AIOKafkaProducer(bootstrap_servers=own_embedded_broker.address, acks="all")
    await producer.start()
    for _ in range(6_000):
        await producer.send_and_wait(partition.topic, b"{}", partition=0)
    await producer.stop()
    async with Reader(own_embedded_broker.cluster, fetch_wait_ms=1) as reader, asyncio.timeout(HANG_S):
        reader.assign({partition: 5_998})
        assert [r.offset async for records in reader.read_to_end() for r in records] == [5_998, 5_999]


async def test_records_of_megabytes_are_read(any_broker: RunningBroker) -> None:
    (partition,) = any_broker.new_topic(configs={"max.message.bytes": str(10 << 20)})
    producer = AIOKafkaProducer(bootstrap_servers=any_broker.address, max_request_size=10 << 20)
    await producer.start()
    for _ in range(3):
        await producer.send_and_wait(partition.topic, b"x" * (6 << 20), partition=0)
    await producer.stop()
    assert [len(record.value or b"") for record in await read(any_broker, partition)] == [6 << 20] * 3


async def test_records_are_read_however_their_producer_or_their_broker_has_compressed_them(
    any_broker: RunningBroker,
) -> None:
    """aiokafka reads gzip by itself, and fails at a batch of any other kind unless the library for it is installed."""
    (partition,) = any_broker.new_topic()
    for codec in CODECS:
        producer = AIOKafkaProducer(bootstrap_servers=any_broker.address, compression_type=codec)
        await producer.start()
        await producer.send_and_wait(partition.topic, b"blue " * 1000, key=codec.encode(), partition=partition.number)
        await producer.stop()
    found = await read(any_broker, partition)
    assert [(record.key, record.value) for record in found] == [(codec.encode(), b"blue " * 1000) for codec in CODECS]


@pytest.mark.kafka
async def test_a_log_whose_beginning_was_deleted_is_read_from_there(apache_kafka: RunningBroker) -> None:
    (partition,) = apache_kafka.new_topic()
    await send(apache_kafka, partition, 10)
    admin = KafkaAdminClient(bootstrap_servers=apache_kafka.address)
    admin.delete_records({TopicPartition(*partition): 7})
    admin.close()
    assert [record.offset for record in await read(apache_kafka, partition)] == [7, 8, 9]


@pytest.mark.kafka
async def test_a_log_that_was_emptied_is_at_its_end(apache_kafka: RunningBroker) -> None:
    (partition,) = apache_kafka.new_topic()
    await send(apache_kafka, partition, 10)
    admin = KafkaAdminClient(bootstrap_servers=apache_kafka.address)
    admin.delete_records({TopicPartition(*partition): 10})
    admin.close()
    assert await read(apache_kafka, partition) == []


@pytest.mark.kafka
async def test_offsets_without_a_record_at_the_end_are_passed(apache_kafka: RunningBroker) -> None:
    """The marker of a transaction takes an offset that no reader ever gets."""
    (partition,) = apache_kafka.new_topic()
    producer = AIOKafkaProducer(bootstrap_servers=apache_kafka.address, transactional_id=partition.topic)
    await producer.start()
    async with producer.transaction():
        await producer.send_and_wait(partition.topic, b"0", partition=0)
    await producer.stop()
    async with EndOffsets(apache_kafka.cluster) as end_offsets, asyncio.timeout(HANG_S):
        while await end_offsets.fetch([partition]) != {partition: 2}:
            pass
    assert [record.offset for record in await read(apache_kafka, partition)] == [0]


def test_topics_are_created_once_and_found_as_they_should_be(any_broker: RunningBroker) -> None:
    settings = any_broker.settings(partitions=3)
    ensure_topics(settings)
    ensure_topics(settings)
    admin = KafkaAdminClient(bootstrap_servers=any_broker.address)
    described = {t["name"]: t for t in admin.describe_topics([topic.name for topic in all_topics(settings)])}
    admin.close()
    assert {name: len(topic["partitions"]) for name, topic in described.items()} == {
        "products": 3,
        "prices": 3,
        "reviews": 3,
        "items": 3,
        "review-states": 3,
        "products.dlq": 3,
        "prices.dlq": 3,
        "reviews.dlq": 3,
        "items.dlq": 3,
        "progress": 3,
        "rules": 3,
        "watches": 3,
        "alerts": 3,
    }


@pytest.mark.kafka
def test_topics_are_created_with_the_settings_that_they_need(tmp_path: Path) -> None:
    """The settings are about sizes, times, retention, and how many replicas must have a record."""
    broker = new_broker("kafka", tmp_path).start()
    try:
        ensure_topics(broker.settings(min_insync_replicas=3))
        names = [topic.name for topic in all_topics(broker.settings())]
        admin = KafkaAdminClient(bootstrap_servers=broker.address)
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        described = admin.describe_configs(resources, config_filter="all")["topic"]
        assert check_topics(broker.settings(min_insync_replicas=3)) == ([], None, [])
        changed = ConfigResource(ConfigResourceType.TOPIC, "prices", {"message.timestamp.type": "CreateTime"})
        admin.alter_configs([changed])
        admin.close()
        wait_until(lambda: bool(check_topics(broker.settings()).unfit), "the change is told")
        assert "topic prices has message.timestamp.type=CreateTime" in check_topics(broker.settings()).unfit[0].said
    finally:
        broker.kill()

    def setting(name: str) -> dict[str, str]:
        return {topic: described[topic][name]["value"] for topic in names}

    compacted = {"items", "review-states", "progress", "rules", "watches"}
    assert {topic for topic, value in setting("cleanup.policy").items() if value == "compact"} == compacted
    appended = setting("message.timestamp.type")
    assert [appended[topic] for topic in INPUTS] == ["LogAppendTime"] * 3
    bytes_max = setting("max.message.bytes")
    assert (bytes_max["prices"], bytes_max["prices.dlq"]) == (str(8 << 20), str(10 << 20))
    assert setting("retention.ms")["prices.dlq"] == "-1"
    assert set(setting("min.insync.replicas").values()) == {"3"}


def test_the_topics_of_an_embedded_broker_have_nothing_to_mend(own_embedded_broker: RunningBroker) -> None:
    ensure_topics(own_embedded_broker.settings())
    assert check_topics(own_embedded_broker.settings()) == ([], None, [])


def test_dead_letters_lie_in_as_many_partitions_as_events(own_embedded_broker: RunningBroker) -> None:
    """Each is in the partition of its event; with fewer partitions the worker could not send some."""
    admin = KafkaAdminClient(bootstrap_servers=own_embedded_broker.address)
    admin.create_topics({"prices.dlq": {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()
    with pytest.raises(Misconfigured, match=r"topic prices\.dlq has 1 partitions .* --alter --topic prices\.dlq"):
        ensure_topics(own_embedded_broker.settings(partitions=4))


def test_a_topic_with_other_partitions_is_named_in_one_line(any_broker: RunningBroker) -> None:
    ensure_topics(any_broker.settings(partitions=3))
    with pytest.raises(Misconfigured) as refused:
        ensure_topics(any_broker.settings(partitions=5))
    message = str(refused.value)
    assert "topic products has 3 partitions and should have 5" in message
    assert "FRESHLINE_PARTITIONS=3" in message
    assert "\n" not in message


@pytest.mark.kafka
def test_a_topic_that_would_lose_state_is_refused(tmp_path: Path) -> None:
    """An item log that is not compacted but deleted after a week loses what was not changed since."""
    broker = new_broker("kafka", tmp_path).start()
    try:
        admin = KafkaAdminClient(bootstrap_servers=broker.address)
        admin.create_topics({ITEMS: {"num_partitions": 4, "replication_factor": 1}}, wait_for_metadata=True)
        with pytest.raises(Misconfigured, match=r"topic items has cleanup.policy=delete and should have compact"):
            ensure_topics(broker.settings())
        _delete_items(admin)
        admin.close()
        _check_the_log_keeps_its_identity(broker)
    finally:
        broker.kill()


def _check_the_log_keeps_its_identity(broker: RunningBroker) -> None:
    """The identity stays when a broker starts again on its directory, and changes with a new item log."""
    ensure_topics(broker.settings())
    first = asyncio.run(log_identity(broker.cluster, epoch_floor=6))
    assert first.epoch == 7
    broker.kill()
    broker.start()
    assert asyncio.run(log_identity(broker.cluster)) == first
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    _delete_items(admin)
    admin.close()
    ensure_topics(broker.settings())
    new = asyncio.run(log_identity(broker.cluster))
    assert new.epoch == 8
    assert new.log_id != first.log_id


def _delete_items(admin: KafkaAdminClient) -> None:
    """Delete the item log, and return once the broker, which goes on to describe it for a moment, shows none."""
    admin.delete_topics([ITEMS])
    wait_until(lambda: admin.describe_topics([ITEMS])[0]["error_code"] != 0, "the topic is gone")


def test_an_embedded_broker_that_starts_again_is_another_log(own_embedded_broker: RunningBroker) -> None:
    broker = own_embedded_broker
    ensure_topics(broker.settings())
    first = asyncio.run(log_identity(broker.cluster))
    assert asyncio.run(log_identity(broker.cluster)) == first
    broker.kill()
    broker.start()
    ensure_topics(broker.settings())
    new = asyncio.run(log_identity(broker.cluster, epoch_floor=first.epoch))
    assert new.epoch == first.epoch + 1
    assert new.log_id != first.log_id


async def test_workers_that_start_at_once_agree_on_the_log(own_embedded_broker: RunningBroker) -> None:
    ensure_topics(own_embedded_broker.settings())
    found = await asyncio.gather(*(log_identity(own_embedded_broker.cluster, epoch_floor=3) for _ in range(4)))
    assert len(set(found)) == 1


async def test_the_epoch_rises_above_what_another_log_left_in_the_index(own_embedded_broker: RunningBroker) -> None:
    """Otherwise the index would refuse the versions of this log forever."""
    ensure_topics(own_embedded_broker.settings())
    first = await log_identity(own_embedded_broker.cluster)
    assert first.epoch == 1
    assert await log_identity(own_embedded_broker.cluster, epoch_floor=5) == first._replace(epoch=6)
    assert await log_identity(own_embedded_broker.cluster, epoch_floor=6) == first._replace(epoch=6)
    assert await log_identity(own_embedded_broker.cluster) == first._replace(epoch=6)


def test_all_clients_put_a_product_into_the_same_partition() -> None:
    everyone = list(range(7))
    for number in range(2000):
        key = f"商品-{number}".encode()
        ours = partition_of(key, 7)
        assert ours == aiokafka.partitioner.DefaultPartitioner()(key, everyone, everyone)
        assert ours == (kafka.partitioner.murmur2(key) & 0x7FFFFFFF) % 7
        assert ours == partition_of(key + b"\0review", 7)


class Ending:
    """A log that is about to end."""

    ended = 0

    async def pull(self) -> None:
        assert not self.ended

    async def end_broker(self) -> None:
        self.ended += 1


async def test_the_input_events_of_a_log_go_into_the_next_one_whole_and_in_order(
    embedded_broker: RunningBroker, tmp_path: Path
) -> None:
    """All events are collected even if that takes longer than a gain may, because fewer and fewer are left."""
    partitions = embedded_broker.new_topic(partitions=2)
    for partition in partitions:
        await send(embedded_broker, partition, 2_500)
    ending = Ending()
    handover = InputHandover(partitions, tmp_path / "tail", SystemClock(), gain_seconds_max=0.0)
    await handover.collect(embedded_broker.cluster, ending)
    handover.save()
    published = InputHandover(partitions, tmp_path / "tail", SystemClock())
    await published.publish(embedded_broker.cluster)
    published.forget("2000-01-01T00:00:00.000Z")
    assert (tmp_path / "tail").exists()
    published.forget("2999-01-01T00:00:00.000Z")
    assert not (tmp_path / "tail").exists()
    assert ending.ended == 1
    for partition in partitions:
        values = [record.value for record in await read(embedded_broker, partition)]
        assert len(values) == 5_000 and values[:2_500] == values[2_500:]
