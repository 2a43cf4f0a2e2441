"""A stack that cannot start ends in order: the next one must not call it killed, and tell of events to send again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from schemas.errors import FreshlineError, Misconfigured, Unavailable
from stream.runtime.ports import free_port
from stream.runtime.settings import read_settings
from stream.runtime.stack_report import StackReportFile
from stream.up.bounds import UpBounds
from stream.up.data_dir import DataDir
from stream.up.loss_report import LossReport
from stream.up.supervisor import Supervisor
from workers.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

    from stream.up.probe import Probe


class LogThatFails:
    """A log in memory that opens, takes events, and whose stack then cannot go on."""

    address = "127.0.0.1:1"
    is_durable = False

    def __init__(self, losses: LossReport, error: FreshlineError) -> None:
        self._losses, self._error = losses, error
        self.calls: list[str] = []

    async def open(self) -> None:
        """Write a report, as a log does whose broker runs."""
        self.calls.append("open")
        self._losses.update(log_kind="the embedded broker")

    async def run(self) -> None:
        """Fail, as a worker does that is set up wrongly."""
        raise self._error

    async def close(self) -> bool:
        """End in order."""
        self.calls.append("close")
        self._losses.close()
        return True

    async def kill(self) -> None:
        """End at once."""
        self.calls.append("kill")

    async def note_status(self, status: dict[str, Any]) -> None:
        """Note nothing."""

    async def drain(self, probe: Probe, seconds_max: float) -> None:
        """Wait for nothing."""

    async def wait_end(self) -> bool:
        """Wait until cancelled."""
        return await asyncio.Event().wait()

    async def hand_over(self) -> None:
        """Hand nothing over."""


def started(folder: Path, error: FreshlineError | None) -> list[str]:
    """Return the losses that are told at the start of a stack, which then cannot go on because of the error."""
    said, report, clock = list[str](), StackReportFile(folder), SystemClock()
    losses = LossReport(report, said.append, clock)
    if error is not None:
        log = LogThatFails(losses, error)
        settings = read_settings(data_dir=folder, api_port=free_port())
        supervisor = Supervisor(settings, DataDir(folder), log, report, {}, UpBounds(), clock, as_json=False)
        with pytest.raises(type(error), match="that is why"):
            asyncio.run(supervisor.run())
        assert log.calls == ["open", "close", "kill"]
    return said


@pytest.mark.parametrize("kind", [Misconfigured, Unavailable])
def test_a_stack_that_could_not_start_was_not_killed(tmp_path: Path, kind: type[FreshlineError]) -> None:
    assert started(tmp_path, kind("that is why")) == []
    assert started(tmp_path, kind("that is why")) == []
    assert started(tmp_path, None) == []


def test_a_loss_before_a_start_that_fails_is_still_told_after_it(tmp_path: Path) -> None:
    LossReport(StackReportFile(tmp_path), print, SystemClock()).update(log_kind="the embedded broker")  # It is killed.
    assert len(started(tmp_path, Misconfigured("that is why"))) == 1
    assert started(tmp_path, None) == []
    left = StackReportFile(tmp_path).left_behind
    assert left is not None and left.may_be_missing is not None and "was killed" in left.may_be_missing
