"""A stack under test: the real `freshline up` in its own process, and what can be done to its processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import httpx

from tests.integration.running_up import Up, alive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOLDER = Path(__file__).parent
WORKER = FOLDER / "worker.py"
ANSWER_SECONDS_MAX = 10.0
LOOK_S = 0.05
PATIENCE = float(os.environ.get("PATIENCE", "1"))
"""Multiplies all bounds of waits, for a machine that is busy with other things."""
STOP_SECONDS_MAX = 40.0


class Failed(AssertionError):
    """The stack is not as it should be: a sentence."""


class Quiet(NamedTuple):
    """What /status said when nothing waited any more."""

    seconds: float
    status: dict[str, Any]


def wait_for(true: Callable[[], object], what: str, seconds_max: float = 60.0, every_s: float = LOOK_S) -> None:
    """Raises Failed when it does not come true in time."""
    seconds_max *= PATIENCE
    deadline = time.monotonic() + seconds_max
    while not true():
        if time.monotonic() > deadline:
            raise Failed(f"not within {seconds_max:.0f} s: {what}")
        time.sleep(every_s)


class Stack(Up):
    """One `up` on a folder of its own. `control` names what the workers do on purpose wrong, see worker.py."""

    command = (sys.executable, "-m", "stream.up.child", str(os.getpid()), sys.executable, str(FOLDER / "up_main.py"))
    """It ends with the harness."""

    def __init__(self, folder: Path, *, broker: str = "embedded", partitions: int = 4, **env: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.partitions = partitions
        super().__init__(
            folder,
            FRESHLINE_BROKER=broker,
            FRESHLINE_PARTITIONS=str(partitions),
            **{"FRESHLINE_EMBEDDER": "fake", "HF_HUB_OFFLINE": "1", **env},
        )
        self.keeps_log = broker == "kafka"
        self._others: list[subprocess.Popen[bytes]] = []
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{self.api_port}", timeout=ANSWER_SECONDS_MAX, trust_env=False
        )

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
        """Stops everything that it started."""
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
        """Of `items`, `index`, `broker` or `up`; waits until it runs."""
        found: list[int] = []

        def runs() -> bool:
            found[:] = [self.process.pid] if name == "up" else self._pids(name)
            return bool(found)

        wait_for(runs, f"{name} runs", every_s=0.01)
        return found[0]

    def pid_now(self, name: str) -> int | None:
        """None while it does not run."""
        return next(iter(self._pids(name)), None)

    def _pids(self, name: str) -> list[int]:
        if name == "broker":
            return [pid for pid in [self.broker_pid()] if pid]
        return [
            pid
            for pid, line in self.children().items()
            if f"worker.py {name}" in line and "stream.up.child" not in line
        ]

    def signal(self, name: str, number: signal.Signals) -> int:
        """Sends it; the process id."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def kill_process(self, name: str) -> None:
        """SIGKILL, and it is gone."""
        pid = self.signal(name, signal.SIGKILL)
        if name == "up":
            self.process.wait(10)
        wait_for(lambda: not alive(pid), f"{name} is gone")

    @contextlib.contextmanager
    def frozen(self, name: str) -> Iterator[int]:
        """SIGSTOP until the end of the block."""
        pid = self.signal(name, signal.SIGSTOP)
        try:
            yield pid
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def kill_at(self, name: str, point: str, calls: int) -> None:
        """The process kills itself at the so manieth call from now on of what the point names; returns when it has."""
        pid = self.pid(name)
        self.tell(f"{name}-dies", f"{point} {calls}")
        wait_for(lambda: not alive(pid), f"{name} reaches {point}", every_s=0.005)

    @contextlib.contextmanager
    def second_worker(self, slot: str = "1") -> Iterator[subprocess.Popen[bytes]]:
        """An items worker beside that of `up`, killed at the end."""
        env = self._env | {
            "FRESHLINE_KAFKA": self.kafka,
            "FRESHLINE_WORKER_SLOT": slot,
            "FRESHLINE_DATA_DIR": str(self.folder / f"slot-{slot}"),
        }
        with (self.folder / f"slot-{slot}.log").open("ab") as log:
            worker = subprocess.Popen([sys.executable, str(WORKER), "items"], env=env, stdout=log, stderr=log)
        self._others.append(worker)
        try:
            yield worker
        finally:
            worker.kill()
            worker.wait(10)

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        """The answer, {} of a 404. Raises httpx.HTTPError while the API is away."""
        answer = self.http.get(path, params=params)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return {}
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def indexed(self, product_id: str) -> dict[str, Any]:
        """The item as the index holds it; {} if it does not."""
        item: dict[str, Any] = self.get(f"/items/{product_id}").get("indexed", {})
        return item

    def lag(self) -> dict[str, Any]:
        """Where events wait, as far as it can be told."""
        try:
            lag: dict[str, Any] = self.get("/status")["lag"]
        except httpx.HTTPError as error:
            return {"unknown": repr(error)}
        return lag

    def quiet(self, seconds_max: float) -> Quiet:
        """Once nothing has waited anywhere three times in a row."""
        began, calm, said = time.monotonic(), 0, dict[str, Any]()
        seconds_max *= PATIENCE
        deadline = began + seconds_max
        while calm < 3:
            with contextlib.suppress(httpx.HTTPError):
                said = self.get("/status")
                calm = calm + 1 if said["lag_events"] == 0 else 0
            if time.monotonic() > deadline:
                raise Failed(f"not quiet within {seconds_max:.0f} s: lag {said.get('lag')}")
            time.sleep(0.1)
        return Quiet(time.monotonic() - began, said)

    def restart(self) -> None:
        """After `up` itself was killed."""
        self.process.wait(10)
        self.start().ready()
