"""What a fetch costs the embedded broker: it looks through all batches of a partition for the one that is asked for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from stream.kafka.end_offsets import EndOffsets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stream.kafka.partitions import Partition

TRIES = 5
RECORDS_MIN = 10_000
"""In a partition with fewer no fetch is slow because of them."""
PATIENCE_S = 10.0


async def measure_fetch_seconds(kafka: str, places: Sequence[Partition], ran_s: Callable[[], float]) -> float:
    """How long the slowest fetch of a last record takes, over the longest partition of each topic; 0.0: all are short.

    Of five tries the best counts, and not for longer than the broker ran meanwhile, `ran_s` by its own account: a busy
    machine is no long log. Raises Unavailable.
    """
    longest: dict[str, Partition] = {}
    async with EndOffsets(kafka, patience_s=PATIENCE_S) as ends:
        found = await ends.fetch(places)
        for place in sorted(places, key=lambda place: found[place]):
            longest[place.topic] = place
        long = [place for place in longest.values() if found[place] >= RECORDS_MIN]
        return max([await _best(ends, place, found[place] - 1, ran_s) for place in long], default=0.0)


async def _best(ends: EndOffsets, place: Partition, offset: int, ran_s: Callable[[], float]) -> float:
    took = []
    for _ in range(TRIES):
        began, ran_before = time.monotonic(), ran_s()
        await ends.has_records(place, offset)
        took += [time.monotonic() - began, ran_s() - ran_before]
    return min(took)
