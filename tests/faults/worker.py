"""The real worker, `python worker.py items|index`, but for what the folder UP_TEST_DIR tells it.

NAME-dies     "POINT CALLS": it sends itself SIGKILL at the so manieth call of what the point names
NAME-freezes  the same with SIGSTOP
wipe-index    the index directory is removed before it starts
control       what it does wrong on purpose, see controls.py
batches-fail, folds-are-slow  one of those begins to do it
small-queues  its queues have small bounds, see queues.py

`python worker.py items newer` is one of a release to come, see newer.py.

A real model fails on some texts, see embedding.py.
"""

from __future__ import annotations

import functools
import inspect
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import workers.index.edge.writes
from stream.agents.transport import Consumer
from stream.items.partition import ItemPartition
from stream.items.publisher import Publisher
from stream.items.recovery import StateRecovery
from stream.runtime.process import run
from stream.runtime.settings import Settings
from tests.faults import controls, embedding, newer, queues
from workers.index.edge.index import EdgeIndex
from workers.index.server.index import ServerIndex
from workers.lanes.item_writer import ItemWriter
from workers.lanes.vector_writer import VectorWriter

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(os.environ["UP_TEST_DIR"])

Point = tuple[Any, str, bool]
"""The owner, the name of the function, and whether the process dies before the call (or else after it)."""

POINTS: dict[str, dict[str, Point]] = {
    "items": {
        "after-recovery": (StateRecovery, "_recover", False),
        "after-fold": (ItemPartition, "fold", False),
        "between-review-and-item": (ItemPartition, "next_record", True),
        "after-write": (Publisher, "_send", False),
        "before-ack": (Publisher, "_ack", True),
        "before-commit": (Consumer, "_new_offset", True),
        "after-ack": (Publisher, "_ack", False),
    },
    "index": {
        "before-write": (EdgeIndex, "write", True),
        "before-write-to-server": (ServerIndex, "write", True),
        "within-write": (workers.index.edge.writes, "operation", False),
        "after-write": (EdgeIndex, "write", False),
        "before-ack": (ItemWriter, "_ack_written", True),
        "before-commit": (Consumer, "_new_offset", True),
        "before-positions": (EdgeIndex, "save_positions", True),
        "after-positions": (EdgeIndex, "save_positions", False),
        "after-embed": (VectorWriter, "_embed", False),
        "between-vector-and-debt": (EdgeIndex, "_write_vector", False),
    },
}


class Fate:
    """Waits for its order, then for its moment."""

    def __init__(self, order: str, number: signal.Signals) -> None:
        self._order = FOLDER / order
        self._signal = number
        self._point: str | None = None
        self._calls_left = 0

    def passes(self, point: str) -> None:
        """Note that this point is reached once more."""
        if self._order.exists():
            self._point, calls = self._order.read_text().split()
            self._calls_left = int(calls)
            self._order.unlink()
        if point == self._point:
            self._calls_left -= 1
            if self._calls_left <= 0:
                self._point = None  # A process that is thawed goes on.
                os.kill(os.getpid(), self._signal)

    def lies_in_wait(self, points: dict[str, Point]) -> None:
        """Wrap the functions of all these points."""
        for point, (owner, function, before) in points.items():
            reached = functools.partial(self.passes, point)
            setattr(owner, function, _wrapped(getattr(owner, function), reached, before=before))


def _wrapped(real: Any, reached: Callable[[], None], *, before: bool) -> Any:
    """Return the wrapped function. A generator passes the point at its second step, after the work of the first."""

    @functools.wraps(real)
    async def asynchronous(*args: Any, **kwargs: Any) -> Any:
        if before:
            reached()
        done = await real(*args, **kwargs)
        if not before:
            reached()
        return done

    @functools.wraps(real)
    def stepwise(*args: Any, **kwargs: Any) -> Any:
        for step in real(*args, **kwargs):
            yield step
            reached()

    @functools.wraps(real)
    def plain(*args: Any, **kwargs: Any) -> Any:
        if before:
            reached()
        done = real(*args, **kwargs)
        if not before:
            reached()
        return done

    if inspect.isgeneratorfunction(real):
        return stepwise
    return asynchronous if inspect.iscoroutinefunction(real) else plain


def main(name: str, *more: str) -> int:
    """Run the worker, and return its exit code."""
    wipe = FOLDER / "wipe-index"
    if name == "index" and wipe.exists():
        shutil.rmtree(Settings().index_dir, ignore_errors=True)
        wipe.unlink()
    Fate(f"{name}-dies", signal.SIGKILL).lies_in_wait(POINTS[name])
    Fate(f"{name}-freezes", signal.SIGSTOP).lies_in_wait(POINTS[name])
    if (FOLDER / queues.SMALL).exists():
        queues.bound(name)
    queues.watch(FOLDER, name)
    control = FOLDER / "control"
    if name == "items" and control.exists():
        controls.CONTROLS[control.read_text()]()
    if more == (newer.ARGUMENT,):
        newer.know_more()
    if name == "items":
        from stream.items.__main__ import main as worker
    else:
        if Settings().embedder == "model":  # Else nothing would load torch, which takes long.
            embedding.patch(FOLDER)
        from stream.index.__main__ import main as worker
    return run(worker)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
