"""Bounds of `up`, in one place, so that a test can run it with others."""

from __future__ import annotations

from typing import NamedTuple


class UpBounds(NamedTuple):
    """Bounds of one `up`."""

    stays_up_s: float = 20.0
    """A process that has run for so long counts as staying up."""
    fetch_probe_interval_s: float = 20.0
    """How often the embedded broker's fetches are timed."""
    pull_seconds_max: float = 3.0
    """The longest that the journal may take, when the log ends, to read the item state that was confirmed."""
    memory_bytes_max: int = 1 << 30
    """Memory of the embedded broker above which it is replaced, with the state published again to the new one.

    It never compacts its log, and no record of it expires.
    """
    fetch_seconds_max: float = 0.025
    """Time of a fetch above which the embedded broker is replaced likewise.

    It looks through all batches of a partition for the one that is asked for, which takes 0.6 us a batch.
    """
