"""The memory of a worker: its heap is large and long-lived, and collecting it must not delay a price."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FULL = 2
"""The generation of a full collection."""
THRESHOLDS = 5_000, 50, 50
"""Thresholds of Python's garbage collector.

The first one bounds how long a collection of young objects takes (with 50,000 it took 20-47 ms). The other two make
full collections rare. Nearly everything that a worker drops is freed by its reference count; few cycles wait for the
collector.
"""

ARENAS_MAX = 2
"""The most arenas of glibc's allocator. Its default is eight for each core, and no thread can use the memory that
another thread has freed in its own arena."""
M_ARENA_MAX = -8
"""The number of this option of `mallopt`, from glibc's malloc.h."""


TRIM_INTERVAL_S = 30.0
"""The time between two trims. One takes some milliseconds, in which no other thread can allocate."""


def tune_collector() -> None:
    """Set the thresholds and the number of arenas. A worker calls this once, at its start."""
    gc.set_threshold(*THRESHOLDS)
    if (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(M_ARENA_MAX, ARENAS_MAX)


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Import within the block without the garbage collector: it takes a tenth of that time, and what is imported stays
    for good."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def freeze_survivors() -> None:
    """From now on exclude the objects that survive a full collection from all later ones.

    This is for a process whose heap grows and has no cycles, since no cycle among these objects is ever freed. Without
    it each full collection goes through all items that came since the start: with 20,000 of them, a third of what the
    items worker spent on a price.
    """
    if _freeze not in gc.callbacks:
        gc.callbacks.append(_freeze)


def _freeze(phase: str, info: Mapping[str, int]) -> None:
    if phase == "stop" and info["generation"] == FULL:
        gc.freeze()


def freeze_heap() -> None:
    """Exclude everything that is on the heap now from all later garbage collections.

    With a loaded model, or the items of a shop, every full collection stopped all threads for 0.4 s, each few seconds.
    """
    gc.freeze()


def freeze_loaded_model() -> None:
    """Free the garbage that loading a model left behind, and freeze the rest of the heap.

    Loading tries several ways to compute, which leaves some 400 MB of garbage; it is returned to the system.
    """
    gc.collect()
    freeze_heap()
    trim()


def trim() -> None:
    """Return the free pages of the allocator to the system; by itself glibc returns those at the end of a heap."""
    if (malloc_trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        malloc_trim(0)


def trim_regularly(interval_s: float = TRIM_INTERVAL_S) -> None:
    """From now on return free pages to the system at intervals, in a thread that lives as long as the process."""
    threading.Thread(target=_trim_again_and_again, args=(interval_s,), name="trim", daemon=True).start()


def _trim_again_and_again(interval_s: float) -> None:
    while True:
        time.sleep(interval_s)
        trim()
