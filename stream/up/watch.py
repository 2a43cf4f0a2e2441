"""Looks at the stack's own API while it runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stream.up.probe import Probe

WATCH_S = 2.0


async def watch(probe: Probe, say: Callable[[str], None], heard: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    """For ever; tells once when /status is refused or not answered, and once when it is answered again.

    `heard`: gets each answer of /status.
    """
    told: str | None = None
    while True:
        await asyncio.sleep(WATCH_S)
        status = await probe.status()
        if probe.trouble and not told:
            say(probe.trouble)
        elif told and status is not None:
            say("all answers again")
        told = probe.trouble or (told if status is None else None)
        if status is not None:
            await heard(status)
