"""Processes below `up`: started, watched, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable, Mapping

LOG_BYTES_MAX = 16 << 20
SOON_S = 5.0
"""Who ends sooner than this after its start is started again with a growing wait."""
BACKOFF_S = 0.1
BACKOFF_S_MAX = 2.0
STAYS_UP_S = 20.0
"""Who has run for so long stays up."""
ENDS_MAX = 3
"""Who has ended so often in succession without staying up cannot be kept running."""
TAIL_BYTES = 4096
REASON_CHARACTERS_MAX = 200


class Child:
    """One process and its log; `up` restarts it, this class does not."""

    def __init__(self, name: str, argv: Callable[[], list[str]], env: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self._argv = argv
        self._env = dict(env)
        self._process: Process | None = None

    async def start(self) -> None:
        """Raises Misconfigured where its command line cannot be made."""
        argv = await asyncio.to_thread(self._argv)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES_MAX:
            self.log.replace(self.log.with_suffix(".old"))
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "stream.up.die_with_parent", str(os.getpid()), *argv),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._env,
                start_new_session=True,  # Ctrl-C is for `up` alone, which stops the others in order.
            )

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def ended(self) -> int:
        """Its exit code once it has ended; minus the signal's number if one ended it."""
        return await self._process.wait() if self._process else 0

    async def stop(self, seconds_max: float) -> None:
        """SIGTERM, and SIGKILL if it takes longer than that."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.ended(), seconds_max)
        await self.kill()

    async def kill(self) -> None:
        """Ends it at once, and returns when it has ended."""
        self._signal(signal.SIGKILL)
        await self.ended()

    def _signal(self, number: signal.Signals) -> None:
        if self.pid and self._process:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def last_line(self) -> str:
        """The last that it wrote: often the reason for its end."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - TAIL_BYTES))
            lines = log.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


class RestartBackoff:
    """How long to wait before a start, by how long the last one lasted."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._wait = BACKOFF_S

    def started(self) -> None:
        """It was started now."""
        self._started = self._clock()

    def wait_s(self) -> float:
        """It ended now: wait so long."""
        soon = self._clock() - self._started < SOON_S
        self._wait = min(self._wait * 2, BACKOFF_S_MAX) if soon else BACKOFF_S
        return self._wait


class Falls:
    """Whether a process that is started again whenever it ends stays up."""

    def __init__(self, child: Child, tell: Callable[[str | None], None]) -> None:
        """`tell`: hears a sentence each time it ends while it cannot be kept running, and None once it stays up."""
        self._child = child
        self._tell = tell
        self._count = 0
        tell(None)

    def fell(self, why: str) -> None:
        """It ended, or could not even be started."""
        self._count += 1
        if self._count >= ENDS_MAX:
            name, log = self._child.name, self._child.log
            self._tell(f"{name} cannot be kept running, it ended {self._count} times: {why}; its log: {log}")

    async def ended(self) -> int:
        """Its exit code once it has ended."""
        ended = asyncio.ensure_future(self._child.ended())
        try:
            if not (await asyncio.wait([ended], timeout=STAYS_UP_S))[0]:
                self._count = 0
                self._tell(None)
            return await ended
        finally:
            ended.cancel()


async def keep(
    child: Child, say: Callable[[str], None], *, may_give_up: Callable[[], bool], tell: Callable[[str | None], None]
) -> None:
    """Starts it, and again whenever it ends, for ever. `tell`: see Falls.

    Raises Misconfigured with its last line if it says that it cannot start, while `may_give_up`.
    """
    backoff, falls = RestartBackoff(), Falls(child, tell)
    while True:
        if child.pid is None and (reason := await _not_started(child)):
            falls.fell(reason)
            wait_s = backoff.wait_s()
            say(f"{child.name} cannot be started ({reason}), again in {wait_s:.1f} s")
            await asyncio.sleep(wait_s)
            continue
        backoff.started()
        code = await falls.ended()
        if code == Misconfigured.worker_exit_code and may_give_up():
            raise Misconfigured(child.last_line().removeprefix("freshline: "))
        wait_s = backoff.wait_s()
        why = how(code) + (f": {child.last_line()[:REASON_CHARACTERS_MAX]}" if code > 0 else "")
        falls.fell(why)
        say(f"{child.name} ended ({why}); starts again in {wait_s:.1f} s; its log: {child.log}")
        await asyncio.sleep(wait_s)


async def _not_started(child: Child) -> str | None:
    """Why: a full disk, or no memory; None once it runs."""
    try:
        await child.start()
    except OSError as error:
        return error.strerror or str(error)
    return None


def how(code: int) -> str:
    """An exit code to a person: "exit 1", "SIGKILL"."""
    return f"exit {code}" if code >= 0 else signal.Signals(-code).name


def processor_seconds(pid: int) -> float:
    """That all threads of a process have run so far. Raises Unavailable as `resident_bytes` does."""
    try:
        runs = [each.read_text().split()[0] for each in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    except (OSError, LookupError) as error:
        raise Unavailable(f"the processor time of process {pid} cannot be read: {error}") from error
    if not runs:
        raise Unavailable(f"the processor time of process {pid} cannot be read")
    return sum(map(int, runs)) / 1e9


def resident_bytes(pid: int) -> int:
    """Memory of a process. Raises Unavailable if it is gone, or on a system that does not tell."""
    try:
        with open(f"/proc/{pid}/statm") as statm:  # noqa: PTH123
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError as error:
        raise Unavailable(f"the memory of process {pid} cannot be read: {error}") from error
