"""Times in the form that people and other systems read."""

from __future__ import annotations

from datetime import UTC, datetime

TIME_MS_BELOW = 253_402_300_800_000
"""The start of the year 10000, which RFC 3339 cannot express."""


def rfc3339(time_ms: int | None) -> str | None:
    """Return milliseconds since the epoch as an RFC 3339 time in UTC; None for None, and for a time outside 1970 to
    9999.

    No number raises: a stored number must never break the answer that it is part of.
    """
    if time_ms is None or not 0 <= time_ms < TIME_MS_BELOW:
        return None
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
