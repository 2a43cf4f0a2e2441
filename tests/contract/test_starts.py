"""The offsets at which a Faust app begins to read: no record above the start offset of its worker, whatever happens
meanwhile.

These hold what stream.agents.transport and stream.agents.app override in faust-streaming 0.15.3.
"""

from __future__ import annotations

import asyncio
import logging
import warnings
from contextlib import AsyncExitStack, asynccontextmanager
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from faust.exceptions import AlreadyConfiguredWarning
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition

from stream.agents.app import AppParts, connect, create_app
from stream.kafka.client_log import FETCHER, ClientLog
from stream.runtime.process import Failure
from stream.runtime.settings import Settings
from tests.support.waiting import outcome_of, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping
    from pathlib import Path

    from stream.kafka.partitions import Partition
    from stream.kafka.record_batch import RecordBatch
    from tests.support.running_broker import RunningBroker

RECORDS = 40
COMMIT = 20
FAUST_WAITS_S = 0.2


class Member:
    """One worker of the group, which reads everything again once it may start."""

    def __init__(self, commit: int = COMMIT) -> None:
        self.commit = commit
        self.may_start = asyncio.Event()
        self.asked = 0
        self.handled: list[tuple[int, int, int]] = []
        """(generation, partition, offset)."""
        self.assigned: set[int] = set()
        self.failure = Failure()

    async def start_offsets(self, commits: Mapping[Partition, int]) -> dict[Partition, int]:
        self.asked += 1
        await self.may_start.wait()
        assert set(commits.values()) == {self.commit}
        return dict.fromkeys(commits, 0)

    async def handle(self, batch: RecordBatch) -> None:
        number = batch.partition.number
        self.handled += [(batch.generation_id, number, record.offset) for record in batch.records]

    def assign(self, numbers: Collection[int]) -> None:
        self.assigned = set(numbers)

    @property
    def firsts(self) -> set[int]:
        """The first offset of each partition in each generation."""
        firsts: dict[tuple[int, int], int] = {}
        for generation, number, offset in self.handled:
            firsts.setdefault((generation, number), offset)
        return set(firsts.values())

    def has_all(self) -> bool:
        """Return whether every record of the partitions assigned now came in their newest generation."""
        newest = max((generation for generation, _, _ in self.handled), default=None)
        of_it = {(number, offset) for generation, number, offset in self.handled if generation == newest}
        return {(number, offset) for number in self.assigned for offset in range(RECORDS)} <= of_it


class FromCommits(Member):
    """A member that begins at the commits."""

    async def start_offsets(self, commits: Mapping[Partition, int]) -> dict[Partition, int]:
        await super().start_offsets(commits)
        return dict(commits)


@asynccontextmanager
async def running(
    member: Member, broker: RunningBroker, data_dir: Path, topic: str, slot: str = "0"
) -> AsyncIterator[AppParts]:
    parts = create_app(f"group-{topic}", broker.settings(data_dir=data_dir, worker_slot=slot), member.failure)
    connect(parts, [topic], member)
    await parts.app.start()
    with warnings.catch_warnings():
        # Faust warns of a setting that changes once it was read.
        warnings.simplefilter("ignore", AlreadyConfiguredWarning)
        parts.app.conf.broker_request_timeout = FAUST_WAITS_S  # Not before: a consumer is not made with so little.
    try:
        yield parts
    finally:
        await parts.app.stop()


def with_records(broker: RunningBroker) -> str:
    """A topic of two partitions."""
    places = broker.new_topic(partitions=2)
    producer = KafkaProducer(bootstrap_servers=broker.address)
    for n in range(RECORDS):
        for place in places:
            producer.send(place.topic, b"%d" % n, partition=place.number)
    producer.close()
    return places[0].topic


@pytest.fixture
def topic(any_broker: RunningBroker) -> str:
    """A topic of two partitions with records, the group's commits half way."""
    name = with_records(any_broker)
    consumer = KafkaConsumer(bootstrap_servers=any_broker.address, group_id=f"group-{name}", enable_auto_commit=False)
    consumer.commit({TopicPartition(name, place): OffsetAndMetadata(COMMIT, "", -1) for place in (0, 1)})
    consumer.close()
    return name


async def test_a_start_that_takes_longer_than_faust_waits_is_kept_to(
    any_broker: RunningBroker, tmp_path: Path, topic: str
) -> None:
    """An index that is away for a minute while its worker starts: Faust itself would never read again."""
    member = Member()
    async with running(member, any_broker, tmp_path, topic):
        await until(lambda: member.asked > 0, "it asks where to start")
        await asyncio.sleep(2 * FAUST_WAITS_S)  # This long the start takes: longer than Faust waits.
        assert member.handled == []
        member.may_start.set()
        await until(member.has_all, "all records are delivered")
        assert member.firsts == {0}


async def test_a_rebalance_while_it_asks_where_to_start_lets_no_record_above_the_start_pass_for_the_first(
    any_broker: RunningBroker, tmp_path: Path, topic: str
) -> None:
    first, second = Member(), Member()
    async with AsyncExitStack() as closing:
        await closing.enter_async_context(running(first, any_broker, tmp_path, topic))
        await until(lambda: first.asked > 0, "the first asks where to start")
        await closing.enter_async_context(running(second, any_broker, tmp_path, topic, slot="1"))
        first.may_start.set()
        await until(lambda: second.asked > 0, "the second asks where to start")
        second.may_start.set()
        await until(
            lambda: first.assigned | second.assigned == {0, 1} and bool(first.assigned and second.assigned),
            "each has one",
        )
        await until(lambda: first.has_all() and second.has_all(), "all records are delivered")
        assert first.firsts | second.firsts == {0}


async def test_records_that_the_broker_deleted_before_they_were_read_are_said_to_be_lost(
    apache_kafka: RunningBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """aiokafka goes on at the beginning of the log without a warning."""
    name = with_records(apache_kafka)
    places = [TopicPartition(name, number) for number in (0, 1)]
    consumer = KafkaConsumer(bootstrap_servers=apache_kafka.address, group_id=f"group-{name}", enable_auto_commit=False)
    consumer.commit({place: OffsetAndMetadata(COMMIT, "", -1) for place in places})
    consumer.close()
    admin = KafkaAdminClient(bootstrap_servers=apache_kafka.address)
    admin.delete_records({places[0]: COMMIT + 10})
    admin.close()
    member = FromCommits(COMMIT)
    member.may_start.set()
    lines, log = StringIO(), logging.getLogger(FETCHER)
    handler = logging.StreamHandler(lines)
    handler.addFilter(ClientLog(apache_kafka.cluster))
    with caplog.at_level(logging.INFO, FETCHER):
        log.addHandler(handler)
        async with running(member, apache_kafka, tmp_path, name):
            await until(lambda: len(member.handled) == 2 * (RECORDS - COMMIT) - 10, "what is left is delivered")
        log.removeHandler(handler)
    assert lines.getvalue().startswith(f"partition 0 of {name} has no offset {COMMIT} any more")
    assert lines.getvalue().count("\n") == 1


async def test_a_seek_goes_back_to_the_start_also_where_there_is_no_commit(
    any_broker: RunningBroker, tmp_path: Path
) -> None:
    """The records that a fetch took and a rebalance dropped lie before the position; aiokafka's seek leaves
    that alone."""
    member = Member(commit=0)
    member.may_start.set()
    async with running(member, any_broker, tmp_path, with_records(any_broker)) as parts:
        await until(lambda: len(member.handled) == 2 * RECORDS, "all records are delivered")
        await parts.app.consumer.perform_seek()
        await until(lambda: len(member.handled) == 4 * RECORDS, "all are delivered once more")
    assert member.handled[2 * RECORDS :].count((member.handled[0][0], 0, 0)) == 1


async def test_the_failure_of_any_part_of_faust_is_reported(tmp_path: Path) -> None:
    """Faust itself would stay as it is, and stop reading."""
    failure = Failure()
    parts = create_app("nobody", Settings(kafka="127.0.0.1:9", data_dir=tmp_path), failure)
    connect(parts, ["anything"], Member())
    await parts.app.consumer.crash(RuntimeError("it broke"))
    with pytest.raises(RuntimeError, match="it broke"):
        await outcome_of(failure.wait(), "the failure is reported")
