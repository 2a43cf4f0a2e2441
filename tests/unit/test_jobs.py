"""Long work: how far it is, and one of each kind at a time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from stream.api.service import Conflict
from stream.index.jobs import Jobs, Step


async def test_what_an_earlier_run_had_done_is_no_speed_of_this_one() -> None:
    step = Step()
    step.phase_begins("filling", 100_000, done=90_000)
    assert step.items_per_second == 0
    step.done += 10
    await asyncio.sleep(0.01)
    assert 0 < step.items_per_second <= 10 / 0.01


async def test_while_a_job_runs_there_is_no_other_of_its_kind_and_then_there_is() -> None:
    jobs, may_end = Jobs(), asyncio.Event()

    async def work(_step: Step) -> dict[str, Any]:
        await may_end.wait()
        return {"done": True}

    jobs.start("rebuild", work)
    with pytest.raises(Conflict, match="a rebuild runs already"):
        jobs.start("rebuild", work)
    with pytest.raises(Conflict, match="a rebuild runs already"):
        jobs.check_ended("rebuild")
    jobs.check_ended("reconcile")
    may_end.set()
    async with asyncio.timeout(10):
        while (report := jobs.report("rebuild")) is None or report.state == "running":  # noqa: ASYNC110 -- as a client
            await asyncio.sleep(0)
    assert report.result == {"done": True}
    jobs.check_ended("rebuild")
