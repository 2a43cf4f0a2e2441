"""Times as people and other systems read them."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(time_ms: int | None) -> str | None:
    """Milliseconds since the epoch as RFC 3339 in UTC."""
    if time_ms is None:
        return None
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
