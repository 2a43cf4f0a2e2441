"""The processes of `up` are restarted with a growing wait, and a process that keeps failing is reported."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest

from schemas.errors import Misconfigured
from stream.runtime.held_start import HELD
from stream.runtime.stack_report import StackReportFile, read_stack_report
from stream.up.child_process import (
    FAILURES_MAX,
    RESTART_WAIT_S_MAX,
    SHORT_LIFE_S,
    ChildProcess,
    FailureCount,
    RestartBackoff,
    describe_exit,
    keep_running,
    start_held,
)
from tests.support.clocks import ManualClock
from tests.support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path


def child_that_runs(script: str, folder: Path) -> ChildProcess:
    return ChildProcess("worker", lambda: [sys.executable, "-c", script], os.environ, folder / "worker.log")


WAITS = """
import asyncio
from stream.runtime.held_start import until_released
print("imported", flush=True)
asyncio.run(until_released())
print("released", flush=True)
"""


def child_that_waits(folder: Path, *more: str) -> ChildProcess:
    return ChildProcess("worker", lambda: [sys.executable, "-c", WAITS, *more], os.environ, folder / "worker.log")


def failing(folder: Path) -> dict[str, str]:
    report = read_stack_report(folder)
    return report.failing if report else {}


def test_the_wait_grows_while_lives_are_short_and_is_small_again_after_a_long_one() -> None:
    clock = ManualClock()
    backoff = RestartBackoff(clock)
    waits = []
    for _ in range(6):
        backoff.started()
        waits.append(backoff.wait_s())
    assert waits == [0.2, 0.4, 0.8, 1.6, RESTART_WAIT_S_MAX, RESTART_WAIT_S_MAX]
    backoff.started()
    clock.now_s += SHORT_LIFE_S
    assert backoff.wait_s() == 0.1


async def test_a_process_that_fails_again_and_again_is_reported_with_its_last_words(tmp_path: Path) -> None:
    child = child_that_runs("", tmp_path)
    failures = FailureCount(child, StackReportFile(tmp_path), stays_up_s=20.0)
    for _ in range(FAILURES_MAX - 1):
        failures.failed("exit 1: no such topic")
    assert failing(tmp_path) == {}
    failures.failed("exit 1: no such topic")
    (sentence,) = failing(tmp_path).values()
    assert sentence.startswith("worker cannot be kept running, it ended 3 times: exit 1: no such topic; its log: ")


async def test_a_process_that_stays_up_is_no_longer_reported_and_counts_from_0(tmp_path: Path) -> None:
    child = child_that_runs("import time; time.sleep(60)", tmp_path)
    failures = FailureCount(child, StackReportFile(tmp_path), stays_up_s=0.01)
    for _ in range(FAILURES_MAX):
        failures.failed("exit 1")
    await child.start()
    ended = asyncio.ensure_future(failures.ended())
    await until(lambda: not failing(tmp_path), "it counts as staying up")
    await child.kill()
    assert describe_exit(await ended) == "SIGKILL"
    failures.failed("SIGKILL")
    assert failing(tmp_path) == {}


async def test_a_misconfigured_process_is_given_up_only_until_the_stack_is_ready(tmp_path: Path) -> None:
    script = "print('freshline: there is no such model'); raise SystemExit(78)"
    child, said = child_that_runs(script, tmp_path), list[str]()
    failures, ready = FailureCount(child, StackReportFile(tmp_path), stays_up_s=20.0), asyncio.Event()
    with pytest.raises(Misconfigured, match=r"^there is no such model$"):
        await keep_running(child, said.append, failures, ManualClock(), ready=ready)
    assert said == []
    ready.set()
    running = asyncio.ensure_future(keep_running(child, said.append, failures, ManualClock(), ready=ready))
    await until(lambda: bool(said), "its end is said")
    running.cancel()
    await child.kill()
    assert said[0].startswith("worker ended (exit 78: freshline: there is no such model); starts again in ")


async def test_a_process_that_is_started_held_goes_on_once_it_is_kept_running(tmp_path: Path) -> None:
    child, said = child_that_waits(tmp_path, HELD), list[str]()
    await start_held(child)
    await until(lambda: child.last_line() == "imported", "it has imported")
    assert child.pid is not None
    failures = FailureCount(child, StackReportFile(tmp_path), stays_up_s=20.0)
    running = asyncio.ensure_future(keep_running(child, said.append, failures, ManualClock()))
    await until(lambda: bool(said), "it has ended")
    running.cancel()
    assert child.output.read_text() == "imported\nreleased\n"
    await child.kill()


async def test_a_process_that_does_not_wait_is_not_started_before_its_time(tmp_path: Path) -> None:
    child = child_that_waits(tmp_path)
    await start_held(child)
    assert child.pid is None


async def test_a_held_process_ends_if_nobody_is_left_to_release_it(tmp_path: Path) -> None:
    child = child_that_waits(tmp_path, HELD)
    await child.start()
    assert child._process is not None and child._process.stdin is not None
    child._process.stdin.close()
    assert await child.ended() == 1
    assert "ended before its log was open" in child.last_line()
