"""Long work on the event loop in short turns, so that changes and searches hardly wait for it."""

from __future__ import annotations

import asyncio
import time

TURN_SECONDS = 0.003
PAUSE_SECONDS = 0.002
"""Longer than one round of the loop: an event needs several of them to become searchable."""


class Turns:
    """Of one piece of work."""

    def __init__(self) -> None:
        self._ends_s = time.monotonic() + TURN_SECONDS

    async def give(self) -> None:
        """To be called between steps of less than a millisecond: pauses once the turn is over."""
        if time.monotonic() > self._ends_s:
            await asyncio.sleep(PAUSE_SECONDS)
            self._ends_s = time.monotonic() + TURN_SECONDS
