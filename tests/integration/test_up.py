"""`up` keeps a stack running, here with a real broker and small substitutes for the workers."""

from __future__ import annotations

import asyncio
import math
import os
import re
import signal
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from stream.kafka.cluster import Cluster
from stream.kafka.headers import event_time_ms
from stream.kafka.log_identity import log_identity
from stream.kafka.partitions import Partition
from stream.kafka.reader import Reader
from stream.kafka.topics import ITEMS_GROUP
from stream.runtime.ports import free_port
from stream.runtime.stack_report import read_stack_report
from stream.runtime.stacks import Stack, find_stack
from stream.up.brokers.interface import wait_accepting
from tests.support.running_up import Up, alive
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stream.kafka.reader import Record


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    """Return a function that makes an `up` with this environment on this test's folder; all are killed at the end."""
    made: list[Up] = []

    def make(folder: Path = tmp_path, **env: str) -> Up:
        folder.mkdir(exist_ok=True)
        made.append(Up(folder, **env))
        return made[-1]

    yield make
    for up in made:
        up.kill()


@pytest.fixture
def up(started: Callable[..., Up]) -> Up:
    return started()


async def write(kafka: str, topic: str, key: bytes, value: bytes, times: int = 1) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", max_request_size=2 << 20)
    await producer.start()
    try:
        for _ in range(times):
            await producer.send_and_wait(topic, value, key=key, partition=1)
    finally:
        await producer.stop()


async def commit(kafka: str, topic: str, acked: int) -> None:
    """Commit as an items worker does that has acked so many records."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, group_id=ITEMS_GROUP, enable_auto_commit=False)
    await consumer.start()
    partition = TopicPartition(topic, 1)
    consumer.assign([partition])
    await consumer.commit({partition: acked})
    await consumer.stop()


async def written(kafka: str, topic: str) -> list[Record]:
    async with Reader(Cluster(kafka)) as reader:
        reader.assign({Partition(topic, 1): 0})
        return [r async for records in reader.read_to_end() for r in records]


async def items(kafka: str) -> dict[bytes | None, bytes | None]:
    return {record.key: record.value for record in await written(kafka, "items")}


def kept_until(up: Up) -> str | None:
    report = read_stack_report(up.data_dir)
    return report and report.kept_until


def test_it_says_where_it_is_and_stops_in_order_on_ctrl_c(up: Up, monkeypatch: pytest.MonkeyPatch) -> None:
    up.start().ready()
    assert up.said == {
        "ready": True,
        "kafka": f"127.0.0.1:{up.kafka_port}",
        "api": f"http://127.0.0.1:{up.api_port}",
    }
    monkeypatch.setenv("XDG_STATE_HOME", str(up.folder))
    found = find_stack(Path(".freshline"), up.folder)
    assert found == Stack(up.said["kafka"], up.said["api"], up.data_dir) and found.runs
    children = up.children()
    assert len(children) == 3
    asyncio.run(write(up.said["kafka"], "items", b"P1", b'{"title":"Walnut cake"}'))
    assert up.interrupt() == 0
    assert [name for name, _ in up.events("stop")] == ["index", "items"]
    assert not any(alive(pid) for pid in children)
    up.start().ready()
    assert asyncio.run(items(up.said["kafka"])) == {b"P1": b'{"title":"Walnut cake"}'}
    assert asyncio.run(log_identity(Cluster(up.said["kafka"]))).epoch == 2
    assert up.interrupt() == 0


def test_a_worker_that_is_killed_starts_again(up: Up) -> None:
    up.start().ready()
    up.until(lambda: len(up.events("start")) == 2, "both workers run")
    for starts in (4, 6):
        before = up.events("start")
        for name in ("items", "index"):
            os.kill([pid for worker, pid in before if worker == name][-1], signal.SIGKILL)
        up.until(lambda n=starts: len(up.events("start")) == n, "both workers again")  # type: ignore[misc]
    assert up.interrupt() == 0


def test_a_worker_that_cannot_be_kept_running_is_reported_with_its_last_words(started: Callable[..., Up]) -> None:
    up = started(UP_TEST_STAYS_UP_S="1").start().ready()

    def failing() -> dict[str, str]:
        report = read_stack_report(up.data_dir)
        return report.failing if report else {}

    up.until(lambda: len(up.events("start")) == 2, "both workers run")
    up.instruct("items-fails")
    os.kill(next(pid for name, pid in up.events("start") if name == "items"), signal.SIGKILL)
    up.until(lambda: bool(failing()), "it is reported")
    assert len(up.events("start")) >= 4  # Both, then items twice more: one end is no reason yet.
    assert list(failing()) == ["items"]
    assert "items cannot be kept running" in failing()["items"]
    assert "exit 1: the item log cannot be read" in failing()["items"]
    (up.folder / "items-fails").unlink()
    up.until(lambda: not failing(), "it stays up")
    assert up.interrupt() == 0


def test_an_embedded_broker_that_is_killed_comes_back_with_the_state(up: Up) -> None:
    up.start().ready()
    asyncio.run(write(up.said["kafka"], "items", b"P1", b'{"title":"Walnut cake"}'))
    journal = up.data_dir / "state.journal"
    up.until(lambda: b"Walnut" in journal.read_bytes(), "the journal has the item")
    since = datetime.now(UTC).isoformat()
    up.until(lambda: (kept_until(up) or "") > since, "what is searchable is in the journal")
    broker, before = up.broker_pid(), up.events("start")
    assert broker
    os.kill(broker, signal.SIGKILL)
    up.until(lambda: len(up.events("start")) >= 4, "both workers on the new log")
    assert not any(alive(pid) for _, pid in before)
    assert asyncio.run(items(up.said["kafka"])) == {b"P1": b'{"title":"Walnut cake"}'}
    assert asyncio.run(log_identity(Cluster(up.said["kafka"]))).epoch == 2
    report = read_stack_report(up.data_dir)
    assert report and len(report.losses) == 2
    sent_after = re.search(r"\(SIGKILL\): changes sent after (\S+) may be missing", report.losses[0])
    assert sent_after and sent_after[1] > since and report.losses[1].startswith("2 dead letters ended")
    assert report.log_bytes
    assert up.interrupt() == 0


def test_an_embedded_broker_that_grew_too_large_is_replaced_and_only_dead_letters_are_lost_as_it_says(
    started: Callable[..., Up],
) -> None:
    up = started(UP_TEST_MEMORY_BYTES_MAX=str(60 << 20)).start().ready()
    kafka = up.said["kafka"]
    asyncio.run(write(kafka, "items", b"P1", b'{"title":"Walnut cake"}'))
    up.instruct("index-hangs")
    asyncio.run(write(kafka, "prices.dlq", b"P1", b"bad", times=2))
    asyncio.run(write(kafka, "products", b"P1", b" " * (1 << 20), times=80))
    asyncio.run(commit(kafka, "products", 80))
    up.until(lambda: "starts anew" in up.stderr, "it asks whether all is done")
    asyncio.run(write(kafka, "prices", b"P1", b'{"comes":"late"}'))
    up.until(lambda: len(up.events("start")) >= 4, "both workers on the new log")
    (late,) = asyncio.run(written(kafka, "prices"))
    assert (late.key, late.value) == (b"P1", b'{"comes":"late"}')
    assert event_time_ms(late.headers)
    assert len(asyncio.run(written(kafka, "products"))) < 80
    assert asyncio.run(items(kafka)) == {b"P1": b'{"title":"Walnut cake"}'}
    report = read_stack_report(up.data_dir)
    assert report and report.may_be_missing and "2 dead letters ended" in report.may_be_missing
    (up.folder / "index-hangs").unlink()
    assert up.interrupt() == 0


def test_an_embedded_broker_whose_log_is_too_long_is_replaced_with_all_events_that_were_not_acked(
    started: Callable[..., Up],
) -> None:
    up = started(UP_TEST_FETCH_SECONDS_MAX="0.004").start().ready()
    kafka = up.said["kafka"]
    asyncio.run(write(kafka, "items", b"P1", b'{"title":"Walnut cake"}'))
    up.until(lambda: len(up.events("start")) == 2, "both workers on the first log")
    confirmed: set[bytes] = set()
    asyncio.run(_numbers_until(kafka, confirmed, lambda: len(up.events("stop")) == 2))
    up.until(lambda: len(up.events("start")) >= 4, "both workers on the new log")
    assert len(confirmed) >= 10_000
    assert confirmed <= {record.value for record in asyncio.run(written(kafka, "prices"))}
    assert asyncio.run(items(kafka)) == {b"P1": b'{"title":"Walnut cake"}'}
    report = read_stack_report(up.data_dir)
    assert report and report.may_be_missing is None
    assert up.interrupt() == 0


async def _numbers_until(kafka: str, confirmed: set[bytes], done: Callable[[], bool]) -> None:
    """Send numbers one after the other, until done."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
    await producer.start()
    while not done():
        value = b"%d" % len(confirmed)
        await producer.send_and_wait("prices", value, key=b"P1", partition=1)
        confirmed.add(value)
    await producer.stop()


def test_children_end_with_it_and_it_starts_again_at_once(up: Up) -> None:
    up.start().ready()
    children = up.children()
    assert len(children) == 3
    up.process.kill()
    up.process.wait()
    wait_until(lambda: not any(alive(pid) for pid in children), "the children end")
    up.start().ready()
    report = read_stack_report(up.data_dir)
    assert report and report.may_be_missing and "was killed" in report.may_be_missing
    up.process.kill()
    up.process.wait()
    up.start().ready()
    again = read_stack_report(up.data_dir)
    assert again and len(again.losses) == 2 and again.losses[0] == report.losses[0]
    assert up.interrupt() == 0
    assert read_stack_report(up.data_dir) is None


def test_events_that_no_worker_acked_before_it_stops_are_in_the_log_when_it_starts_again(up: Up) -> None:
    up.start().ready()
    asyncio.run(write(up.said["kafka"], "prices", b"P1", b"finished"))
    asyncio.run(commit(up.said["kafka"], "prices", 1))
    asyncio.run(write(up.said["kafka"], "prices", b"P1", b"\xff waits"))
    assert up.interrupt() == 0
    assert up.stderr.count("events that were not taken yet: 1;") == 1
    up.start().ready()
    assert up.interrupt() == 0  # Before anyone takes it: it is carried once more, and once.
    assert up.stderr.count("events that were not taken yet: 1;") == 2
    up.start().ready()
    (waited,) = asyncio.run(written(up.said["kafka"], "prices"))
    assert (waited.key, waited.value) == (b"P1", b"\xff waits") and event_time_ms(waited.headers)
    tail, broker = up.data_dir / "tail.jsonl", up.broker_pid()
    assert broker and tail.exists()
    os.kill(broker, signal.SIGKILL)
    up.until(lambda: "SIGKILL" in up.stderr and len(up.events("start")) >= 4, "both workers on the new log")
    assert asyncio.run(written(up.said["kafka"], "prices"))[0].value == waited.value
    up.until(lambda: not tail.exists(), "all that was published is finished and in the journal")
    assert up.interrupt() == 0


def test_it_waits_until_all_events_are_acked_before_it_stops(up: Up) -> None:
    up.start().ready()
    up.instruct("lag", "7")
    asked = len(up.events("GET/status"))
    os.killpg(up.process.pid, signal.SIGTERM)
    up.until(lambda: len(up.events("GET/status")) >= asked + 3, "it asks for the lag")
    assert up.events("stop") == []
    up.instruct("lag", "0")
    assert up.ended() == 0
    assert [name for name, _ in up.events("stop")] == ["index", "items"]


def test_the_second_ctrl_c_ends_it_at_once(up: Up) -> None:
    up.start().ready()
    up.instruct("index-hangs")
    up.instruct("lag", "7")
    children = up.children()
    os.killpg(up.process.pid, signal.SIGINT)
    up.until(lambda: "stopping" in up.stderr, "it stops")
    assert up.interrupt() == 0
    assert up.events("stop") == []  # It neither waits for the lag nor asks the workers to end in order.
    assert not any(alive(pid) for pid in children)
    report = read_stack_report(up.data_dir)
    assert report and report.kept_until  # The next one tells that this one did not end in order.


def refusal(up: Up) -> str:
    """Return the one line that `up` ends with."""
    before = len(up.stderr) if (up.folder / "stderr").exists() else 0
    assert up.start().ended() == 1
    line = up.stderr[before:]
    assert line.count("\n") == 1 and line.startswith("freshline: ")
    return line


def test_a_second_one_on_the_same_data_directory_is_refused(up: Up, started: Callable[..., Up]) -> None:
    up.start().ready()
    other = started(up.folder / "other", FRESHLINE_DATA_DIR=str(up.data_dir))
    assert "another `freshline up` runs on" in refusal(other)
    assert up.interrupt() == 0


@pytest.mark.parametrize("flag", ["--api-port", "--kafka-port"])
def test_a_port_in_use_is_named_with_its_flag(up: Up, flag: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", {"--api-port": up.api_port, "--kafka-port": up.kafka_port}[flag]))
        taken.listen()
        line = refusal(up)
    assert flag in line and "in use" in line
    assert not up.children()


def test_a_data_directory_of_another_version_is_refused(up: Up) -> None:
    up.data_dir.mkdir()
    (up.data_dir / "meta.json").write_text('{"version": 99, "epoch": 3}')
    assert "version 99" in refusal(up)


def test_a_worker_that_cannot_start_as_it_is_set_up_ends_it_with_the_reason(up: Up) -> None:
    up.instruct("index-misconfigured")
    assert refusal(up) == "freshline: there is no model of that name: choose another\n"


def test_a_broker_that_does_not_answer_is_refused(started: Callable[..., Up]) -> None:
    up = started(FRESHLINE_KAFKA=f"127.0.0.1:{free_port()}")
    assert "no broker answers at" in refusal(up)


def test_a_qdrant_server_that_does_not_answer_is_refused_with_its_address(started: Callable[..., Up]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    line = refusal(started(FRESHLINE_QDRANT_URL=url))
    assert url in line and "FRESHLINE_QDRANT_URL" in line


def test_the_api_and_the_broker_on_one_port_are_refused(started: Callable[..., Up]) -> None:
    port = str(free_port())
    assert "--kafka-port" in refusal(started(FRESHLINE_API_PORT=port, FRESHLINE_KAFKA_PORT=port))


@pytest.mark.kafka
@pytest.mark.skipif(not os.environ.get("KAFKA_HOME"), reason="KAFKA_HOME is not set")
def test_apache_kafka_comes_back_with_its_log_on_any_port(started: Callable[..., Up]) -> None:
    first = started(FRESHLINE_BROKER="kafka").start().ready()
    asyncio.run(write(first.said["kafka"], "items", b"P1", b"1"))
    broker = first.broker_pid()
    assert broker
    os.kill(broker, signal.SIGKILL)
    first.until(lambda: first.broker_pid() not in (None, broker), "another broker")
    asyncio.run(wait_accepting(first.said["kafka"], math.inf, alive=lambda: alive(first.process.pid)))
    assert first.interrupt() == 0
    second = started(FRESHLINE_BROKER="kafka").start().ready()
    assert second.kafka_port != first.kafka_port
    assert asyncio.run(items(second.said["kafka"])) == {b"P1": b"1"}
    assert asyncio.run(log_identity(Cluster(second.said["kafka"]))).epoch == 1
    assert second.interrupt() == 0
