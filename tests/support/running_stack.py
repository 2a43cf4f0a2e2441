"""A whole stack, as `freshline up` runs it, with vectors that need no model."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import httpx
from kafka import KafkaProducer

from stream.runtime.ports import free_port
from tests.support.running_commands import freshline
from tests.support.waiting import STILL_S, wait_end, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.running_commands import Done


class RunningStack:
    """A running stack as a client sees it, and its processes."""

    def __init__(self, process: subprocess.Popen[str], ready: dict[str, Any], folder: Path) -> None:
        self.process, self.kafka, self.api = process, ready["kafka"], ready["api"]
        self.folder = folder
        self.http = httpx.Client(base_url=self.api, timeout=STILL_S, trust_env=False)

    @cached_property
    def producer(self) -> KafkaProducer:
        """A producer of the test's own, made at its first use: not every broker lets one in without a login."""
        return KafkaProducer(bootstrap_servers=self.kafka, linger_ms=1, acks="all")

    def close(self) -> None:
        if "producer" in self.__dict__:
            self.producer.close(timeout=5)
        self.http.close()

    def send(self, topic: str, product_id: str, **fields: Any) -> str:
        """Send an event, and return its token once the broker has confirmed it."""
        body = json.dumps({"product_id": product_id, **fields}).encode()
        written = self.producer.send(topic, key=product_id.encode(), value=body).get()
        return f"{topic}:{written.partition}:{written.offset}"

    def send_soon(self, topic: str, product_id: str, **fields: Any) -> None:
        """Send an event that the next `producer.flush()` waits for."""
        body = json.dumps({"product_id": product_id, **fields}).encode()
        self.producer.send(topic, key=product_id.encode(), value=body)

    def get(self, path: str, **parameters: Any) -> Any:
        return self.http.get(path, params=parameters).raise_for_status().json()

    def item(self, product_id: str) -> dict[str, Any]:
        indexed: dict[str, Any] = self.get(f"/items/{product_id}")["indexed"]
        return indexed

    # Commands run in the folder of the stack: in the one of the tests they would find what `make demo` has left there.
    def freshline(self, *arguments: str, **env: str) -> Done:
        """Run a command in this process: one of its own would cost a second of processor time for each."""
        with mock.patch.dict(os.environ, self._env | env), contextlib.chdir(self.folder):
            return freshline(*arguments)

    def start_freshline(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """Start a command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "stream.commands", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | self._env | env,
            cwd=self.folder,
        )

    @property
    def _env(self) -> dict[str, str]:
        return {"XDG_STATE_HOME": str(self.folder / "state")}

    def pid(self, name: str) -> int:
        """Return the process id of the worker `items` or `index`."""
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                line = (entry / "cmdline").read_text().split("\0")
            except OSError:
                continue
            if parent == self.process.pid and f"stream.{name}" in line and "stream.up.die_with_parent" not in line:
                return int(entry.name)
        raise AssertionError(f"no process of {name}")

    def kill(self, name: str) -> None:
        os.kill(self.pid(name), signal.SIGKILL)

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait for the condition while `up` runs; HTTP errors count as "not yet": a worker is being started again."""

        def holds() -> bool:
            with contextlib.suppress(httpx.HTTPError):
                return true()
            return False

        wait_until(holds, what, process=self.process, said=(self.folder / "up.log").read_text, every_s=0.05)

    def until_quiet(self) -> None:
        self.until(lambda: self.get("/status")["lag_events"] == 0, "nothing waits")


@contextmanager
def running_stack(folder: Path, **env: str) -> Iterator[RunningStack]:
    """Run a stack; it is stopped at the end of the block, with all its processes.

    Its canary is off, unless a test asks for it: tests count offsets.
    """
    arguments = ("up", "--json", "--data-dir", str(folder / "data"), "--api-port", str(free_port()))
    fake = {"FRESHLINE_EMBEDDER": "fake", "XDG_STATE_HOME": str(folder / "state"), "FRESHLINE_CANARY_SECONDS": "0"}
    with (folder / "up.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "stream.commands", *arguments, "--kafka-port", str(free_port())],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=os.environ | fake | env,
            start_new_session=True,
        )
    try:
        assert process.stdout is not None
        stack = RunningStack(process, json.loads(process.stdout.readline()), folder)
        yield stack
        stack.close()
    finally:
        try:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            wait_end(process, "`up` ends after Ctrl-C", said=(folder / "up.log").read_text)
        finally:
            process.kill()
            process.communicate()
