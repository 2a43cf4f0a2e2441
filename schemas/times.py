"""Times in the form that people and other systems read."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(time_ms: int | None) -> str | None:
    """Return milliseconds since the epoch as an RFC 3339 time in UTC; None for None."""
    if time_ms is None:
        return None
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
