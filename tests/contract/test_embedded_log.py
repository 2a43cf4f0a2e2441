"""`up` keeps the item state of a log in memory, and says what it could not keep."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

import orjson
import pytest

from schemas.errors import Unavailable
from schemas.items import NO_REVIEWS, ItemRecord, ItemState
from schemas.state_codec import encode_item
from stream.kafka.partitions import Partition, partition_of
from stream.kafka.producer import OutgoingRecord, Producer
from stream.kafka.rule_log import read_rules
from stream.kafka.topics import ITEMS, RULES
from stream.runtime.stack_report import StackReportFile
from stream.state_files import journal_follower
from stream.state_files.journal import Journal
from stream.state_files.records import StateRecord, publish_states
from stream.up import embedded_log
from stream.up.bounds import UpBounds
from stream.up.child_process import ChildProcess
from stream.up.data_dir import DataDir
from stream.up.embedded_log import EmbeddedLog
from workers.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

    from stream.kafka.cluster import Cluster
    from tests.support.running_broker import RunningBroker

PARTITIONS = 4
DEFAULTS = UpBounds()


class Running(NamedTuple):
    log: EmbeddedLog
    child: ChildProcess
    said: list[str]
    folder: Path

    def journalled(self) -> set[bytes]:
        return {record.key for record in self.log._journal.records()}


@asynccontextmanager
async def embedded_log_in(folder: Path, broker: RunningBroker, bounds: UpBounds = DEFAULTS) -> AsyncIterator[Running]:
    """Yield a log that is not open yet, whose broker gets the port of `broker`, which must not run."""
    child = ChildProcess("broker", broker.broker.argv, os.environ, folder / "child.log")
    directory, said = DataDir(folder), list[str]()
    settings = broker.settings(partitions=PARTITIONS)
    with directory.locked():
        log = EmbeddedLog(
            settings, directory, StackReportFile(folder), broker.broker, child, said.append, bounds, SystemClock()
        )
        try:
            yield Running(log, child, said, folder)
        finally:
            await log.kill()
            log._journal.close()


def item(product_id: str) -> StateRecord:
    value = encode_item(ItemRecord("another", ItemState(product_id), NO_REVIEWS, {}))
    key = product_id.encode()
    return StateRecord(Partition(ITEMS, partition_of(key, PARTITIONS)), key, value)


@pytest.fixture
def stopped_broker(own_embedded_broker: RunningBroker) -> RunningBroker:
    own_embedded_broker.kill()
    return own_embedded_broker


async def test_a_broker_that_dies_while_it_is_to_end_is_reported_also_by_the_next_up(
    stopped_broker: RunningBroker, tmp_path: Path
) -> None:
    async with embedded_log_in(tmp_path, stopped_broker) as up:
        await up.log.open()
        await up.child.kill()
        assert not await up.log.close()
        assert len(up.said) == 1 and "while it was to end" in up.said[0] and "send them again" in up.said[0]
    async with embedded_log_in(tmp_path, stopped_broker) as later:
        assert later.said == [] and later.log._losses._sentences == up.said


async def test_a_broker_that_ends_in_order_is_no_loss(stopped_broker: RunningBroker, tmp_path: Path) -> None:
    async with embedded_log_in(tmp_path, stopped_broker) as up:
        await up.log.open()
        await up.log.hand_over()
        await up.log.open()
        assert await up.log.close()
        assert up.said == []


async def test_rules_outlive_the_broker_and_deleted_ones_stay_deleted(
    stopped_broker: RunningBroker, tmp_path: Path
) -> None:
    async with embedded_log_in(tmp_path, stopped_broker) as up:
        await up.log.open()
        rule = {"pin": {"product_id": "P1", "position": 1}}
        with Producer(stopped_broker.cluster) as producer:
            for rule_id in ("kept", "deleted"):
                value = orjson.dumps({"id": rule_id, **rule})
                producer.send_now(OutgoingRecord(0, RULES, rule_id.encode(), value))
            producer.send_now(OutgoingRecord(0, RULES, b"deleted", None))
        for _ in range(2):
            await up.log.hand_over()
            await up.log.open()
            assert list(await asyncio.to_thread(read_rules, stopped_broker.cluster)) == ["kept"]
        assert await up.log.close()


async def test_item_state_that_cannot_be_written_at_the_end_is_reported(
    stopped_broker: RunningBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise Unavailable("no space left")

    async with embedded_log_in(tmp_path, stopped_broker) as up:
        await up.log.open()
        await publish_states(stopped_broker.cluster, [item("P1")], writer=b"another")
        monkeypatch.setattr(Journal, "append", full)
        assert not await up.log.close()
        assert len(up.said) == 1 and "no space left" in up.said[0] and "may be missing" in up.said[0]


async def test_item_state_that_takes_too_long_to_write_at_the_end_is_reported_with_that_reason(
    stopped_broker: RunningBroker, tmp_path: Path
) -> None:
    async with embedded_log_in(tmp_path, stopped_broker, UpBounds(pull_seconds_max=0.0)) as up:
        await up.log.open()
        assert not await up.log.close()
        assert len(up.said) == 1 and "not all written down: that took too long)" in up.said[0]


async def test_a_broker_that_took_events_and_could_not_be_made_ready_is_reported(
    stopped_broker: RunningBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unknown(*_: object, **__: object) -> None:
        raise Unavailable("no identity")

    async with embedded_log_in(tmp_path, stopped_broker) as up:
        with monkeypatch.context() as patched, pytest.raises(Unavailable, match="no identity"):
            patched.setattr(embedded_log, "log_identity", unknown)
            await up.log.open()
        await up.log.kill()
        await up.log.open()
        assert len(up.said) == 1 and "could not be made ready: no identity" in up.said[0]


async def test_a_broker_that_cannot_be_started_is_unavailable_and_no_loss(
    stopped_broker: RunningBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_memory(_: ChildProcess) -> None:
        raise OSError(12, "Cannot allocate memory")

    async with embedded_log_in(tmp_path, stopped_broker) as up:
        monkeypatch.setattr(ChildProcess, "start", no_memory)
        with pytest.raises(Unavailable, match="cannot be started: Cannot allocate memory"):
            await up.log.open()
        assert up.said == []


async def test_records_of_an_import_while_the_state_is_published_are_in_the_journal(
    stopped_broker: RunningBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def beside_an_import(kafka: Cluster, records: Iterable[StateRecord], *, writer: bytes) -> int:
        count = await publish_states(kafka, records, writer=writer)
        await publish_states(kafka, [item("imported")], writer=b"import")
        return count

    async with embedded_log_in(tmp_path, stopped_broker) as up:
        up.log._journal.append([item("known")])
        monkeypatch.setattr(journal_follower, "publish_states", beside_an_import)
        await up.log.open()
        monkeypatch.undo()
        await publish_states(stopped_broker.cluster, [item("imported later")], writer=b"import")
        await up.log.hand_over()
        assert up.journalled() == {b"known", b"imported", b"imported later"}
