"""Looks at the stack's own API while it runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stream.up.probe import Probe

WATCH_S = 2.0
SILENT = "the index worker runs but does not answer: it hangs, or the machine is overloaded; killed, it starts anew"


async def watch(probe: Probe, say: Callable[[str], None], heard: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    """For ever; tells once when nothing is answered any more, and once when it is again.

    `heard`: gets each answer of /status.
    """
    told = False
    while True:
        await asyncio.sleep(WATCH_S)
        status = await probe.status()
        if probe.is_silent != told:
            told = probe.is_silent
            say(SILENT if told else "the index worker answers again")
        if status is not None:
            await heard(status)
