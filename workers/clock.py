"""The clock that every part is given, so that tests can move time."""

from __future__ import annotations

import time
from typing import Protocol

from typing_extensions import override


class Clock(Protocol):
    """The time of day, and a time that only rises."""

    def now_ms(self) -> int:
        """Return milliseconds since the epoch. A person may set this clock back."""

    def monotonic_s(self) -> float:
        """Return seconds since some moment in the past. They never go back."""

    def thread_s(self) -> float:
        """Return the seconds that a processor has spent on the calling thread."""


class SystemClock(Clock):
    """The clock of this machine."""

    @override
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    @override
    def monotonic_s(self) -> float:
        return time.monotonic()

    @override
    def thread_s(self) -> float:
        return time.thread_time()
