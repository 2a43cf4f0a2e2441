"""The report of changes that were lost with an embedded broker."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from stream.kafka.partitions import Partition
from stream.runtime.stack_report import StackReportFile, read_stack_report
from stream.up.loss_report import EARLIER, LOSSES_MAX, LossReport
from workers.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

PLACE = Partition("items", 0)
SINCE = re.compile(r"changes sent after (\S+) may be missing")


def status(prices_until: str | None, letters: int = 0) -> dict[str, Any]:
    until = {"products": "2999-01-01T00:00:09.000Z", "prices": prices_until}
    return {"fresh_as_of": until, "dead_letters": {"prices": letters}}


class Bench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.losses = LossReport(StackReportFile(folder), self.said.append, SystemClock())

    def reported(self) -> list[str]:
        self.losses.update()
        report = read_stack_report(self.folder)
        assert report
        return report.losses

    def since(self) -> str:
        self.losses.broker_died("SIGKILL")
        found = SINCE.search(self.said[-1])
        assert found
        return found[1]


def test_a_loss_names_the_time_up_to_which_all_was_searchable_and_then_in_the_journal(tmp_path: Path) -> None:
    bench, at, later = Bench(tmp_path), "2999-01-01T00:00:05.000Z", "2999-01-01T00:00:07.000Z"
    bench.losses.note_status(status(at), {PLACE: 10}, {PLACE: 9})
    bench.losses.note_status(status(later), {PLACE: 12}, {PLACE: 10})
    assert bench.since() == "2999-01-01T00:00:04.000Z"  # It was sent a moment before it arrived.


def test_a_change_that_is_searchable_and_not_in_the_journal_may_be_missing(tmp_path: Path) -> None:
    bench, at = Bench(tmp_path), "2999-01-01T00:00:01.000Z"
    for _ in range(5):
        bench.losses.note_status(status(at), {PLACE: 10}, {PLACE: 9})
    assert bench.since() < at


def test_the_end_offsets_of_a_log_that_ended_are_not_waited_for_in_the_next_one(tmp_path: Path) -> None:
    bench, at = Bench(tmp_path), "2999-01-01T00:00:05.000Z"
    bench.losses.note_status(status("2999-01-01T00:00:01.000Z"), {PLACE: 45_000}, {PLACE: 44_000})
    bench.losses.log_started()
    for _ in range(2):
        bench.losses.note_status(status(at), {PLACE: 10}, {PLACE: 10})
    assert bench.since() == "2999-01-01T00:00:04.000Z"


def test_an_up_that_ends_in_order_leaves_its_losses_and_nothing_more(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.losses.broker_died("SIGKILL")
    bench.losses.close()
    assert Bench(tmp_path).reported() == bench.said


def test_while_one_topic_is_not_known_yet_no_time_counts_as_safe(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for _ in range(5):
        bench.losses.note_status(status(None), {PLACE: 10}, {PLACE: 10})
    assert bench.since().startswith("20")


def test_every_loss_is_said_with_its_own_time_and_the_last_ones_are_kept(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for _ in range(LOSSES_MAX + 2):
        bench.losses.broker_died("SIGKILL")
    assert len(bench.said) == LOSSES_MAX + 2
    assert bench.reported() == [EARLIER, *bench.said[-LOSSES_MAX:]]
    times = [SINCE.search(said)[1] for said in bench.said]  # type: ignore[index]
    assert times == sorted(times)


def test_dead_letters_that_were_counted_end_with_a_broker_that_dies(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.losses.note_status(status(None, letters=3), {}, {})
    bench.losses.broker_died("SIGKILL")
    bench.losses.broker_died("SIGKILL")
    assert [said[:14] for said in bench.reported()] == ["the embedded b", "3 dead letters", "the embedded b"]


def test_the_losses_of_an_up_that_was_killed_are_kept_beside_its_own(tmp_path: Path) -> None:
    killed = Bench(tmp_path)
    killed.losses.broker_died("SIGKILL")
    killed.losses.update()
    bench = Bench(tmp_path)
    first, second = bench.reported()
    assert [first] == killed.said and "the last `freshline up` was killed" in second and bench.said == [second]
