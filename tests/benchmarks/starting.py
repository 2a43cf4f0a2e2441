"""The time from `up` to the first answer, and to the first vector of a new text while changes come in."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tests.benchmarks.builds import FAKE
from tests.benchmarks.catalogue import catalogue, first
from tests.benchmarks.figures import Figure, Goal, repeated
from tests.benchmarks.peers.contestants import HERE, Freshline
from tests.benchmarks.peers.measure import LOOK_INTERVAL_S, Sender, until_settled
from tests.benchmarks.peers.staging import load_products, new_workload, staged

if TYPE_CHECKING:
    from tests.benchmarks.peers.contestants import Running
    from tests.benchmarks.peers.workload import Workload

STARTS = 3
FEW = 300
PER_SECOND = 30.0
RATIO_GOAL = Goal(1.2)
LOADING = (
    "from workers.query_gate import QueryGate; from workers.embedder.registry import start_embedder;"
    "start_embedder('model', None, threads=1, gate=QueryGate()).embed_documents(['a new text'])"
)
"""Imports and loads the model, as the index worker does, and embeds a text."""


def first_answer(tree: Path = HERE) -> tuple[list[Figure], dict[str, Any]]:
    """Return the seconds from `up` on a directory with 20,000 items to the first answer of a search."""
    with TemporaryDirectory(prefix="freshline-bench-") as folder:
        os.environ["XDG_STATE_HOME"] = folder
        with staged(Freshline(str(tree), tree, **FAKE), Path(folder)) as running:
            running.start()
            load_products(running, new_workload(catalogue()))
            took = [_restarted(running) for _ in range(STARTS)]
    return [repeated("`up` to the first answer, 20,000 items", took, "s")], {"load_after": os.getloadavg()}


def _restarted(running: Running) -> float:
    running.stop()
    began_s = time.monotonic()
    running.start("/search?q=cake")
    return time.monotonic() - began_s


def first_vector() -> tuple[list[Figure], dict[str, Any]]:
    """Return the seconds from `up` to the vector of a text, against those of the model alone, in turns."""
    with TemporaryDirectory(prefix="freshline-bench-") as folder:
        os.environ["XDG_STATE_HOME"] = folder
        with staged(Freshline(), Path(folder)) as running:
            running.start()
            workload = new_workload(first(FEW))
            load_products(running, workload)
            pairs = [(_loaded_alone(), _first_vector(running, workload)) for _ in range(STARTS)]
    ratios = [after_up / alone for alone, after_up in pairs]
    figures = [
        repeated("import and loading of the model alone, a text embedded", [alone for alone, _ in pairs], "s"),
        repeated("`up` to the vector of a new text beside 30 changes/s", [after_up for _, after_up in pairs], "s"),
        repeated("after `up` against the model alone", ratios, "", RATIO_GOAL),
    ]
    return figures, {"load_after": os.getloadavg()}


def _loaded_alone() -> float:
    began_s = time.monotonic()
    subprocess.run([str(HERE / ".venv/bin/python"), "-c", LOADING], cwd=HERE, check=True)
    return time.monotonic() - began_s


def _first_vector(running: Running, workload: Workload) -> float:
    """Stop the stack, send a text, start the stack beside prices, and return the seconds until its vector is there."""
    running.stop()
    sender, over = Sender(running.place.kafka), threading.Event()

    def prices() -> None:
        while not over.wait(1 / PER_SECOND):
            sender.send(next(changes))

    changes = workload.prices_without_end()
    thread = threading.Thread(target=prices)
    thread.start()
    try:
        sender.send_now(workload.text(workload.probed[0]))
        began_s = time.monotonic()
        running.start()
        with running.asking() as ask:
            while not _is_embedded(running, ask, workload):
                time.sleep(LOOK_INTERVAL_S)
        return time.monotonic() - began_s
    finally:
        over.set()
        thread.join()
        sender.close()
        until_settled(running, workload)


def _is_embedded(running: Running, ask: Any, workload: Workload) -> bool:
    product_id = workload.probed[0]
    item = running.item(ask, product_id)
    return item is not None and item.is_embedded and item.title == workload.expected[product_id].title
