"""The time of a rebuild whose vectors are at hand, against the time in which the same texts are embedded."""

from __future__ import annotations

import os
import time
from itertools import islice
from typing import Any

from schemas.errors import FreshlineError
from tests.benchmarks.catalogue import catalogue
from tests.benchmarks.figures import Figure, Goal
from tests.benchmarks.peers.measure import Sender
from tests.benchmarks.peers.staging import new_workload
from tests.benchmarks.running import Running, data_dir, running

ITEMS = 3_000
WARM = 50
"""The items whose vectors are waited for first, so that the start of the model does not count."""
RATIO_GOAL = Goal(20.0, at_least=True)
LOOK_INTERVAL_S = 0.05


def measure() -> tuple[list[Figure], dict[str, Any]]:
    """Return the seconds of both, and their ratio."""
    with data_dir() as settings, running(settings) as stack:
        products, sender = new_workload(catalogue()).products(), Sender(stack.kafka)
        for number in (WARM, ITEMS):
            began_s = time.monotonic()
            sender.send_all(islice(products, number))
            stack.until_quiet()
        embedded_s = time.monotonic() - began_s
        sender.close()
        rebuilt_s = _rebuild(stack)
    figures = [
        Figure(f"{ITEMS:,} new texts until all have vectors", embedded_s, "s"),
        Figure("rebuild with these vectors at hand", rebuilt_s, "s"),
        Figure("re-embedding against rebuild", embedded_s / rebuilt_s, "", RATIO_GOAL),
    ]
    return figures, {"load_after": os.getloadavg()}


def _rebuild(stack: Running) -> float:
    """Rebuild, and return the seconds until the new collection serves."""
    began_s = time.monotonic()
    report = stack.client.start_rebuild()
    while report.state == "running":
        time.sleep(LOOK_INTERVAL_S)
        report = stack.client.rebuild()
    if report.state == "failed":
        raise FreshlineError(f"the rebuild failed: {report}")
    return time.monotonic() - began_s
