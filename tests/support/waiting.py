"""Waits that end when the condition holds, when a process has died, or when nothing has moved for long.

No wait here has a bound in seconds that a slow machine could reach. A wait fails for one of two reasons: the process
that was to bring the condition about has ended, or everything below this process has been still for `STILL_S`. What
neither reason catches (a process that is busy and never done) ends with pytest's own timeout.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import psutil

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

T = TypeVar("T")

LOOK_INTERVAL_S = 0.01
LONG_LOOK_INTERVAL_S = 0.1
"""The interval once the first second has passed: a long wait leaves the processor to the awaited work."""
STILL_S = 120.0
"""Longer than every timer of the product and of the brokers (the longest is a Kafka session, 45 s)."""
STILL_SHARE_MAX = 0.1
"""The share of one core below which the processes count as still. The polling of a wait takes 0.5 % (measured)."""
HANG_S = 1_200.0
"""A bound for a single blocking call of a library, which only a hang reaches: below pytest's own timeout, 1,800 s."""
MEASURE_INTERVAL_S = 1.0
SAID_CHARACTERS_MAX = 2_000


class Process(Protocol):
    """A process that can end: `subprocess.Popen` is one."""

    @property
    def pid(self) -> int:
        """Its process id."""

    def poll(self) -> int | None:
        """Return its exit code, None while it runs."""


class Workload(Protocol):
    """The work of the watched processes."""

    def more_s(self) -> float:
        """Return the seconds of work since the last call."""


class Work:
    """The seconds in which the threads below a process ran, or were ready to run and waited for a core.

    The time spent waiting for a core is counted because a busy machine does not make a working process look still: its
    threads then run less and wait more (both figures are in `/proc/PID/task/TID/schedstat`, in nanoseconds).
    """

    def __init__(self, pid: int | None = None) -> None:
        self._process = psutil.Process(pid or os.getpid())
        self._by_thread: dict[str, int] = {}
        self.more_s()

    def more_s(self) -> float:
        """Return the seconds of work since the last call."""
        now = dict(self._threads())
        more = sum(max(0, ns - self._by_thread.get(thread, 0)) for thread, ns in now.items())
        self._by_thread = now
        return more / 1e9

    def _threads(self) -> Iterator[tuple[str, int]]:
        try:
            pids = [self._process.pid, *(child.pid for child in self._process.children(recursive=True))]
        except psutil.NoSuchProcess:
            return
        for pid in pids:
            for schedstat in schedstats(pid):
                try:
                    ran, waited, _ = schedstat.read_text().split()
                except (OSError, ValueError):
                    continue  # The thread has just ended.
                yield str(schedstat), int(ran) + int(waited)


def schedstats(pid: int) -> list[Path]:
    """Return the files that tell how long each thread of a process ran; none if the process has just ended."""
    try:
        return [thread / "schedstat" for thread in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return []


class Wait:
    """One wait: it raises AssertionError as soon as there is no hope any more.

    `process` is the one that brings the condition about, if a test knows it: its end ends the wait. `said` returns its
    output: what it writes counts as movement, and the end of it stands in the message.
    """

    def __init__(
        self,
        what: str,
        process: Process | None = None,
        said: Callable[[], str] = str,
        *,
        still_s: float = STILL_S,
        now: Callable[[], float] = time.monotonic,
        work: Workload | None = None,
    ) -> None:
        self._what, self._process, self._said, self._still_s, self._now = what, process, said, still_s, now
        self._work: Workload = work or Work()
        self._began_s = self._measured_at_s = self._moved_at_s = now()
        self._work_s = 0.0
        self._written = len(said())

    def check(self) -> None:
        """Raise AssertionError if the process has ended or everything has been still for too long."""
        if self._process is not None and (code := self._process.poll()) is not None:
            raise AssertionError(f"process {self._process.pid} ended with {code} before: {self._what}{self._tail()}")
        if self._now() - self._measured_at_s >= MEASURE_INTERVAL_S:
            self._measure()
        if self._now() - self._moved_at_s > self._still_s:
            raise AssertionError(f"nothing has moved for {self._still_s:.0f} s: {self._what}{self._tail()}")

    def pause_s(self, every_s: float) -> float:
        """Return how long to sleep before the next look."""
        return every_s if self._now() - self._began_s < 1.0 else max(every_s, LONG_LOOK_INTERVAL_S)

    def _measure(self) -> None:
        """Begin a new period of stillness if output came, or if there was as much work as in a busy period."""
        self._measured_at_s = self._now()
        self._work_s += self._work.more_s()
        written = len(self._said())
        if written != self._written or self._work_s > STILL_SHARE_MAX * self._still_s:
            self._written, self._work_s, self._moved_at_s = written, 0.0, self._measured_at_s

    def _tail(self) -> str:
        said = self._said()[-SAID_CHARACTERS_MAX:]
        return f"\n{said}" if said else ""


async def until(
    condition: Callable[[], bool | Awaitable[bool]],
    what: str,
    *,
    process: Process | None = None,
    said: Callable[[], str] = str,
    every_s: float = LOOK_INTERVAL_S,
) -> None:
    """Return once the condition holds; see Wait for what ends the wait before."""
    wait = Wait(what, process, said)
    while True:
        holds = condition()
        if inspect.isawaitable(holds):
            holds = await holds
        if holds:
            return
        wait.check()
        await asyncio.sleep(wait.pause_s(every_s))


def wait_until(
    condition: Callable[[], object],
    what: str,
    *,
    process: Process | None = None,
    said: Callable[[], str] = str,
    every_s: float = LOOK_INTERVAL_S,
) -> None:
    """Return once the condition is true; see Wait for what ends the wait before."""
    wait = Wait(what, process, said)
    while not condition():
        wait.check()
        time.sleep(wait.pause_s(every_s))


def wait_end(process: Process, what: str, *, said: Callable[[], str] = str) -> int:
    """Return the exit code of a process once it has ended by itself."""
    wait = Wait(what, said=said)
    while (code := process.poll()) is None:
        wait.check()
        time.sleep(wait.pause_s(LOOK_INTERVAL_S))
    return code


async def outcome_of(awaitable: Awaitable[T], what: str) -> T:
    """Return the result of an awaitable once it has one, or raise its error."""

    outcome = asyncio.ensure_future(awaitable)
    try:
        await until(outcome.done, what)
    except BaseException:
        outcome.cancel()
        raise
    return outcome.result()
