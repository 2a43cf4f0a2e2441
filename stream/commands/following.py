"""Follows long work of a running stack: a progress bar on a terminal, lines elsewhere, the result at the end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from schemas.errors import FreshlineError, NotFound
from stream.commands.progress_bar import progress_bar
from stream.commands.waiting import wait_out

if TYPE_CHECKING:
    from stream.runtime.jobs import JobReport
    from workers.clock import Clock

LOOK_INTERVAL_S = 0.2
LINE_INTERVAL_S = 10.0
"""The time between two lines of the same phase where there is no terminal."""


class FollowedWork(Protocol):
    """A job of the stack."""

    def start(self) -> JobReport:
        """Ask the stack to start the job."""

    def report(self) -> JobReport:
        """Return how far the job is. Raises NotFound where the process knows of none."""


def follow(
    work: FollowedWork, *, quiet: bool, clock: Clock, look_interval_s: float = LOOK_INTERVAL_S
) -> dict[str, Any]:
    """Start a job, and return its result once it is done.

    The job is started again where the process that did it ended and the next one knows of none: the work goes on with
    what is there. Raises FreshlineError with the reason if it failed, Unavailable if nothing answers for a minute.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, TimeElapsedColumn

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), "{task.fields[pace]}", TimeElapsedColumn())
    with progress_bar(*columns, hidden=quiet) as bar:
        task = bar.add_task("", total=None, pace="")
        lines = _Lines(work.start().phase, clock, quiet=quiet or not bar.disable)
        while (report := _report(work)).state == "running":
            lines.print_if_due(report)
            bar.update(task, description=report.phase, completed=report.done, total=report.total, pace=_pace(report))
            time.sleep(look_interval_s)
    if report.state == "failed":
        raise FreshlineError(str(report.error))
    return report.result or {}


class _Lines:
    """Prints how far the work is: a line for each further phase, and one every ten seconds within a phase."""

    def __init__(self, first_phase: str, clock: Clock, *, quiet: bool) -> None:
        """A job may be refused in its first phase. The error is then the only line, if that takes less than 10 s."""
        self._clock = clock
        self._quiet = quiet
        self._begin(first_phase)

    def print_if_due(self, report: JobReport) -> None:
        """Print a line if the phase is a new one, or the last line is long ago."""
        from stream.runtime.printing import say

        if self._quiet or (report.phase == self._phase and self._clock.monotonic_s() < self._next_s):
            return
        self._begin(report.phase)
        far = f": {report.done:,} of {report.total:,}, {_pace(report)}" if report.total else ""
        say(f"{report.phase}{far}")

    def _begin(self, phase: str) -> None:
        self._phase, self._next_s = phase, self._clock.monotonic_s() + LINE_INTERVAL_S


def _report(work: FollowedWork) -> JobReport:
    def ask() -> JobReport:
        while True:
            try:
                return work.report()
            except NotFound:
                work.start()

    return wait_out(ask, shown=False)


def _pace(report: JobReport) -> str:
    left = report.seconds_left
    return f"{report.items_per_second:,.0f}/s" + ("" if left is None else f", {left:,.0f} s left")
