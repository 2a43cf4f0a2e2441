"""Starts the processes that `up` runs, stops them, and restarts them when they end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.errors import Misconfigured, Unavailable
from stream.runtime.held_start import HELD
from stream.up.brokers.interface import wait_accepting
from stream.up.last_words import last_words

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable, Mapping

    from stream.runtime.stack_report import StackReportFile
    from stream.up.brokers.interface import Broker
    from workers.clock import Clock

    Say = Callable[[str], None]
    """Prints a line for the person who runs `up`."""

OUTPUT_BYTES_MAX = 16 << 20
SHORT_LIFE_S = 5.0
"""After a shorter life a process is restarted with a growing wait."""
RESTART_WAIT_S_MIN = 0.1
RESTART_WAIT_S_MAX = 2.0
FAILURES_MAX = 3
"""A process that has failed this often in succession, without staying up, counts as one that cannot be kept running."""
REASON_CHARACTERS_MAX = 200


class ChildProcess:
    """One child process and the file to which its output goes. `keep_running` restarts it; this class does not."""

    def __init__(self, name: str, argv: Callable[[], list[str]], env: Mapping[str, str], output: Path) -> None:
        """`argv` returns the command line. It is called at each start, because it may have to prepare a directory.

        With HELD in it the process waits until `release`.
        """
        self.name = name
        self.output = output
        self._argv = argv
        self._env = dict(env)
        self._process: Process | None = None

    async def start(self) -> None:
        """Start the process. Raises Misconfigured if its command line cannot be made."""
        argv = await asyncio.to_thread(self._argv)
        if self.output.exists() and self.output.stat().st_size > OUTPUT_BYTES_MAX:
            self.output.replace(self.output.with_suffix(".old"))
        with self.output.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "stream.up.die_with_parent", str(os.getpid()), *argv),
                stdin=asyncio.subprocess.PIPE if HELD in argv else asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._env,
                start_new_session=True,  # Ctrl-C must reach only `up`, which stops its children in order.
            )

    @property
    def is_held(self) -> bool:
        """Return whether the process waits until `release` once it is started."""
        return HELD in self._argv()

    def release(self) -> None:
        """Let a process that was started held go on. Idempotent; any other process is left alone."""
        if self._process is not None and (stdin := self._process.stdin) is not None and not stdin.is_closing():
            stdin.write(b"\n")
            stdin.close()

    @property
    def pid(self) -> int | None:
        """The id of the running process; None while it does not run."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def ended(self) -> int:
        """Wait until the process has ended; return its exit code, or minus the number of the signal that ended it."""
        return await self._process.wait() if self._process else 0

    async def stop(self, seconds_max: float) -> None:
        """Send SIGTERM, and SIGKILL if the process takes longer than `seconds_max` to end."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.ended(), seconds_max)
        await self.kill()

    async def kill(self) -> None:
        """Send SIGKILL, and wait until the process has ended."""
        self._signal(signal.SIGKILL)
        await self.ended()

    def _signal(self, number: signal.Signals) -> None:
        if self.pid and self._process:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def last_line(self) -> str:
        """Return the last line of the output, which often says why the process ended; see `last_words`."""
        return last_words(self.output)


class RestartBackoff:
    """Computes the wait before a restart, which grows as long as the process ends soon after each start."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started_s = clock.monotonic_s()
        self._wait_s = RESTART_WAIT_S_MIN

    def started(self) -> None:
        """Note that the process starts now."""
        self._started_s = self._clock.monotonic_s()

    def wait_s(self) -> float:
        """Note that the process has just ended, and return how long to wait before the next start."""
        was_short = self._clock.monotonic_s() - self._started_s < SHORT_LIFE_S
        self._wait_s = min(self._wait_s * 2, RESTART_WAIT_S_MAX) if was_short else RESTART_WAIT_S_MIN
        return self._wait_s


class FailureCount:
    """Puts a process that fails repeatedly into the stack report, and removes it once the process stays up."""

    def __init__(self, child: ChildProcess, report: StackReportFile, stays_up_s: float) -> None:
        self._child = child
        self._report = report
        self._stays_up_s = stays_up_s
        self._count = 0
        report.set_failing(child.name, None)

    def failed(self, why: str) -> None:
        """Count an end of the process, or a start that was not possible."""
        self._count += 1
        if self._count >= FAILURES_MAX:
            name, output = self._child.name, self._child.output
            sentence = f"{name} cannot be kept running, it ended {self._count} times: {why}; its log: {output}"
            self._report.set_failing(name, sentence)

    async def ended(self) -> int:
        """Wait until the process has ended, and return its exit code. Count from 0 again once it has stayed up."""
        ended = asyncio.ensure_future(self._child.ended())
        try:
            if not (await asyncio.wait([ended], timeout=self._stays_up_s))[0]:
                self._count = 0
                self._report.set_failing(self._child.name, None)
            return await ended
        finally:
            ended.cancel()


async def start_held(child: ChildProcess) -> None:
    """Start a process that waits until `release`, as `keep_running` calls it: meanwhile it imports what it needs.

    One that cannot be started is left to `keep_running`, which tries again and says why.
    """
    if child.is_held:
        await _start_failure(child)


async def keep_running(
    child: ChildProcess,
    say: Say,
    failures: FailureCount,
    clock: Clock,
    *,
    ready: asyncio.Event | None = None,
) -> None:
    """Start the process, and restart it whenever it ends, until cancelled.

    Raises Misconfigured, with the last line of the output, if the process exits as misconfigured before `ready` is set.
    Without `ready` such a process is restarted too.
    """
    backoff = RestartBackoff(clock)
    while True:
        if child.pid is None and (reason := await _start_failure(child)):
            failures.failed(reason)
            wait_s = backoff.wait_s()
            say(f"{child.name} cannot be started ({reason}), again in {wait_s:.1f} s")
            await asyncio.sleep(wait_s)
            continue
        child.release()
        backoff.started()
        code = await failures.ended()
        if code == Misconfigured.worker_exit_code and ready is not None and not ready.is_set():
            raise Misconfigured(child.last_line().removeprefix("freshline: "))
        wait_s = backoff.wait_s()
        why = describe_exit(code) + (f": {child.last_line()[:REASON_CHARACTERS_MAX]}" if code > 0 else "")
        failures.failed(why)
        say(f"{child.name} ended ({why}); starts again in {wait_s:.1f} s; its log: {child.output}")
        await asyncio.sleep(wait_s)


async def _start_failure(child: ChildProcess) -> str | None:
    """Start the process; return None, or the reason why it cannot be started (a full disk, no memory)."""
    try:
        await child.start()
    except OSError as error:
        return error.strerror or str(error)
    return None


async def wait_broker_accepts(broker: Broker, child: ChildProcess) -> None:
    """Wait until the broker accepts connections. Raises Unavailable, with its last line of output, if it ends."""
    try:
        await wait_accepting(broker.address, broker.start_seconds_max, alive=lambda: child.pid is not None)
    except Unavailable as error:
        raise Unavailable(f"{error}: {child.last_line() or 'it said nothing'} (its log: {child.output})") from error


def describe_exit(code: int) -> str:
    """Return an exit code for a person: "exit 1", "SIGKILL"."""
    return f"exit {code}" if code >= 0 else signal.Signals(-code).name


def processor_seconds(pid: int) -> float:
    """Return the processor time that all threads of a process have used so far.

    Raises Unavailable if the process has ended, or on a system that does not report the time.
    """
    try:
        runs = [each.read_text().split()[0] for each in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    except (OSError, LookupError) as error:
        raise Unavailable(f"the processor time of process {pid} cannot be read: {error}") from error
    if not runs:
        raise Unavailable(f"the processor time of process {pid} cannot be read")
    return sum(map(int, runs)) / 1e9


def resident_bytes(pid: int) -> int:
    """Return the memory of a process. Raises Unavailable if it has ended, or on a system that does not report it."""
    try:
        with open(f"/proc/{pid}/statm") as statm:  # noqa: PTH123
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError as error:
        raise Unavailable(f"the memory of process {pid} cannot be read: {error}") from error
