"""A `freshline up` of the benchmark's own: HTTP, the broker's address, and the resources that its processes use."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil

from schemas.errors import FreshlineError
from stream.client import Client
from stream.demo.stack import DemoStack, running_stack
from stream.progress.histograms import Histograms, read_freshness
from stream.runtime.ports import free_port
from stream.runtime.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOK_INTERVAL_S = 0.1
QUIET_SECONDS_MAX = 400.0


class Memory(NamedTuple):
    """The memory of all processes of the stack together, in bytes."""

    rss: int
    """The sum over the processes: pages that several of them share count several times."""
    pss: int
    """The sum in which shared pages count once."""
    uss: int
    """The sum of the pages that no other process shares."""


class Running:
    """A running stack."""

    def __init__(self, stack: DemoStack) -> None:
        self.kafka, self.api = stack.kafka, stack.api
        self.client = Client(stack.api)

    def status(self) -> dict[str, Any]:
        """Return the answer of GET /status."""
        return self.client.status().model_dump()

    def freshness(self) -> Histograms:
        """Return the freshness of all events so far, by facet."""
        return read_freshness(self.client.metrics())

    def until_quiet(self, *, vectors: bool = True) -> float:
        """Wait until all is searchable, by words or by vectors too; return the seconds that it took."""
        began = time.monotonic()
        while waiting(self.status(), vectors=vectors):
            if time.monotonic() - began > QUIET_SECONDS_MAX:
                raise FreshlineError(f"not all is searchable after {QUIET_SECONDS_MAX:.0f} s: {self.status()['lag']}")
            time.sleep(LOOK_INTERVAL_S)
        return time.monotonic() - began

    def memory(self) -> Memory:
        """Return the memory of `up` and everything below it, now."""
        each = self.memory_by_process().values()
        return Memory(*map(sum, zip(*each, strict=True)))

    def memory_by_process(self) -> dict[str, Memory]:
        """Return the memory of each process now, by name."""
        full = {_name(process): process.memory_full_info() for process in self.processes()}
        return {name: Memory(info.rss, info.pss, info.uss) for name, info in full.items()}

    def processor_seconds(self) -> dict[str, float]:
        """Return the processor seconds used so far, by process."""
        times = ((_name(process), process.cpu_times()) for process in self.processes())
        return {name: each.user + each.system for name, each in times}

    def processes(self) -> list[psutil.Process]:
        """Return `up` and everything below it; the benchmark has no other child with a child of its own."""
        port = self.api.rpartition(":")[2]
        [up] = [p for p in psutil.Process().children() if port in p.cmdline() and "up" in p.cmdline()]
        return [up, *up.children(recursive=True)]


def waiting(status: dict[str, Any], *, vectors: bool) -> int:
    """Return how many events search does not show yet; with `vectors`, also the texts that it finds by their words
    alone."""
    lag = status["lag"]
    return int(sum(lag["inputs"].values()) + lag["items"] + (lag["vectors_due"] if vectors else 0))


@contextmanager
def data_dir() -> Iterator[Settings]:
    """Yield settings of a stack with an embedded broker and index and the real model, in a temporary directory."""
    with tempfile.TemporaryDirectory(prefix="freshline-bench-") as folder:
        os.environ["XDG_STATE_HOME"] = folder  # The last `up` that the commands know stays the user's own.
        yield Settings(data_dir=Path(folder) / "data", api_port=free_port(), kafka_port=free_port(), broker="embedded")


@contextmanager
def running(settings: Settings) -> Iterator[Running]:
    """Run a stack until the end of the block."""
    with running_stack(settings) as stack:
        yield Running(stack)


def _name(process: psutil.Process) -> str:
    words = process.cmdline()
    known = ("stream.items", "stream.index", "up")
    return next((name for name in known if name in words), process.name())
