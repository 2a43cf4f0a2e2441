"""The clock that every part is given, so that tests can move time."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """The time of day, and a time that only rises."""

    def now_ms(self) -> int:
        """Return milliseconds since the epoch. A person may set this clock back."""

    def monotonic_s(self) -> float:
        """Return seconds since some moment in the past. They never go back."""

    def thread_s(self) -> float:
        """Return the seconds that a processor has spent on the calling thread."""


class SystemClock:
    """The clock of this machine."""

    def now_ms(self) -> int:
        """Return milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Return seconds since the machine's start."""
        return time.monotonic()

    def thread_s(self) -> float:
        """Return the seconds that a processor has spent on the calling thread."""
        return time.thread_time()
