"""The journal follows the log, and waits while the disk is full."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING

from schemas.errors import Unavailable
from stream.kafka.cluster import Cluster
from stream.kafka.partitions import Partition
from stream.kafka.reader import Record
from stream.state_files import journal_follower
from stream.state_files.journal import Journal
from stream.state_files.journal_follower import JournalFollower
from stream.watches.watch_log import watch_in
from tests.support.waiting import HANG_S
from tests.support.watching import watch
from workers.retry import Backoff

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

    import pytest

    from stream.state_files.records import StateRecord

PARTITION = Partition("items", 0)
WATCH = watch(q="lamp").record.model_dump_json().encode()


class FullAtFirst(Journal):
    """A journal on a disk that has room again at the third attempt."""

    attempts = 0

    def append(self, records: Iterable[StateRecord]) -> None:
        self.attempts += 1
        if self.attempts < 3:
            raise Unavailable("no space left")
        super().append(records)


class OneRecord:
    """A reader of a log with one record."""

    async def follow(self) -> AsyncIterator[list[Record]]:
        yield [Record(PARTITION, 7, 0, b"P1", b"{}", ())]


async def test_a_full_disk_is_waited_for_and_no_record_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(journal_follower, "Reader", lambda *_, **__: OneRecord())
    journal = FullAtFirst(tmp_path / "state.journal", 4)
    follower = JournalFollower(Cluster("127.0.0.1:9"), journal, 4, disk_full=Backoff(0.001, 0.001))
    await asyncio.wait_for(follower.follow(), HANG_S)
    assert [record.key for record in journal.records()] == [b"P1"]
    assert follower.positions[PARTITION] == 8
    journal.close()
    said = [record.getMessage() for record in caplog.records if record.name == journal_follower.__name__]
    assert (
        said == ["freshline: no space left; again in 0 s"] * 2
    )  # Threads of Kafka clients of other tests log as well.


class Watches:
    """A reader of a log in which one watch is set, and another one ends."""

    async def follow(self) -> AsyncIterator[list[Record]]:
        yield [Record(Partition("watches", 1), 0, 0, b"w1", WATCH, ())]
        yield [Record(Partition("watches", 1), 1, 0, b"w2", WATCH, ())]
        yield [Record(Partition("watches", 1), 2, 0, b"w1", None, ())]


async def test_the_journal_keeps_the_watches_that_have_not_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_follower, "Reader", lambda *_, **__: Watches())
    path = tmp_path / "state.journal"
    with closing(Journal(path, 4)) as journal:
        await asyncio.wait_for(JournalFollower(Cluster("127.0.0.1:9"), journal, 4).follow(), HANG_S)
    with closing(Journal(path, 4)) as journal:
        kept = {record.key: watch_in(record.key, record.value) for record in journal.records()}
    assert kept == {b"w2": ("w2", watch("w2", "lamp"))}
