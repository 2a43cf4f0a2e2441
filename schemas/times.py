"""Times in the form that people and other systems read, exact to the millisecond up to the year 9999."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

TIME_MS_BELOW = 253_402_300_800_000
"""The start of the year 10000, which RFC 3339 cannot express."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)
_MILLISECOND = timedelta(milliseconds=1)


def ms_since_epoch(time: datetime) -> int:
    """Return the whole milliseconds from the epoch to a time that has an offset; negative before 1970.

    `datetime.timestamp` is a double, which cannot hold the microseconds of the year 9999.
    """
    return (time - _EPOCH) // _MILLISECOND


def rfc3339(time_ms: int | None) -> str | None:
    """Return milliseconds since the epoch as an RFC 3339 time in UTC; None for None, and for a time outside 1970 to
    9999.

    No number raises: a stored number must never break the answer that it is part of.
    """
    if time_ms is None or not 0 <= time_ms < TIME_MS_BELOW:
        return None
    seconds, milliseconds = divmod(time_ms, 1000)
    return f"{(_NAIVE_EPOCH + timedelta(0, seconds)).isoformat()}.{milliseconds:03d}Z"
