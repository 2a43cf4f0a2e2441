"""Freshline as in production: a broker, a Qdrant server, items and index workers as processes of their own.

A worker that ends is started again, as a supervisor would; what it said last is kept. The server is the test's own
front of qdrant-client's local mode (tests/qdrant_front), or a real one at FRESHLINE_TEST_QDRANT_URL.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar

import httpx
from qdrant_client import QdrantClient

from stream.runtime.ports import free_port
from stream.up.brokers.apache import ApacheKafka
from stream.up.brokers.embedded import EmbeddedBroker
from tests.faults.api import Api, Failed, client, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stream.up.brokers.interface import Broker

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("worker.py")
SERVER_URL = os.environ.get("FRESHLINE_TEST_QDRANT_URL")
"""The URL of a real server; None for the test's own front."""
RESTART_SECONDS = 0.5
LOOK_INTERVAL_S = 0.2
WORKERS = 2
"""The number of workers of each kind at the start."""


class Ended(NamedTuple):
    """A worker that ended by itself, or was killed."""

    name: str
    code: int
    said: str
    """The last line of its output."""


class Running:
    """A process and its log."""

    def __init__(self, name: str, argv: list[str], env: dict[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self._argv, self._env = argv, env
        self.wanted = False

    def start(self) -> Self:
        """Start it, and start it again whenever it ends, until `stop`."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "stream.up.die_with_parent", str(os.getpid()), *self._argv],
                cwd=ROOT,
                env=self._env,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.wanted = True
        return self

    def kill(self) -> None:
        """Send SIGKILL; the supervisor starts the process again."""
        self.process.kill()
        self.process.wait(10)

    def kill_for(self, seconds: float) -> None:
        """Send SIGKILL, and let the supervisor wait for this long before it starts the process again."""
        self.wanted = False
        self.kill()
        time.sleep(seconds)
        self.start()

    def stop(self) -> None:
        """Send SIGTERM and do not start it again. Raises Failed when the process does not end."""
        self.wanted = False
        self.process.terminate()
        try:
            wait_for(lambda: self.process.poll() is not None, f"{self.name} ends after SIGTERM", said=self.said)
        except Failed:
            self.kill()
            raise

    def said(self) -> str:
        """Return the last line of its output."""
        lines = self.log.read_text(errors="replace").splitlines()
        return lines[-1] if lines else ""


class Indexer(Running, Api):
    """An index worker, with its API."""

    told: Path
    """The folder in which the worker finds its orders, see worker.py."""

    @contextlib.contextmanager
    def frozen_at(self, point: str, calls: int) -> Iterator[float]:
        """Let the worker stop itself at the given call of the named point, until the end of the block; yield when."""
        order = self.told / "index-freezes"
        order.with_suffix(".new").write_text(f"{point} {calls}")
        order.with_suffix(".new").replace(order)
        try:
            wait_for(lambda: _is_stopped(self.process.pid), f"{self.name} reaches {point}", every_s=0.005)
            yield time.monotonic()
        finally:
            self.process.send_signal(signal.SIGCONT)

    def ready(self) -> bool:
        """Return whether the API answers and says that it is ready."""
        with contextlib.suppress(httpx.HTTPError):
            return self.http.get("/readyz").status_code == httpx.codes.OK
        return False


R = TypeVar("R", bound=Running)


class ServerStack(Api):
    """All processes of one run, and the ways to disturb them; a context manager. Requests go to the first API."""

    keeps_log = True
    events_per_second = 40.0
    """The rate is low because six processes share the processor with the server."""
    small_queues = False
    """Small queues would split the writes that a refill joins, and on a server each write is expensive."""

    def __init__(self, folder: Path, *, broker: str = "embedded", partitions: int = 3, **env: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.partitions = folder, partitions
        port = free_port()
        self._broker: Broker = (
            ApacheKafka.of_environment(folder / "kafka", port) if broker == "kafka" else EmbeddedBroker(port)
        )
        self._front_port = free_port()
        self.qdrant = SERVER_URL or f"http://127.0.0.1:{self._front_port}"
        self._env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "FRESHLINE_KAFKA": self.kafka,
            "FRESHLINE_BROKER": broker,
            "FRESHLINE_PARTITIONS": str(partitions),
            "FRESHLINE_QDRANT_URL": self.qdrant,
            "FRESHLINE_COLLECTION": f"faults-{uuid.uuid4().hex}",
            "FRESHLINE_EMBEDDER": "fake",
            "FRESHLINE_CANARY_SECONDS": "0",
            **env,
        }
        self.items: dict[int, Running] = {}
        self.indexers: dict[int, Indexer] = {}
        self.ended: list[Ended] = []
        self._leaving = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="keeper")
        self._own: list[Running] = []

    @property
    def kafka(self) -> str:
        return self._broker.address

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.end()
            raise
        return self

    def _start(self) -> None:
        servers = {"broker": (self._broker.argv(), self.kafka)}
        if SERVER_URL is None:
            front = [sys.executable, "-m", "tests.qdrant_front", "--port", str(self._front_port)]
            servers["front"] = (front, f"127.0.0.1:{self._front_port}")
        for name, (argv, address) in servers.items():
            self._running(Running, name, argv).start()
            wait_for(lambda address=address: _listens(address), f"the {name} listens")  # type: ignore[misc]
        self._keeper.start()
        for slot in range(WORKERS):
            self.start_items(slot)
            self.start_index(slot)
        self.http = self.indexers[0].http
        self.until_ready()

    def end(self) -> None:
        """Stop everything that it started."""
        self._leaving.set()
        if self._keeper.is_alive():
            self._keeper.join(10)
        for process in reversed(self._own):
            if process.wanted and process.process.poll() is None:
                process.kill()
        for indexer in self.indexers.values():
            indexer.http.close()
        if SERVER_URL is not None:
            self._delete_collections(SERVER_URL)

    def _delete_collections(self, url: str) -> None:
        qdrant = QdrantClient(url=url)
        for each in qdrant.get_collections().collections:
            if each.name.startswith(self._env["FRESHLINE_COLLECTION"]):
                qdrant.delete_collection(each.name)
        qdrant.close()

    def pid_now(self, name: str) -> int | None:
        """Return the process id of the first `items` or `index` worker; None while it does not run."""
        process = (self.items if name == "items" else self.indexers)[0].process
        return process.pid if process.poll() is None else None

    def start_items(self, slot: int) -> None:
        """Start one more items worker, or the one that was stopped."""
        argv = [sys.executable, "-P", str(WORKER), "items"]
        self.items[slot] = self._running(Running, f"items-{slot}", argv, **self._own_settings("items", slot)).start()

    def start_index(self, slot: int) -> None:
        """Start one more index worker, or the one that was stopped."""
        port = free_port()
        argv = [sys.executable, "-P", str(WORKER), "index"]
        env = self._own_settings("index", slot) | {"FRESHLINE_API_PORT": str(port)}
        indexer = self._running(Indexer, f"index-{slot}", argv, **env)
        indexer.http = client(f"http://127.0.0.1:{port}")
        indexer.told = Path(env["UP_TEST_DIR"])
        self.indexers[slot] = indexer.start()

    @property
    def apis(self) -> list[Indexer]:
        """Return the APIs of the index workers that are to run."""
        return [indexer for indexer in self.indexers.values() if indexer.wanted]

    def until_ready(self) -> None:
        """Wait until every index worker serves."""
        for indexer in self.apis:
            wait_for(indexer.ready, f"{indexer.name} is ready, which says {indexer.said()!r:.300}")

    def front(self, **faults: float) -> None:
        """Set the faults of the server from now on, see tests/qdrant_front/faults.py."""
        httpx.post(f"{self.qdrant}/_faults", json=faults).raise_for_status()

    def wipe(self) -> None:
        """Empty the server's disk; it answers at once."""
        httpx.post(f"{self.qdrant}/_wipe").raise_for_status()

    def tracebacks(self) -> list[str]:
        """Return the names of the workers whose log holds a traceback."""
        logs = {process.name: process.log for process in self._own if process.name not in ("broker", "front")}
        return [name for name, log in logs.items() if "Traceback" in log.read_text(errors="replace")]

    def _own_settings(self, kind: str, slot: int) -> dict[str, str]:
        """Return the settings of one worker, which has a folder of its own for the orders of a test."""
        directory = self.folder / f"{kind}-{slot}"
        told = directory / "told"
        told.mkdir(parents=True, exist_ok=True)
        return {"FRESHLINE_WORKER_SLOT": str(slot), "FRESHLINE_DATA_DIR": str(directory), "UP_TEST_DIR": str(told)}

    def _running(self, make: type[R], name: str, argv: list[str], **env: str) -> R:
        process = make(name, argv, {**self._env, **env}, self.folder / f"{name}.log")
        self._own.append(process)
        return process

    def _keep(self) -> None:
        while not self._leaving.wait(LOOK_INTERVAL_S):
            for worker in [*self.items.values(), *self.indexers.values()]:
                if worker.wanted and (code := worker.process.poll()) is not None:
                    self.ended.append(Ended(worker.name, code, worker.said()))
                    if self._leaving.wait(RESTART_SECONDS):
                        return
                    if worker.wanted:
                        worker.start()


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def _listens(address: str) -> bool:
    host, port = address.split(":")
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
        return True
    return False
