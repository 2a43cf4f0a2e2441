"""A worker ends with a line for a person, or with a traceback if it is a bug."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import structlog

from schemas.errors import Gone, Misconfigured
from stream.runtime.process import run

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Restore what a worker sets up for its whole process (logs, signals, event loop): here many run in one process."""
    interrupt, handlers, level = signal.getsignal(signal.SIGINT), logging.root.handlers[:], logging.root.level
    loops, interval_s, thresholds = asyncio.get_event_loop_policy(), sys.getswitchinterval(), gc.get_threshold()
    yield
    asyncio.set_event_loop_policy(loops)
    sys.setswitchinterval(interval_s)
    gc.set_threshold(*thresholds)
    signal.signal(signal.SIGINT, interrupt)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


async def fail(error: Exception) -> None:
    raise error


def ends_with(*errors: Exception) -> int:
    """Return the exit code of a worker whose tasks fail, one after the other."""

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            for error in errors:
                tasks.create_task(fail(error))

    return run(main)


def own_lines(capfd: pytest.CaptureFixture[str]) -> list[str]:
    """Return the lines of the process on stderr, without those that libraries logged in threads of earlier tests."""
    lines = capfd.readouterr().err.splitlines()
    return [line for line in lines if not line.startswith("{") or json.loads(line)["logger"].startswith("stream.")]


def test_a_thread_that_hangs_does_not_keep_the_process_running() -> None:
    script = (
        "import threading; from stream.runtime.process import exit_now, run\n"
        "async def main(): threading.Thread(target=threading.Event().wait).start()\n"
        "exit_now(run(main))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_an_error_with_a_sentence_ends_the_process_with_that_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    assert ends_with(Gone("the collection is gone")) == 1
    assert own_lines(capfd) == ["the collection is gone"]


def test_a_process_that_is_set_up_wrongly_says_so_by_its_exit_code(capfd: pytest.CaptureFixture[str]) -> None:
    assert ends_with(Misconfigured("another model")) == Misconfigured.worker_exit_code == 78
    assert own_lines(capfd) == ["another model"]


def test_a_bug_leaves_its_traceback_whatever_else_fails(capfd: pytest.CaptureFixture[str]) -> None:
    assert ends_with(Misconfigured("another model"), ZeroDivisionError("bug")) == 1
    said = capfd.readouterr().err
    assert "another model" in said and "ZeroDivisionError: bug" in said and "Traceback" in said
