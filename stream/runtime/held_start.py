"""A worker that is started held: it imports what it needs, and waits for its log to be open before it does anything."""

from __future__ import annotations

import asyncio
import sys

from schemas.errors import Unavailable

HELD = "--held"
"""The argument of a worker that waits for a line on its standard input. `up` alone starts workers with it."""


async def until_released() -> None:
    """Return once the process that started this one has released it; at once if it was not started held.

    Raises Unavailable if that process ends before.
    """
    if HELD not in sys.argv[1:]:
        return
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    if not await reader.readline():
        raise Unavailable("the process that started this worker has ended before its log was open")
