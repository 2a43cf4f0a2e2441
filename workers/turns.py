"""Long work on the event loop in short turns, between which others have theirs: answers above all."""

from __future__ import annotations

import asyncio
import time

TURN_SECONDS = 0.002


class Turns:
    """Of one piece of work that does not suspend by itself."""

    def __init__(self, turn_seconds: float = TURN_SECONDS, *, pause_seconds: float = 0.0) -> None:
        """A pause of 0 is one round of the loop; an event needs several to become searchable."""
        self._turn_seconds = turn_seconds
        self._pause_seconds = pause_seconds
        self._ends_s = time.monotonic() + self._turn_seconds

    async def give(self) -> None:
        """To be called between steps of less than a millisecond: pauses once the turn is over."""
        if time.monotonic() > self._ends_s:
            await asyncio.sleep(self._pause_seconds)
            self._ends_s = time.monotonic() + self._turn_seconds
