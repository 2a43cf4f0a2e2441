"""Runs `up` for a test, with substitutes for its workers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from stream.runtime.ports import free_port
from tests.support.waiting import wait_end, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

MAIN = Path(__file__).with_name("up_main.py")


class Up:
    """One `up` in its own process group, as a terminal starts it."""

    command: tuple[str, ...] = (sys.executable, str(MAIN))
    process: subprocess.Popen[str]

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.api_port, self.kafka_port = free_port(), free_port()
        self._env = {
            **os.environ,
            "FRESHLINE_DATA_DIR": str(self.data_dir),
            "FRESHLINE_API_PORT": str(self.api_port),
            "FRESHLINE_KAFKA_PORT": str(self.kafka_port),
            "UP_TEST_DIR": str(folder),
            "XDG_STATE_HOME": str(folder),
            **env,
        }

    def start(self) -> Self:
        self.kill()
        (self.folder / "events").write_text("")
        with (self.folder / "stderr").open("ab") as errors:
            self.process = subprocess.Popen(
                self.command,
                env=self._env,
                stdout=subprocess.PIPE,
                text=True,
                stderr=errors,
                start_new_session=True,
            )
        return self

    def ready(self) -> Self:
        """Wait until `up` says that it is ready, and until both substitutes run.

        `up` is ready once the API answers. On a slow machine the other worker may still be starting then: ended at that
        moment, it would write neither its start nor its stop.
        """
        assert self.process.stdout
        self.said: dict[str, Any] = json.loads(self.process.stdout.readline() or self.stderr)
        assert self.said["ready"] is True
        if self.command == Up.command:
            self.until(lambda: {name for name, _ in self.events("start")} == {"items", "index"}, "both workers run")
        return self

    @property
    def stderr(self) -> str:
        return (self.folder / "stderr").read_text()

    def instruct(self, name: str, text: str = "") -> None:
        """Tell the substitutes something by a file, which is written in one step: a reader finds all of it."""
        (self.folder / f"{name}.new").write_text(text)
        (self.folder / f"{name}.new").replace(self.folder / name)

    def events(self, kind: str) -> list[tuple[str, int]]:
        """Return (worker, process id) of each event of a kind: start, stop."""
        lines = [line.split() for line in (self.folder / "events").read_text().splitlines()]
        return [(name, int(pid)) for what, name, pid in lines if what == kind]

    def children(self) -> dict[int, str]:
        """Return the command lines of the child processes, by process id."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == self.process.pid:
                    found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
        return found

    def broker_pid(self) -> int | None:
        return next((pid for pid, line in self.children().items() if "tansu" in line or "kafka.Kafka" in line), None)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for the condition while `up` runs."""
        wait_until(condition, what, process=self.process, said=lambda: self.stderr)

    def kill(self) -> None:
        if hasattr(self, "process"):
            self.process.kill()
            self.process.communicate()  # It closes the pipe too.

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.ended()

    def ended(self) -> int:
        """Wait until `up` has ended; return the exit code."""
        return wait_end(self.process, "`up` ends", said=lambda: self.stderr)


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
