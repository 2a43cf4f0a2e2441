"""Faust commits what the tracker says, on both brokers; and the pattern that loses events is caught losing them.

These hold what stream.agents.transport overrides in faust-streaming 0.15.3.

These tests prove docs/invariants.md#2.
"""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import faust
from kafka import KafkaProducer

from stream.agents.app import SESSION_TIMEOUTS_S, AppParts, connect, create_app
from stream.kafka.partitions import Partition
from stream.runtime.process import Failure
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping
    from pathlib import Path

    from stream.kafka.offset_tracker import InFlightRecord
    from stream.kafka.record_batch import RecordBatch
    from tests.support.running_broker import RunningBroker

RECORDS = 300
RECORDS_WITH_GAPS = 40
"""Each takes a transaction of its own, of some 60 ms."""
SEED = 20261122


def produce(broker: RunningBroker, place: Partition, *, with_gaps: bool) -> int:
    """The end of the partition; with gaps every record is followed by an offset that no consumer sees."""
    if not with_gaps:
        producer = KafkaProducer(bootstrap_servers=broker.address)
        for n in range(RECORDS):
            producer.send(place.topic, b"%d" % n, partition=place.number)
        producer.close()
        return RECORDS
    producer = KafkaProducer(bootstrap_servers=broker.address, transactional_id=f"gaps-{place.topic}")
    producer.init_transactions()
    for n in range(RECORDS_WITH_GAPS):
        producer.begin_transaction()
        producer.send(place.topic, b"%d" % n, partition=place.number)
        producer.commit_transaction()
    producer.close()
    return 2 * RECORDS_WITH_GAPS


class OneByOne:
    """A worker that hands each record to a function of the test."""

    def __init__(self, handle_one: Callable[[int, InFlightRecord], None], parts: AppParts) -> None:
        self._handle_one = handle_one
        self._parts = parts

    async def start_offsets(self, commits: Mapping[Partition, int]) -> Mapping[Partition, int]:
        return commits

    def assign(self, numbers: Collection[int]) -> None:
        pass

    async def handle(self, batch: RecordBatch) -> None:
        for record, in_flight in zip(batch.records, self._parts.trackers.start(batch), strict=True):
            self._handle_one(record.offset, in_flight)


@asynccontextmanager
async def running(broker: RunningBroker, data_dir: Path, place: Partition, handle: Any) -> AsyncIterator[AppParts]:
    parts = create_app(f"group-{place.topic}", broker.settings(data_dir=data_dir), Failure())
    connect(parts, [place.topic], OneByOne(handle, parts))
    await parts.app.start()
    try:
        yield parts
    finally:
        await parts.app.stop()


def commits(app: faust.App) -> dict[Any, int]:
    """Return the offsets that Faust's consumer committed, by its own topic-partitions."""
    consumer: Any = app.consumer
    return dict(consumer._committed_offset)


def committed(parts: AppParts, place: Partition) -> int | None:
    offsets = {Partition(tp.topic, tp.partition): at for tp, at in commits(parts.app).items()}
    return offsets.get(place)


async def out_of_order(broker: RunningBroker, data_dir: Path, *, with_gaps: bool) -> None:
    [place] = broker.new_topic()
    end = produce(broker, place, with_gaps=with_gaps)
    records = RECORDS_WITH_GAPS if with_gaps else RECORDS
    held: list[InFlightRecord] = []

    def handle(_offset: int, in_flight: InFlightRecord) -> None:
        held.append(in_flight)

    async with running(broker, data_dir, place, handle) as parts:
        await until(lambda: len(held) == records, "all records are delivered")
        print("seed", SEED)
        first, *rest = held
        random.Random(SEED).shuffle(rest)
        for record in rest:
            record.ack()
        await parts.app.consumer.commit()
        assert not committed(parts, place), "the first record is not acked: nothing may be committed"
        first.ack()
        await until(lambda: parts.trackers.committable(place) == end, "a gap at the very end is passed")
        await parts.app.consumer.commit()
        assert committed(parts, place) == end


async def test_out_of_order_completions_commit_up_to_the_first_that_is_not_acked(
    any_broker: RunningBroker, tmp_path: Path
) -> None:
    await out_of_order(any_broker, tmp_path, with_gaps=False)


async def test_a_log_with_a_gap_after_offset_zero_is_committed_to_its_end(
    apache_kafka: RunningBroker, tmp_path: Path
) -> None:
    """Faust itself never registers that gap, and commits stop forever."""
    await out_of_order(apache_kafka, tmp_path, with_gaps=True)


async def test_faust_collects_no_gaps_between_the_last_records_of_batches(
    embedded_broker: RunningBroker, tmp_path: Path
) -> None:
    """Faust would build a tree of all gaps again for each batch, and nothing would ever be taken out of it."""
    [place] = embedded_broker.new_topic()

    def handle(_offset: int, in_flight: InFlightRecord) -> None:
        in_flight.ack()

    async with running(embedded_broker, tmp_path, place, handle) as parts:
        consumer: Any = parts.app.consumer
        for end in (RECORDS, 2 * RECORDS):
            produce(embedded_broker, place, with_gaps=False)
            await until(lambda: parts.trackers.committable(place) == end, "all records are acked")  # noqa: B023
        assert not any(map(len, consumer._gap.values()))


async def committed_but_not_acked(parts: AppParts, place: Partition, acked: set[int]) -> list[int]:
    """Events that are lost for good: below the commit, and never acked."""
    await parts.app.consumer.commit()
    return [offset for offset in range(committed(parts, place) or 0) if offset not in acked]


async def test_events_whose_work_fails_are_not_committed(any_broker: RunningBroker, tmp_path: Path) -> None:
    [place] = any_broker.new_topic()
    produce(any_broker, place, with_gaps=False)
    acked: set[int] = set()
    seen = 0

    def handle(offset: int, in_flight: InFlightRecord) -> None:
        nonlocal seen
        seen += 1
        if offset % 50 != 49:
            acked.add(offset)
            in_flight.ack()

    async with running(any_broker, tmp_path, place, handle) as parts:
        await until(lambda: seen == RECORDS, "all records are delivered")
        assert await committed_but_not_acked(parts, place, acked) == []
        assert committed(parts, place) == 49


async def test_the_control_that_takes_batches_is_caught_losing_events(
    embedded_broker: RunningBroker, tmp_path: Path
) -> None:
    """`take` acks a batch in a `finally`: were the check above blind, it would pass here too."""
    [place] = embedded_broker.new_topic()
    produce(embedded_broker, place, with_gaps=False)
    acked: set[int] = set()
    app = faust.App(
        f"group-{place.topic}",
        broker=f"kafka://{embedded_broker.address}",
        datadir=str(tmp_path / "faust"),
        topic_allow_declare=False,
        topic_disable_leader=True,
        broker_session_timeout=SESSION_TIMEOUTS_S["embedded"],  # A group begins after half of it: by default 30 s.
        broker_heartbeat_interval=SESSION_TIMEOUTS_S["embedded"] / 4,
        broker_rebalance_timeout=2.0,
        stream_wait_empty=False,
    )
    app.boot_strategy.enable_web = False
    topic = app.topic(place.topic, value_type=bytes, value_serializer="raw")
    batches = 0

    async def agent(stream: Any) -> None:
        nonlocal batches
        async for batch in stream.take(25, within=0.2):
            batches += 1
            if batches == 2:
                raise RuntimeError("this batch fails")
            acked.update(int(value) for value in batch)

    async def lost() -> bool:
        await app.consumer.commit()
        ends = {tp.topic: offset for tp, offset in commits(app).items()}
        return any(n not in acked for n in range(ends.get(place.topic) or 0))

    app.agent(topic)(agent)
    app.finalize()
    await app.start()
    try:
        await until(lost, "the commit passes the batch that failed", every_s=0.2)
    finally:
        await app.stop()
