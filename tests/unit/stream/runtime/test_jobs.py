"""The report of a job says how far it is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from schemas.errors import Conflict, FreshlineError
from stream.runtime.jobs import Jobs, Step
from workers.clock import SystemClock

if TYPE_CHECKING:
    from stream.runtime.jobs import JobReport


class MovedClock(SystemClock):
    """Its time passes only when a test moves it."""

    now_s = 100.0

    def monotonic_s(self) -> float:
        return self.now_s


def test_items_of_an_earlier_process_count_as_done_and_not_in_the_rate() -> None:
    clock = MovedClock()
    step = Step(clock)
    step.phase_begins("filling", 1_000, done=800)
    assert (step.done, step.items_per_second) == (800, 0)
    clock.now_s += 10
    step.reach(900)
    assert step.items_per_second == 10
    step.phase_begins("comparing", 50)
    clock.now_s += 5
    step.advance(50)
    assert step.items_per_second == 10


async def _report_after(jobs: Jobs, work: Any) -> JobReport:
    jobs.start("rebuild", work)
    await asyncio.wait(jobs._tasks.values())
    report = jobs.report("rebuild")
    assert report is not None
    return report


async def test_a_running_job_reports_its_rate_and_the_time_that_is_left() -> None:
    clock = MovedClock()
    jobs = Jobs(clock)

    async def work(step: Step) -> dict[str, Any]:
        step.phase_begins("filling", 300)
        clock.now_s += 10
        step.reach(100)
        await asyncio.Event().wait()
        return {}

    jobs.start("rebuild", work)
    await asyncio.sleep(0)
    report = jobs.report("rebuild")
    assert report is not None
    assert (report.state, report.phase, report.items_per_second, report.seconds_left) == ("running", "filling", 10, 20)
    with pytest.raises(Conflict, match=r"a rebuild runs already \(filling\)"):
        jobs.start("rebuild", work)
    await jobs.stop()
    stopped = jobs.report("rebuild")
    assert stopped is not None and (stopped.state, stopped.error) == ("failed", "it was stopped")


async def test_a_job_that_is_done_reports_its_result() -> None:
    async def work(_: Step) -> dict[str, Any]:
        return {"items": 7}

    report = await _report_after(Jobs(SystemClock()), work)
    assert (report.state, report.error, report.result) == ("done", None, {"items": 7})


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (FreshlineError("the disk is full"), "the disk is full"),
        (ZeroDivisionError("1/0"), "this is a bug in Freshline"),
    ],
)
async def test_a_job_that_fails_reports_why(error: Exception, sentence: str) -> None:
    async def work(_: Step) -> dict[str, Any]:
        raise error

    report = await _report_after(Jobs(SystemClock()), work)
    assert report.state == "failed" and (report.error or "").startswith(sentence)
