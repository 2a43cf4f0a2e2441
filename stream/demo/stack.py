"""A stack of the demo's own: `freshline up` as a child process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import orjson

from schemas.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stream.runtime.settings import Settings

STOP_SECONDS_MAX = 30
"""The time that the stack may take to stop before it is killed."""


class DemoStack(NamedTuple):
    """The addresses at which the stack answers."""

    kafka: str
    api: str


@contextmanager
def running_stack(settings: Settings) -> Iterator[DemoStack]:
    """Run a stack until the end of the block. Raises Misconfigured, with the error of `up`, if it cannot start.

    The child has a process group of its own: Ctrl-C reaches the demo alone, which stops the child in order. If the
    demo is killed, the child ends too.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    log_path = settings.data_dir / "demo.log"
    with log_path.open("wb") as log:
        child = subprocess.Popen(_command(settings), stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        try:
            yield _ready(child, log_path)
        finally:
            _stop(child)


def _command(settings: Settings) -> list[str]:
    flags = {
        "--data-dir": settings.data_dir,
        "--api-port": settings.api_port,
        "--kafka-port": settings.kafka_port,
        "--broker": settings.broker,
    }
    up = [sys.executable, "-m", "stream.commands", "up", "--json", *(str(x) for pair in flags.items() for x in pair)]
    return [sys.executable, "-m", "stream.up.die_with_parent", str(os.getpid()), *up]


def _ready(child: subprocess.Popen[bytes], log_path: Path) -> DemoStack:
    assert child.stdout is not None
    for line in child.stdout:
        report = orjson.loads(line)
        if report.get("ready"):
            return DemoStack(report["kafka"], report["api"])
    child.wait()
    lines = log_path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    raise Misconfigured(lines[-1].removeprefix("freshline: ") if lines else f"the stack ended; see {log_path}")


def _stop(child: subprocess.Popen[bytes]) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # A second Ctrl-C changes nothing.
    if child.poll() is None:
        child.send_signal(signal.SIGINT)
    try:
        child.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    signal.signal(signal.SIGINT, before)
