"""The bounds of `up`, in one place, so that a test can run it with others."""

from __future__ import annotations

from typing import NamedTuple


class UpBounds(NamedTuple):
    """The bounds of one run of `freshline up`."""

    stays_up_s: float = 20.0
    """A process that has run for this long counts as staying up."""
    renewal_probe_interval_s: float = 20.0
    """The time between two measurements of the embedded broker's fetches."""
    pull_seconds_max: float = 3.0
    """The longest that the journal may take to read the confirmed item state when the log ends."""
    memory_bytes_max: int = 1 << 30
    """Memory of the embedded broker above which it is replaced, with the state published again to the new one.

    The broker never compacts its log, and its records never expire.
    """
    fetch_seconds_max: float = 0.025
    """Duration of a fetch above which the embedded broker is replaced in the same way.

    To find the batch that a fetch asks for, the broker scans all batches of the partition, at 0.6 us a batch.
    """
