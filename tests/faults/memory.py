"""Checks whether the memory of a process stays flat."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

GROWTH_BYTES_AN_HOUR_MAX = 64 << 20
SETTLED_SHARE = 0.4
"""The share of the run after which the caches and the allocator are full."""
SAMPLES_MIN = 30


class Sample(NamedTuple):
    """The anonymous memory of the workers at a moment. Mapped files of the index are left out, as the kernel pages them
    in and out."""

    at_s: float
    bytes_by_process: dict[str, int]


def anonymous_bytes(pid: int) -> int | None:
    """Return the anonymous memory in bytes; None once the process is gone."""
    try:
        with open(f"/proc/{pid}/status") as status:  # noqa: PTH123
            return next(int(line.split()[1]) << 10 for line in status if line.startswith("RssAnon"))
    except (OSError, StopIteration):
        return None


def growth(samples: Sequence[Sample]) -> list[str]:
    """Return a sentence for each process that grows, and one if there were too few samples to judge."""
    if len(samples) < SAMPLES_MIN:
        return [f"its memory was looked at {len(samples)} times only"]
    began, ended = samples[0].at_s, samples[-1].at_s
    settled = [sample for sample in samples if sample.at_s > began + SETTLED_SHARE * (ended - began)]
    found = []
    for name in sorted({name for sample in settled for name in sample.bytes_by_process}):
        seen = [(s.at_s, s.bytes_by_process[name]) for s in settled if name in s.bytes_by_process]
        slope = statistics.linear_regression(*zip(*seen, strict=True)).slope * 3600
        if slope > GROWTH_BYTES_AN_HOUR_MAX:
            found.append(f"{name} grows by {slope / 2**20:.0f} MB an hour, from {seen[0][1] >> 20} MB")
    return found
