"""Freshline as in production: a broker, a Qdrant server (tests/qdrant_front), items and index workers as processes.

A worker that ends is started again, as a supervisor would; what it said last is kept.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import httpx

from stream.brokers.apache import ApacheKafka
from stream.brokers.embedded import EmbeddedBroker
from stream.settings import Settings
from stream.up.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from stream.brokers.interface import Broker

ROOT = Path(__file__).parents[2]
PARTITIONS = 3
RESTART_SECONDS = 0.5
LOOK_INTERVAL_S = 0.2


class Ended(NamedTuple):
    """A worker that ended by itself, or was killed."""

    name: str
    code: int
    said: str
    """Its last line."""


class Running:
    """One process and its log."""

    def __init__(self, name: str, argv: list[str], env: dict[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self._argv, self._env = argv, env
        self.wanted = False

    def start(self) -> Self:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "stream.up.child", str(os.getpid()), *self._argv],
                cwd=ROOT,
                env=self._env,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.wanted = True
        return self

    def kill(self) -> None:
        """SIGKILL; a supervisor would start it again."""
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> None:
        """SIGTERM, for good."""
        self.wanted = False
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within 15 s of SIGTERM") from None

    def last_line(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        return lines[-1] if lines else ""


class IndexWorker(Running):
    """With its API."""

    api: str


class ServerStack:
    """All processes of one run; a context manager."""

    def __init__(self, folder: Path, *, kafka: bool) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._kind = "kafka" if kafka else "embedded"
        port = free_port()
        self.broker: Broker = ApacheKafka.of_environment(folder / "kafka", port) if kafka else EmbeddedBroker(port)
        front_port = free_port()
        self.qdrant = f"http://127.0.0.1:{front_port}"
        self._front_argv = [sys.executable, "-m", "tests.qdrant_front", "--port", str(front_port)]
        self.items: dict[int, Running] = {}
        self.indexers: dict[int, IndexWorker] = {}
        self.ended: list[Ended] = []
        self._leaving = threading.Event()
        self._own: list[Running] = []

    def __enter__(self) -> Self:
        self._broker = self._running("broker", self.broker.argv()).start()
        self.front = self._running("front", self._front_argv).start()
        self.until(lambda: self._listens(self.broker.address), "the broker listens")
        self.until(lambda: self._listens(self.qdrant.removeprefix("http://")), "the front listens")
        self._keeper = threading.Thread(target=self._keep)
        self._keeper.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        self._keeper.join(10)
        for process in reversed(self._own):
            if process.process.poll() is None:
                process.kill()

    @property
    def settings(self) -> Settings:
        return Settings(kafka=self.broker.address, partitions=PARTITIONS, data_dir=self.folder / "test")

    @property
    def apis(self) -> list[str]:
        """Of the index workers that run."""
        return [worker.api for worker in self.indexers.values() if worker.wanted]

    def start_items(self, slot: int) -> None:
        argv = [sys.executable, "-P", "-m", "stream.items"]
        self.items[slot] = self._running(f"items-{slot}", argv, **self._environment("items", slot)).start()

    def start_index(self, slot: int) -> IndexWorker:
        """One more, or the one that was stopped."""
        port = free_port()
        argv = [sys.executable, "-P", "-m", "stream.index"]
        env = {**self._environment("index", slot), "FRESHLINE_API_PORT": str(port)}
        worker = self._running(f"index-{slot}", argv, IndexWorker, **env)
        worker.api = f"http://127.0.0.1:{port}"  # type: ignore[attr-defined]
        self.indexers[slot] = worker  # type: ignore[assignment]
        worker.start()
        return self.indexers[slot]

    def faults(self, **faults: float) -> None:
        """What is wrong with the server from now on, see tests/qdrant_front/faults.py."""
        httpx.post(f"{self.qdrant}/_faults", json=faults).raise_for_status()

    def wipe(self) -> None:
        """The server's disk is empty, and it answers at once."""
        httpx.post(f"{self.qdrant}/_wipe").raise_for_status()

    def get(self, api: str, path: str, **parameters: Any) -> httpx.Response:
        return httpx.get(f"{api}{path}", params=parameters, timeout=30)

    def until_ready(self, seconds_max: float = 180) -> None:
        """Every index worker serves."""
        for api in self.apis:
            self.until(lambda api=api: self._ready(api), f"{api} is ready", seconds_max)  # type: ignore[misc]

    def until(self, condition: Callable[[], bool], what: str, seconds_max: float = 120) -> float:
        """Seconds it took. Fails after `seconds_max`."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > seconds_max:
                said = "\n".join(f"  {p.name}: {p.last_line()[:300]}" for p in self._own if p.wanted)
                raise AssertionError(f"not within {seconds_max:.0f} s: {what}\n{said}")
            time.sleep(LOOK_INTERVAL_S)
        return time.monotonic() - began

    def tracebacks(self) -> list[str]:
        """Names of the workers whose log holds one."""
        workers = {process.name: process.log for process in self._own if process.name not in ("broker", "front")}
        return [name for name, log in workers.items() if "Traceback" in log.read_text(errors="replace")]

    def _ready(self, api: str) -> bool:
        try:
            return self.get(api, "/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def _environment(self, kind: str, slot: int) -> dict[str, str]:
        return {
            "FRESHLINE_KAFKA": self.broker.address,
            "FRESHLINE_BROKER": self._kind,
            "FRESHLINE_QDRANT_URL": self.qdrant,
            "FRESHLINE_EMBEDDER": "fake",
            "FRESHLINE_PARTITIONS": str(PARTITIONS),
            "FRESHLINE_WORKER_SLOT": str(slot),
            "FRESHLINE_DATA_DIR": str(self.folder / f"{kind}-{slot}"),
        }

    def _running(self, name: str, argv: list[str], make: type[Running] = Running, **env: str) -> Running:
        process = make(name, argv, {**os.environ, "PYTHONPATH": str(ROOT), **env}, self.folder / f"{name}.log")
        self._own.append(process)
        return process

    def _keep(self) -> None:
        while not self._leaving.wait(LOOK_INTERVAL_S):
            for worker in [*self.items.values(), *self.indexers.values()]:
                if worker.wanted and (code := worker.process.poll()) is not None:
                    self.ended.append(Ended(worker.name, code, worker.last_line()))
                    if self._leaving.wait(RESTART_SECONDS):
                        return
                    if worker.wanted:
                        worker.start()

    @staticmethod
    def _listens(address: str) -> bool:
        import socket

        host, port = address.split(":")
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
            return True
        return False


def how(code: int) -> str:
    """An exit code to a person."""
    return f"exit {code}" if code >= 0 else signal.Signals(-code).name
