"""Calls to a Qdrant server: repeated with bounded backoff while it is away, then Unavailable."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from qdrant_client import models
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from schemas.errors import Gone, Misconfigured, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from qdrant_client import AsyncQdrantClient

T = TypeVar("T")

NOT_FOUND = 404
VERSION_MIN = (1, 17)
"""Older servers take no notice of a write's condition, or refuse it."""
OPERATIONS_MAX = 64
"""In one request: as fast as 256, and a batch that stops half way repeats less."""


class Backoff(NamedTuple):
    """How long to insist; after that the caller decides."""

    attempts: int = 5
    first_seconds: float = 0.1
    """Doubled from attempt to attempt."""


class Calls:
    """The one way to a server."""

    def __init__(self, client: AsyncQdrantClient, backoff: Backoff) -> None:
        self.client = client
        self._backoff = backoff

    async def ask(self, call: Callable[[], Awaitable[T]]) -> T:
        """The answer. Raises Unavailable when the server has not answered any attempt, Gone if it lacks what is asked.

        Points are never deleted, so what it can lack is the collection.
        """
        pause_seconds = self._backoff.first_seconds
        for attempt in range(1, self._backoff.attempts + 1):
            try:
                return await call()
            except (ResponseHandlingException, UnexpectedResponse, _NotDone) as error:
                if isinstance(error, UnexpectedResponse) and error.status_code == NOT_FOUND:
                    raise Gone("the collection is gone from the Qdrant server: it is filled again") from error
                if isinstance(error, UnexpectedResponse) and not _is_transient(error):
                    raise
                if attempt == self._backoff.attempts:
                    raise Unavailable(f"the Qdrant server does not answer ({_reason(error)}): is it up?") from error
            await asyncio.sleep(pause_seconds)
            pause_seconds *= 2
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def update(self, collection: str, operations: Sequence[models.UpdateOperation]) -> None:
        """All of them, in order, visible and durable on return.

        A batch is not atomic: it stops at the first error, so it is repeated whole. Every operation here may be:
        its condition no longer holds once it was done, or it writes the same again.
        """
        for start in range(0, len(operations), OPERATIONS_MAX):
            batch = operations[start : start + OPERATIONS_MAX]
            await self.ask(lambda batch=batch: self._update_once(collection, batch))  # type: ignore[misc]

    async def _update_once(self, collection: str, batch: Sequence[models.UpdateOperation]) -> None:
        results = await self.client.batch_update_points(collection, batch, wait=True)
        undone = [result.status for result in results if result.status != models.UpdateStatus.COMPLETED]
        if undone:
            raise _NotDone(f"{len(undone)} of {len(batch)} operations are {undone[0].value}, not completed")


async def check_version(calls: Calls) -> None:
    """Raises Misconfigured if the server is too old, Unavailable while it is away."""
    version = (await calls.ask(calls.client.info)).version
    if tuple(int(part) for part in version.split(".")[:2]) < VERSION_MIN:
        least = ".".join(map(str, VERSION_MIN))
        raise Misconfigured(f"the Qdrant server is of version {version}: Freshline needs {least} or later")


class _NotDone(Exception):
    """Acknowledged is not done."""


def _is_transient(error: UnexpectedResponse) -> bool:
    return error.status_code is None or error.status_code >= 500 or error.status_code in (408, 429)


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
