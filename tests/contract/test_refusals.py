"""Records that a broker refuses, or that clients cannot write: the others go on, on both brokers."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaProducer

from schemas.errors import Unavailable
from stream.kafka.producer import OutgoingRecord, Producer
from stream.kafka.reader import Reader
from stream.kafka.send_outcomes import REFUSALS_MAX, REFUSES_EVERYTHING
from stream.kafka.send_report import SendReport
from stream.state_files.records import StateRecord, publish_states

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stream.kafka.partitions import Partition
    from stream.kafka.reader import Record
    from tests.support.running_broker import RunningBroker

SMALL, BIG = b"x" * 100, b"x" * 3_000


async def read(broker: RunningBroker, partitions: Sequence[Partition]) -> list[Record]:
    async with Reader(broker.cluster) as reader:
        reader.assign(dict.fromkeys(partitions, 0))
        return [record async for records in reader.read_to_end() for record in records]


@pytest.mark.parametrize("big", [(3,), (1,), (6,), (2, 3, 5)])
async def test_only_the_records_that_a_broker_refuses_are_not_sent(
    apache_kafka: RunningBroker, big: tuple[int, ...]
) -> None:
    partitions = apache_kafka.new_topic(partitions=2, configs={"max.message.bytes": "1500"})
    records = [
        OutgoingRecord(line, partitions[0].topic, b"%d" % line, BIG if line in big else b"%d" % line + SMALL, line % 2)
        for line in range(1, 7)
    ]
    report = SendReport()
    with Producer(apache_kafka.cluster) as producer:
        producer.send_all(records[:4], report)
        producer.send_all(records[4:], report)
    assert sorted(problem.line for problem in report.problems) == sorted(big)
    assert all("MessageSizeTooLarge" in problem.reason for problem in report.problems)
    assert (report.confirmed, report.failed, report.stopped) == (6 - len(big), len(big), None)
    found = await read(apache_kafka, partitions)
    # A request on its way to the other partition may be written and blamed, and its record comes twice.
    assert {record.key for record in found} == {b"%d" % n for n in range(1, 7) if n not in big}


async def test_a_broker_that_refuses_every_record_is_not_asked_for_ever(apache_kafka: RunningBroker) -> None:
    [partition] = apache_kafka.new_topic(configs={"max.message.bytes": "1500"})
    report = SendReport()
    with Producer(apache_kafka.cluster, in_flight_max=10) as producer:
        producer.send_all((OutgoingRecord(n, partition.topic, b"k", BIG, 0) for n in range(1, 1_000)), report)
    assert report.confirmed == 0
    assert report.stopped is not None and REFUSES_EVERYTHING in report.stopped
    assert REFUSALS_MAX <= report.failed < 100


async def test_of_an_item_state_that_is_refused_all_others_are_imported(apache_kafka: RunningBroker) -> None:
    """The limit of a topic is one for what is sent together: the broker refuses the small ones beside it as well."""
    [partition] = apache_kafka.new_topic(configs={"max.message.bytes": "1500"})
    records = [StateRecord(partition, b"item %d" % n, BIG if n == 3 else SMALL) for n in range(1, 31)]
    with pytest.raises(Unavailable, match=r"the state of item 3 \(.*MessageSize.*; 29 other records were confirmed"):
        await publish_states(apache_kafka.cluster, records, writer=b"import")
    found = [record.key for record in await read(apache_kafka, [partition])]
    assert set(found) == {record.key for record in records if record.value == SMALL} and len(found) == 29


async def test_an_item_log_that_refuses_everything_is_not_asked_for_ever(apache_kafka: RunningBroker) -> None:
    [partition] = apache_kafka.new_topic(configs={"max.message.bytes": "1500"})
    records = (StateRecord(partition, b"%d" % n, BIG) for n in range(10_000))
    with pytest.raises(Unavailable, match=r"did not confirm the item state.*MessageSize"):
        await publish_states(apache_kafka.cluster, records, writer=b"import")
    assert next(records, None) is not None


async def test_a_record_with_a_header_without_a_value_can_be_copied(any_broker: RunningBroker) -> None:
    [source] = any_broker.new_topic()
    [target] = any_broker.new_topic()
    sender = AIOKafkaProducer(bootstrap_servers=any_broker.address)
    await sender.start()
    with contextlib.closing(Producer(any_broker.cluster)) as producer:
        await sender.send_and_wait(source.topic, b"v", key=b"k", headers=[("trace", None), ("other", b"1")])
        [record] = await read(any_broker, [source])
        report = SendReport()
        producer.send_all([OutgoingRecord(1, target.topic, record.key, record.value, 0, record.headers)], report)
    await sender.stop()
    assert (report.confirmed, report.problems) == (1, [])
    [copied] = await read(any_broker, [target])
    assert copied.headers == (("trace", b""), ("other", b"1"))
