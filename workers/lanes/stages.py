"""The stages that an event passes on its way to search, and how its time is divided among them."""

from __future__ import annotations

from typing import NamedTuple

STAGES = ("log", "fold", "item_log", "write")
"""The stages until search shows an event, upstream first.

`log`: the event waits in its topic. `fold`: it is folded, and its item record is sent. `item_log`: the record waits in
the item log. `write`: the lanes plan the point and write it, words included.
"""
EMBED = "embed"
"""The stage after these, for a new text: from then until its vector is in the index."""


class StageTimes(NamedTuple):
    """The times at which an item record left the stages before the lanes, in milliseconds since the epoch."""

    folded_at_ms: int
    """The time at which its first event was folded."""
    logged_at_ms: int
    """The timestamp of the record: when it was sent, or when a broker that stamps records had it."""
    delivered_at_ms: int
    """The time at which the index worker had it."""

    def earlier(self, other: StageTimes) -> StageTimes:
        """Return the earlier time of each stage: of records that one write makes searchable, the first one waited
        longest."""
        return StageTimes(*map(min, self, other))


def stage_seconds(arrived_at_ms: int, times: StageTimes, searchable_at_ms: int) -> tuple[float, ...]:
    """Return the seconds spent in each of STAGES; they add up to the seconds from arrival to search.

    The clocks of two machines differ, and a record may carry no timestamp (-1). A time earlier than the previous
    stage's is raised to it, and a time after the end is lowered to the end: no stage is negative, and the sum stays.
    """
    end_ms = max(arrived_at_ms, searchable_at_ms)
    passed, reached = [], arrived_at_ms
    for left_at_ms in (*times, end_ms):
        left = min(max(reached, left_at_ms), end_ms)
        passed.append((left - reached) / 1000)
        reached = left
    return tuple(passed)
