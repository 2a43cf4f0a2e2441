"""Memory of a process whose heap is large and lasts: collecting it must not stop what a price waits for."""

from __future__ import annotations

import ctypes
import gc

THRESHOLDS = 5_000, 50, 50
"""The first bounds what a collection of the young takes (50,000: 20-47 ms), the others make full ones rare.

What a worker drops is freed by its reference count; few cycles wait for this.
"""

ARENAS_MAX = 2
"""Of glibc, which has eight for each core else: what one thread has freed, another cannot use."""
M_ARENA_MAX = -8
"""From its malloc.h."""


def tune_collector() -> None:
    """Once, at the start of a worker."""
    gc.set_threshold(*THRESHOLDS)
    if (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(M_ARENA_MAX, ARENAS_MAX)


def freeze_heap() -> None:
    """What is there now stays: the collector does not look at it again.

    With a loaded model, or the items of a shop, every full collection stopped all threads for 0.4 s, each few seconds.
    """
    gc.freeze()


def freeze_loaded_model() -> None:
    """What is there now stays, without what loading it left: the ways to compute that were tried, some 400 MB."""
    gc.collect()
    freeze_heap()
    if (malloc_trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        malloc_trim(0)
