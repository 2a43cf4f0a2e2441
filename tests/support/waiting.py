"""Waits for conditions, with a bound."""

from __future__ import annotations

import asyncio
import inspect
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LOOK_INTERVAL_S = 0.01


async def until(
    condition: Callable[[], bool | Awaitable[bool]],
    what: str,
    *,
    seconds_max: float = 30.0,
    every_s: float = LOOK_INTERVAL_S,
) -> None:
    """Returns once the condition holds; fails the test after `seconds_max`."""
    deadline = time.monotonic() + seconds_max
    while True:
        holds = condition()
        if inspect.isawaitable(holds):
            holds = await holds
        if holds:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds_max} s: {what}")
        await asyncio.sleep(every_s)
