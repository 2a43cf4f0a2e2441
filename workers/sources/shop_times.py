"""Times as the platforms of shops write them: often without an offset, which is UTC here."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.errors import InvalidEvent

NONE = ("0000-00-00", "-0001-11-30")
"""The texts for no time: MySQL's, and what PHP makes of it."""
_LAST = datetime.max.replace(tzinfo=UTC)
_NUMBER = re.compile(r"\d{9,}")
"""A time as a number: Python would read some of 13 digits as a day of the 18th century, and the minute of a digit."""


def utc_time(field: str, given: Any) -> datetime | None:
    """Return the time of "2026-11-29 00:00:00", of a day alone or of a time with an offset; None for no time.

    Raises InvalidEvent, which names the field.
    """
    if not given or str(given).startswith(NONE):
        return None
    try:
        time = None if _NUMBER.fullmatch(given) else datetime.fromisoformat(given)
    except (TypeError, ValueError):
        time = None
    if time is None:
        raise InvalidEvent(f"{field}: {str(given)[:40]!r} is no time: send one like 2026-11-29 00:00:00")
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def end_of_day(day: datetime) -> datetime:
    """Return when the day ends that begins with this time; the last time that there is for the last day."""
    try:
        return day + timedelta(days=1)
    except OverflowError:
        return _LAST


def end_of_sale(given: Any, time: datetime | None) -> datetime | None:
    """Return when a sale ends that was given as a text, and this time: a day without a time is its last one, and counts
    whole, also as `20261129`."""
    return end_of_day(time) if time is not None and len(given) <= len("2026-11-29") else time
