"""The watch for drift: it takes partitions in turns, and a check that is not possible now is no drift."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import CollectorRegistry

from schemas.errors import Unavailable
from stream.api.drift import check as watch
from stream.api.drift.check import DriftCheck, drift_report, next_of
from stream.runtime.metrics import IndexMetrics
from stream.runtime.settings import Settings
from tests.support.waiting import until
from workers.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path


def result(faults: int) -> dict[str, Any]:
    examples = {"missing": [{"product_id": f"p{n}", "detail": ""} for n in range(faults)]} if faults else {}
    return {"items": 100, "found": {"faults": faults, "outcomes": {}, "examples": examples}}


LATER = [Unavailable("the broker is away")] * 1_000


class Bench:
    """A watch over partitions 0 and 2, whose comparisons answer as they are told."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.index = SimpleNamespace(collection="items-1")
        self.answers: list[Any] = []
        self.asked: list[int] = []
        monkeypatch.setattr(watch, "comparison_context", lambda _context, _index, only: only)
        monkeypatch.setattr(watch, "reconcile", self._reconcile)
        self.metrics = IndexMetrics(CollectorRegistry())
        self.context: Any = SimpleNamespace(
            settings=Settings(data_dir=directory),
            as_of=SimpleNamespace(caught_up=True),
            writers=SimpleNamespace(
                roles=SimpleNamespace(building=None, serving=self.index), assigned=frozenset({0, 2})
            ),
            collections=SimpleNamespace(serving=self._serving),
            clock=SystemClock(),
            gate=None,
            metrics=self.metrics,
        )
        context: Any = self.context
        self.watch = DriftCheck(context, interval_s=0.001, again_s=0.001, faulty_again_s=1)

    async def _serving(self) -> Any:
        return self.index

    def shown(self) -> float:
        """Return the metric."""
        [family] = self.metrics.drift.collect()
        return family.samples[0].value

    async def _reconcile(self, compared: int, *_: Any, repair: bool) -> dict[str, Any]:
        assert not repair
        self.asked.append(compared)
        answer = self.answers.pop(0) if self.answers else result(0)
        if isinstance(answer, Exception):
            raise answer
        found: dict[str, Any] = answer
        return found

    async def run_until_asked(self, times: int) -> None:
        running = asyncio.create_task(self.watch.run())
        try:
            await until(lambda: len(self.asked) >= times, "the watch has checked")
        finally:
            running.cancel()


class Filling:
    """An index that is being filled, and counts how often somebody looks whether it still is."""

    looks = 0

    @property
    def caught_up(self) -> bool:
        self.looks += 1
        return False


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


async def test_the_partitions_of_this_process_are_checked_in_turns(bench: Bench) -> None:
    await bench.run_until_asked(4)
    assert bench.asked[:4] == [0, 2, 0, 2]


async def test_a_fault_is_reported_until_a_later_check_of_its_partition_finds_none(bench: Bench) -> None:
    bench.answers = [result(2), result(0), result(0)]
    await bench.run_until_asked(4)
    report = bench.watch.report()
    assert (report.faults, report.checked, report.items) == (0, 2, 200)


async def test_a_partition_with_faults_is_checked_again_before_the_turn_of_the_next_one(bench: Bench) -> None:
    bench.watch = DriftCheck(bench.context, interval_s=0.1, again_s=0.1, faulty_again_s=0.001)
    bench.answers = [result(2), result(2), result(0)]
    await bench.run_until_asked(4)
    assert bench.asked[:4] == [0, 0, 0, 2]
    assert (bench.watch.report().faults, bench.shown()) == (0, 0)


async def test_faults_of_a_partition_that_another_worker_has_by_now_are_not_reported(bench: Bench) -> None:
    bench.answers = [result(2), result(0), *LATER]
    await bench.run_until_asked(3)
    assert (bench.watch.report().faults, bench.shown()) == (2, 2)
    bench.context.writers.assigned = frozenset({2})
    assert (bench.watch.report().faults, bench.watch.report().checked, bench.shown()) == (0, 1, 0)


@pytest.mark.parametrize("how", ["another collection serves", "the index was repaired"])
async def test_faults_of_an_index_that_is_no_more_are_not_reported(bench: Bench, how: str) -> None:
    bench.answers = [result(2), result(0), *LATER]
    await bench.run_until_asked(3)
    if how == "the index was repaired":
        bench.watch.forget()
    else:
        bench.context.writers.roles.serving = SimpleNamespace(collection="items-2")
    assert (bench.watch.report().faults, bench.watch.report().checked, bench.shown()) == (0, 0, 0)


@pytest.mark.parametrize("error", [Unavailable("the broker is away"), ZeroDivisionError()])
async def test_a_check_that_cannot_be_done_is_no_drift_and_is_tried_again(bench: Bench, error: Exception) -> None:
    bench.answers = [error]
    await bench.run_until_asked(3)
    assert bench.asked[:3] == [0, 0, 2]
    assert bench.watch.report().faults == 0


async def test_nothing_is_compared_while_the_index_is_filled(bench: Bench) -> None:
    bench.context.as_of = filling = Filling()
    running = asyncio.create_task(bench.watch.run())
    await until(lambda: filling.looks >= 3 or bool(bench.asked), "the watch has looked several times")
    running.cancel()
    assert bench.asked == []


def test_the_report_is_the_sum_of_the_last_checks_with_a_few_examples() -> None:
    report = drift_report({0: result(9), 2: result(0)}, 4, 1_000)
    assert (report.faults, report.items, report.last_at) == (9, 200, "1970-01-01T00:00:01.000Z")
    assert report.examples[0] == "p0: missing" and len(report.examples) == 5


def test_turns_go_over_the_assigned_partitions_whatever_they_are() -> None:
    assert [next_of({1, 3}, number) for number in (-1, 1, 3, 9)] == [1, 3, 1, 1]
    assert next_of(set(), 2) is None
