"""The vector of a query that is being computed off the event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from workers.embedder.interface import Vectors


class QueryVector:
    """A vector that is being computed: wait until its forward pass has `started`, and for its `result`."""

    def __init__(self, computing: asyncio.Task[Vectors], started: asyncio.Event) -> None:
        """`started`: an event that is set once the forward pass is about to begin."""
        self._computing = computing
        self._started = started
        computing.add_done_callback(self._end)

    async def started(self) -> None:
        """Return when the forward pass is about to begin, or when the vector is known or has failed already.

        Until then the tokeniser needs the interpreter, and any other work of the search would slow it down.
        """
        await self._started.wait()

    async def result(self) -> Vectors:
        """Return float32 `(dimension,)`, L2-normalised, read-only. Raises EmbeddingFailed."""
        return await self._computing

    def cancel(self) -> None:
        """Stop waiting for the vector. A forward pass that has begun runs to its end. Idempotent."""
        self._computing.cancel()

    def _end(self, computing: asyncio.Task[Vectors]) -> None:
        self._started.set()
        if not computing.cancelled():
            computing.exception()  # Otherwise asyncio would log the error of a vector that is no longer wanted.
