"""A stack under test: the real `freshline up` in its own process, and the ways to disturb its processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.faults.api import Api, Failed, client, wait_for
from tests.support.running_up import Up, alive

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent
WORKER = FOLDER / "worker.py"
STOP_SECONDS_MAX = 40.0
ASSIGNED = '"event": "recovered"'
"""The part of a log line that an items worker writes for each partition whose state it has recovered."""


class Stack(Up, Api):
    """One `up` on a folder of its own. `control` names the bug that the workers have on purpose, see worker.py."""

    command = (
        sys.executable,
        "-m",
        "stream.up.die_with_parent",
        str(os.getpid()),
        sys.executable,
        str(FOLDER / "up_main.py"),
    )
    """The command ends with the harness."""
    events_per_second = 120.0
    small_queues = True

    def __init__(self, folder: Path, *, broker: str = "embedded", partitions: int = 4, **env: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.partitions = partitions
        super().__init__(
            folder,
            FRESHLINE_BROKER=broker,
            FRESHLINE_PARTITIONS=str(partitions),
            **{"FRESHLINE_EMBEDDER": "fake", "FRESHLINE_CANARY_SECONDS": "0", "HF_HUB_OFFLINE": "1", **env},
        )
        self.keeps_log = broker == "kafka"
        self._others: list[subprocess.Popen[bytes]] = []
        self.http = client(f"http://127.0.0.1:{self.api_port}")

    @property
    def kafka(self) -> str:
        return f"127.0.0.1:{self.kafka_port}"

    def __enter__(self) -> Self:
        try:
            self.start().ready()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Stop everything that it started."""
        self.http.close()
        for other in self._others:
            other.kill()
            other.wait(10)
        for pid in self.children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        with contextlib.suppress(subprocess.TimeoutExpired, ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGINT)
            self.process.wait(STOP_SECONDS_MAX)
        self.kill()

    def pid(self, name: str) -> int:
        """Return the process id of `items`, `index`, `broker` or `up`, once it runs."""
        found: list[int] = []

        def runs() -> bool:
            found[:] = [self.process.pid] if name == "up" else self._pids(name)
            return bool(found)

        wait_for(runs, f"{name} runs", every_s=0.01, process=self.process)
        return found[0]

    def pid_now(self, name: str) -> int | None:
        """Return the process id; None while the process does not run."""
        return next(iter(self._pids(name)), None)

    def _pids(self, name: str) -> list[int]:
        if name == "broker":
            return [pid for pid in [self.broker_pid()] if pid]
        return [
            pid
            for pid, line in self.children().items()
            if f"worker.py {name}" in line and "stream.up.die_with_parent" not in line
        ]

    def signal(self, name: str, number: signal.Signals) -> int:
        """Send the signal, and return the process id."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def kill_process(self, name: str) -> None:
        """Send SIGKILL, and return when the process is gone."""
        pid = self.signal(name, signal.SIGKILL)
        if name == "up":
            self.process.wait(10)
        wait_for(lambda: not alive(pid), f"{name} is gone")

    @contextlib.contextmanager
    def frozen(self, name: str) -> Iterator[int]:
        """Stop the process by SIGSTOP until the end of the block."""
        pid = self.signal(name, signal.SIGSTOP)
        try:
            yield pid
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def kill_at(self, name: str, point: str, calls: int) -> None:
        """Let the process kill itself at the given call, counted from now, of the function that the point names; return
        when it has."""
        pid = self.pid(name)
        self.instruct(f"{name}-dies", f"{point} {calls}")
        wait_for(lambda: not alive(pid), f"{name} reaches {point}", every_s=0.005)
        if (self.folder / f"{name}-dies").exists():
            raise Failed(f"{name} ended before it was told to, see its log")

    def items_assigned(self) -> int:
        """Return how often the items worker of `up` was assigned a partition and had read its state."""
        return (self.data_dir / "logs" / "items.log").read_text(errors="replace").count(ASSIGNED)

    @contextlib.contextmanager
    def second_worker(self, *arguments: str, slot: str = "1") -> Iterator[None]:
        """Run an items worker beside that of `up`, which has partitions by then; it is killed at the end. See
        worker.py."""
        env = self._env | {
            "FRESHLINE_KAFKA": self.kafka,
            "FRESHLINE_WORKER_SLOT": slot,
            "FRESHLINE_DATA_DIR": str(self.folder / f"slot-{slot}"),
        }
        log = self.folder / f"slot-{slot}-{len(self._others)}.log"
        with log.open("wb") as output:
            argv = [sys.executable, str(WORKER), "items", *arguments]
            worker = subprocess.Popen(argv, env=env, stdout=output, stderr=output)
        self._others.append(worker)
        try:
            wait_for(lambda: ASSIGNED in log.read_text(), "the second worker has partitions", process=worker)
            yield
        finally:
            worker.kill()
            worker.wait(10)

    def restart(self) -> None:
        """Start `up` again after it was killed."""
        self.process.wait(10)
        self.start().ready()
