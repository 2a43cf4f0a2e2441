"""Python's garbage collector in a process whose heap is large and lasts: it must not stop what a price waits for."""

from __future__ import annotations

import gc

THRESHOLDS = 5_000, 50, 50
"""The first bounds what a collection of the young takes (50,000: 20-47 ms), the others make full ones rare.

What a worker drops is freed by its reference count; few cycles wait for this.
"""


def tune() -> None:
    """Once, at the start of a worker."""
    gc.set_threshold(*THRESHOLDS)


def hold() -> None:
    """What is there now stays: the collector does not look at it again.

    With a loaded model, or the items of a shop, every full collection stopped all threads for 0.4 s, each few seconds.
    """
    gc.freeze()
