"""Jobs: long work that an operator asks for, one of each kind at a time, each with a report of how far it is."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import structlog
from pydantic import BaseModel

from schemas.errors import Conflict, FreshlineError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from workers.clock import Clock

    Work = Callable[["Step"], Awaitable[dict[str, Any]]]
    """Does the job and returns its result; it reports on the Step how far it is."""

log = structlog.get_logger(__name__)


class JobReport(BaseModel):
    """The progress of a job."""

    kind: str
    """The name of the kind: rebuild, reconcile."""
    state: Literal["running", "done", "failed"]
    phase: str
    """The step that the job does now, or did last."""
    done: int
    """The items of this phase that are done."""
    total: int | None
    """The items of this phase; None while the number is not known yet."""
    items_per_second: float
    seconds_left: float | None
    """The seconds until the end of this phase, at its rate so far; None while there is no rate."""
    error: str | None
    """The reason why the job failed, in a sentence; None if it did not."""
    result: dict[str, Any] | None
    """The value that the job returned, once it is done."""


class Step:
    """The place where a job says how far it is."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.phase = "starting"
        self.done = 0
        self.total: int | None = None
        self._done_before = 0
        self._phase_began_s = self._clock.monotonic_s()

    def phase_begins(self, phase: str, total: int | None = None, *, done: int = 0) -> None:
        """Begin a phase of `total` items; None if the number is not known. The rate omits the `done` items of an
        earlier process."""
        self.phase, self.done, self.total = phase, done, total
        self._done_before = done
        self._phase_began_s = self._clock.monotonic_s()

    def advance(self, items: int = 1) -> None:
        """Note that so many more items of this phase are done."""
        self.done += items

    def reach(self, done: int, total: int | None = None) -> None:
        """Note how many items of this phase are done, and where it is given, how many there are by now."""
        self.done = done
        if total is not None:
            self.total = total

    @property
    def items_per_second(self) -> float:
        """The rate of this phase so far."""
        seconds = self._clock.monotonic_s() - self._phase_began_s
        return max(0, self.done - self._done_before) / max(seconds, 1e-3)


class Jobs:
    """The jobs of one API process, which remembers the last one of each kind."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._steps: dict[str, Step] = {}
        self._tasks: dict[str, asyncio.Task[dict[str, Any]]] = {}

    def start(self, kind: str, work: Work) -> JobReport:
        """Begin a job. Raises Conflict while another of this kind runs."""
        self.refuse_while_running(kind)
        step = self._steps[kind] = Step(self._clock)
        task = self._tasks[kind] = asyncio.create_task(_run(work, step), name=kind)
        task.add_done_callback(partial(_log_failure, kind))
        return self._report(kind, step, task)

    def refuse_while_running(self, kind: str) -> None:
        """Raise Conflict while a job of this kind runs."""
        running = self._tasks.get(kind)
        if running is not None and not running.done():
            raise Conflict(f"a {kind} runs already ({self._steps[kind].phase}): wait until it is done")

    def report(self, kind: str) -> JobReport | None:
        """Return the report on the last job of this kind; None if there was none since the process started."""
        task = self._tasks.get(kind)
        return self._report(kind, self._steps[kind], task) if task else None

    async def stop(self) -> None:
        """Stop the jobs that run. Idempotent."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    @staticmethod
    def _report(kind: str, step: Step, task: asyncio.Task[dict[str, Any]]) -> JobReport:
        error = None
        if task.done():
            error = "it was stopped" if task.cancelled() else _sentence(task.exception())
        rate = step.items_per_second
        left = None if step.total is None or not rate else max(0, step.total - step.done) / rate
        return JobReport(
            kind=kind,
            state="running" if not task.done() else "failed" if error else "done",
            phase=step.phase,
            done=step.done,
            total=step.total,
            items_per_second=round(rate, 1),
            seconds_left=None if left is None else round(left, 1),
            error=error,
            result=task.result() if task.done() and not error else None,
        )


async def _run(work: Work, step: Step) -> dict[str, Any]:
    return await work(step)


def _sentence(error: BaseException | None) -> str | None:
    if error is None or isinstance(error, FreshlineError):
        return str(error) if error else None
    return f"this is a bug in Freshline ({error!r}); its log has the traceback"


def _log_failure(kind: str, done: asyncio.Task[dict[str, Any]]) -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        log.error(
            "job failed", kind=kind, error=str(error), exc_info=None if isinstance(error, FreshlineError) else error
        )
