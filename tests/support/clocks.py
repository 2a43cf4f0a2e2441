"""A clock that moves only when a test moves it."""

from __future__ import annotations


class ManualClock:
    """A clock whose time of day and monotonic time are one time, `now_s`, which a test sets or `sleep` moves."""

    def __init__(self, now_s: float = 1_795_000_000.0, *, step_s: float = 0.0) -> None:
        """`step_s` passes with every question for the monotonic time."""
        self.now_s = now_s
        self._step_s = step_s

    def now_ms(self) -> int:
        return round(self.now_s * 1000)

    def monotonic_s(self) -> float:
        self.now_s += self._step_s
        return self.now_s

    def thread_s(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
