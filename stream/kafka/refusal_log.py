"""The log lines about records that become dead letters. In a flood, most lines are only counted and not written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from schemas.errors import InvalidEvent

if TYPE_CHECKING:
    from stream.kafka.headers import Origin
    from workers.clock import Clock

log = structlog.get_logger(__name__)

LINES_MAX, SPAN_S = 20, 10.0
"""The most lines of a kind in so many seconds. At 2,000 refused events a second all of them would be 2 GB an hour."""
TEXT_CHARS_MAX = 300
"""The most characters of a key or a reason in a line; the dead letter has them whole."""


class RefusalLog:
    """Writes a line about each record that is refused, as long as there are few of them."""

    def __init__(self, clock: Clock) -> None:
        self._refused, self._bugs = _LineBudget(clock), _LineBudget(clock)

    def refused(self, origin: Origin, key: bytes | None, error: Exception) -> None:
        """Write the line of a dead letter with its reason: a warning if its producer is to blame, else an error."""
        if (left_out := self._refused.count_line()) is not None:
            level = "warning" if isinstance(error, InvalidEvent) else "error"
            reason = str(error)[:TEXT_CHARS_MAX]
            getattr(log, level)(
                "dead letter", **_place(origin, key), error=type(error).__name__, reason=reason, **left_out
            )

    def bug(self, origin: Origin, key: bytes | None, error: Exception) -> None:
        """Write the line of a record that a pure stage failed on, with the traceback."""
        if (left_out := self._bugs.count_line()) is not None:
            log.error("bug", **_place(origin, key), exc_info=error, **left_out)


class _LineBudget:
    """Counts lines, and says which of them are too many."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._span_ends_s = clock.monotonic_s() + SPAN_S
        self._lines = 0

    def count_line(self) -> dict[str, int] | None:
        """Count one more line. Return None if it is one too many, else its fields, which say how many were left out."""
        left_out = 0
        if self._clock.monotonic_s() >= self._span_ends_s:
            left_out = max(0, self._lines - LINES_MAX)
            self._span_ends_s, self._lines = self._clock.monotonic_s() + SPAN_S, 0
        self._lines += 1
        if self._lines > LINES_MAX:
            return None
        return {"left_out": left_out} if left_out else {}


def _place(origin: Origin, key: bytes | None) -> dict[str, str | int | None]:
    product_id = None if key is None else key[: 4 * TEXT_CHARS_MAX].decode(errors="replace")[:TEXT_CHARS_MAX]
    return {
        "product_id": product_id,
        "topic": origin.topic,
        "partition": origin.partition,
        "offset": origin.offset,
    }
