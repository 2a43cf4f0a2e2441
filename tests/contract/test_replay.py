"""Replays over the embedded broker and Apache Kafka."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from schemas.errors import FreshlineError
from stream.kafka.headers import COPY_OF, Origin, event_time_ms, origin_of
from stream.kafka.partitions import partition_of
from stream.replay.offset_range import OffsetRange, end_offsets_now
from stream.replay.run import execute, prepare
from stream.replay.selection import OPEN, Selection
from stream.replay.sending import RateLimit
from stream.replay.source import ReplaySource
from tests.support.running_commands import Done, freshline
from tests.support.waiting import HANG_S, wait_until
from workers.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from stream.kafka.partitions import Partition
    from stream.kafka.reader import Record
    from tests.support.running_broker import RunningBroker

T_MS = 1_790_000_000_000
"""The timestamp of the first record; the others follow a second apart."""


class Stage(NamedTuple):
    """A topic with records of known keys and times."""

    broker: RunningBroker
    partitions: list[Partition]

    @property
    def topic(self) -> str:
        return self.partitions[0].topic

    def replay(self, *arguments: str) -> Done:
        return freshline("replay", self.topic, "--kafka", self.broker.address, *arguments)

    def records(self, partitions: Sequence[Partition] | None = None) -> list[Record]:
        """Every record, sorted by partition and offset."""
        partitions = partitions or self.partitions
        offset_range = OffsetRange(dict.fromkeys(partitions, 0), end_offsets_now(self.broker.cluster, partitions))
        with ReplaySource(self.broker.cluster, offset_range) as source:
            return sorted(source.records(), key=lambda record: (record.partition, record.offset))


@pytest.fixture(autouse=True)
def state_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "freshline" / "replays"


@pytest.fixture
def stage(any_broker: RunningBroker) -> Stage:
    """Ten records in two partitions, every third null, one without a key."""
    partitions = any_broker.new_topic(partitions=2)
    producer = KafkaProducer(bootstrap_servers=any_broker.address, acks="all")
    for number in range(10):
        producer.send(
            partitions[0].topic,
            key=None if number == 9 else b"p%d" % (number % 4),
            value=None if number % 3 == 0 and number < 9 else b'{"product_id": "p%d"}' % (number % 4),
            headers=[("trace", b"%d" % number), ("empty", b"")],
            partition=number % 2,
            timestamp_ms=T_MS + number * 1000,
        ).get(HANG_S)
    producer.close()
    return Stage(any_broker, partitions)


def test_a_plan_says_what_would_be_sent_and_sends_nothing(stage: Stage) -> None:
    done = stage.replay("--json")
    plan = json.loads(done.out)
    assert (done.code, plan["records"], plan["keys"], plan["executed"]) == (0, 10, 5, False)
    assert plan["partitions"][1] == {
        "partition": 1,
        "records": 5,
        "first_offset": 0,
        "last_offset": 4,
        "first_ms": T_MS + 1000,
        "last_ms": T_MS + 9000,
    }
    assert "10 records" in stage.replay().out and "--execute sends it" in stage.replay().err
    assert len(stage.records()) == 10


def test_one_record_is_counted_as_one(stage: Stage) -> None:
    one = "--partition=0", "--from=0", "--to=1"
    assert ": 1 record, 2 bytes, 1 key (p0)" in stage.replay(*one).out
    assert stage.replay(*one, "--execute").out.startswith("1 record sent")


def test_ctrl_c_says_how_many_were_sent_and_the_same_command_goes_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ctrl_c_at_the_fourth(records: Iterator[Record], *_: object) -> Iterator[Record]:
        yield from islice(records, 3)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("stream.replay.run.rate_limited", ctrl_c_at_the_fourth)
        cut_off = stage.replay("--execute")
    said = "freshline: interrupted: 3 sent and confirmed; the same command goes on where it stopped\n"
    assert cut_off == (130, "", said)
    assert stage.replay("--execute").out.startswith("7 records sent") and len(stage.records()) == 20


def test_into_the_same_topic_each_is_sent_once_as_it_is_with_its_origin_and_first_time(stage: Stage) -> None:
    before = stage.records()
    assert stage.replay("--execute").out.startswith("10 records sent")
    after = stage.records()
    copies = [record for record in after if record not in before]
    assert [record for record in after if record in before] == before
    assert len(copies) == 10
    origins = [origin_of(copy.headers) for copy in copies]
    for copy, origin in zip(copies, origins, strict=True):
        (source,) = [r for r in before if Origin(*r.partition, r.offset, r.timestamp_ms) == origin]
        assert (copy.key, copy.value, copy.partition) == (source.key, source.value, source.partition)
        assert copy.headers[:2] == source.headers == (source.headers[0], ("empty", b""))
        assert event_time_ms(copy.headers) == source.timestamp_ms
    assert len(set(origins)) == 10


def test_a_second_replay_sends_the_records_and_not_the_copies_of_the_first(stage: Stage) -> None:
    for _ in range(3):
        assert json.loads(stage.replay("--execute", "--json").out)["sent"] == 10
    assert len(stage.records()) == 40
    assert len({origin_of(record.headers) for record in stage.records()} - {None}) == 10


def test_copies_whose_origin_is_not_sent_are_sent_and_keep_the_first_origin_and_time(stage: Stage) -> None:
    stage.replay("--execute")
    copies = stage.records()[5:10]
    assert json.loads(stage.replay("--from", "5", "--partition", "0", "--execute", "--json").out)["sent"] == 5
    headers = [
        [[h for h in r.headers if h[0] not in COPY_OF] for r in some] for some in (stage.records()[10:15], copies)
    ]
    assert headers[0] == headers[1]
    assert json.loads(stage.replay("--from", "5", "--partition", "0", "--execute", "--json").out)["sent"] == 5


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        (["--from", "3"], [6, 7, 8, 9]),
        (["--from", "1", "--to", "3", "--partition", "0"], [2, 4]),
        (["--from", "2026-09-21T14:13:23Z"], [3, 4, 5, 6, 7, 8, 9]),
        (["--to", "2026-09-21T14:13:23Z"], [0, 1, 2]),
        (["--from", "2026-09-21T14:13:22Z", "--to", "2026-09-21T14:13:24Z"], [2, 3]),
        (["--key", "p1"], [1, 5, 9]),
        (["--key", "p1", "--from", "4"], [9]),
        (["--from", "9000d"], list(range(10))),
    ],
)
def test_the_range_is_by_offset_time_partition_and_key(stage: Stage, arguments: list[str], numbers: list[int]) -> None:
    target = stage.broker.new_topic(partitions=2)
    done = stage.replay(*arguments, "--to-topic", target[0].topic, "--execute")
    assert done.code == 0, done.err
    assert sorted(int(dict(record.headers)["trace"]) for record in stage.records(target)) == numbers
    assert len(stage.records()) == 10


def test_in_a_topic_of_other_partitions_each_goes_where_its_product_belongs(stage: Stage) -> None:
    target = stage.broker.new_topic(partitions=3)
    assert stage.replay("--to-topic", target[0].topic, "--execute").code == 0
    sent = stage.records(target)
    assert len(sent) == 10
    assert all(record.partition.number == partition_of(record.key or b"p1", 3) for record in sent)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--from", "77"], 1, "nothing to replay"),
        (["--from", "1s"], 1, "nothing to replay"),
        (["--key", "nobody"], 1, "nothing to replay"),
        (["--partition", "2"], 1, "there is no partition 2"),
        (["--to-topic", "no-such-topic"], 1, "no topic no-such-topic"),
        (["--to-topic", "items"], 1, "written by Freshline alone"),
        (["--from", "3", "--to", "3"], 2, "the range is empty"),
        (["--from", "1h", "--to", "2h"], 2, "the range is empty"),
        (["--from", "soon"], 2, "--from: 'soon' is no RFC 3339 time"),
        (["--rate", "5", "--speed", "2x"], 2, "choose one"),
        (["--repaired", "-"], 2, "needs --from-dlq"),
        (["--from-dlq"], 1, "no topic test-"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_changed(
    stage: Stage, state_dir: Path, arguments: list[str], code: int, message: str
) -> None:
    done = stage.replay(*arguments, "--execute")
    assert (done.code, done.out, done.err.count("\n")) == (code, "", 1)
    assert message in done.err
    assert len(stage.records()) == 10 and not state_dir.exists()


def test_an_unknown_topic_is_one_line(any_broker: RunningBroker) -> None:
    done = freshline("replay", "no-such-topic", "--execute", "--kafka", any_broker.address)
    assert (done.code, done.err.count("\n")) == (1, 1) and "no topic no-such-topic" in done.err


def test_a_replay_of_dead_letters_into_themselves_names_the_way_back(any_broker: RunningBroker) -> None:
    done = freshline("replay", "prices.dlq", "--execute", "--kafka", any_broker.address)
    assert (done.code, done.err.count("\n")) == (1, 1) and "`freshline replay prices --from-dlq`" in done.err
    done = freshline("replay", "items.dlq", "--execute", "--kafka", any_broker.address)
    assert (done.code, done.err.count("\n")) == (
        1,
        1,
    ) and "--from-dlq" not in done.err  # There is no way back into the item log, so none is named.


def test_prices_are_not_sent_to_the_products(any_broker: RunningBroker) -> None:
    done = freshline("replay", "prices", "--to-topic", "products", "--kafka", any_broker.address, "--execute")
    assert (done.code, done.out) == (1, "")
    assert "prices are no products: every record would be refused" in done.err


def test_a_topic_that_is_recreated_meanwhile_is_no_success(stage: Stage, state_dir: Path) -> None:
    [target, *_] = stage.broker.new_topic(partitions=2)
    selection = Selection(OPEN, OPEN, None, None)
    replay = prepare(stage.broker.cluster, stage.topic, target.topic, selection, [], state_dir, SystemClock())
    admin = KafkaAdminClient(bootstrap_servers=stage.broker.address)
    for topic in (stage.topic, target.topic):
        admin.delete_topics([topic])
        admin.create_topics({topic: {"num_partitions": 2, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()
    with pytest.raises(FreshlineError, match=f"the topic {stage.topic} was made anew"):
        execute(replay, RateLimit(), lambda _sent: None, SystemClock())
    assert saved_positions(state_dir) == []


@pytest.mark.kafka
def test_a_record_that_the_broker_refuses_is_named_and_the_others_are_sent(apache_kafka: RunningBroker) -> None:
    """The same command would otherwise end at that record again and again."""
    [source] = apache_kafka.new_topic(partitions=1)
    [target] = apache_kafka.new_topic(partitions=1, configs={"max.message.bytes": "1500"})
    producer = KafkaProducer(bootstrap_servers=apache_kafka.address, acks="all")
    for number in range(6):
        producer.send(source.topic, key=b"%d" % number, value=b"x" * (3_000 if number == 2 else 100)).get(HANG_S)
    producer.close()
    stage = Stage(apache_kafka, [source])
    for arguments in ((), ("--rate=50",)):
        done = stage.replay("--to-topic", target.topic, "--execute", *arguments)
        assert done.code == 1 and done.err.count("\n") == 1
        assert f"5 sent, 1 not: {source.topic}:0:2 (refused by the broker: " in done.err
    assert [record.key for record in stage.records([target])] == [b"0", b"1", b"3", b"4", b"5"] * 2


def saved_positions(state_dir: Path) -> list[dict[str, Any]]:
    return [json.loads(file.read_bytes()) for file in state_dir.glob("*.json")]


def test_killed_half_way_the_same_command_goes_on_where_it_was(stage: Stage, state_dir: Path, tmp_path: Path) -> None:
    producer = KafkaProducer(bootstrap_servers=stage.broker.address, acks="all")
    for number in range(10, 2000):
        producer.send(stage.topic, key=b"p", value=b"%d" % number, partition=number % 2, timestamp_ms=T_MS + number)
    producer.close()
    target = stage.broker.new_topic(partitions=2)
    command = ["replay", stage.topic, "--kafka", stage.broker.address, "--to-topic", target[0].topic, "--execute"]
    argv = [sys.executable, "-m", "stream.commands", *command, "--rate", "400"]
    said = tmp_path / "said"
    with said.open("wb") as file:
        process = subprocess.Popen(argv, env=dict(os.environ), stdout=subprocess.DEVNULL, stderr=file)
    try:
        wait_until(
            lambda: any(position["sent"] for position in saved_positions(state_dir)),
            "the position says that some are sent",
            process=process,
            said=said.read_text,
        )
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    (position,) = saved_positions(state_dir)
    sent_before = len(stage.records(target))
    assert position["sent"] <= sent_before < 2000
    done = freshline(*command)
    assert done.code == 0 and f"{position['sent']:,} records of which are sent" in done.err
    sent = stage.records(target)
    origins = [origin_of(record.headers) for record in sent]
    assert len(set(origins)) == 2000
    assert len(sent) == sent_before + 2000 - position["sent"]
    assert saved_positions(state_dir) == []
    assert "goes on" not in freshline(*command[:-1]).err


def test_the_order_over_partitions_is_that_of_the_timestamps(stage: Stage) -> None:
    offset_range = OffsetRange(
        dict.fromkeys(stage.partitions, 0), end_offsets_now(stage.broker.cluster, stage.partitions)
    )
    with ReplaySource(stage.broker.cluster, offset_range) as source:
        assert [record.timestamp_ms for record in source.records()] == [T_MS + n * 1000 for n in range(10)]
