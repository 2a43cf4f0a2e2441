"""Calls to a Qdrant server: repeated with bounded backoff while it is away, then Unavailable."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from qdrant_client import models
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from schemas.errors import Gone, Misconfigured, Unavailable
from workers.index.server.client import why_not_trusted
from workers.retry import Backoff, until_available

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from qdrant_client import AsyncQdrantClient

T = TypeVar("T")

NOT_FOUND = 404
FORBIDDEN = (401, 403)
VERSION_MIN = (1, 17)
"""Older servers ignore the condition of a write, or refuse the write."""
OPERATIONS_MAX = 64
"""The most operations in one request. 64 are as fast as 256, and a batch that stops half way repeats less."""


class Persistence(NamedTuple):
    """How often a call is repeated before the caller is told that the server is unavailable."""

    attempts_max: int = 5
    backoff: Backoff = Backoff(0.1, 0.8)


class Calls:
    """Makes all calls to a Qdrant server."""

    def __init__(self, client: AsyncQdrantClient, persistence: Persistence) -> None:
        self.client = client
        self._persistence = persistence

    async def ask(self, call: Callable[[], Awaitable[T]]) -> T:
        """Return the server's answer.

        Raises Unavailable when the server has answered no attempt, and Gone if it does not have the requested
        thing. Points are never deleted, so the missing thing can only be the collection.
        """
        attempts_max, backoff = self._persistence
        return await until_available(lambda: _attempt(call), None, backoff, attempts_max=attempts_max)

    async def update(self, collection: str, operations: Sequence[models.UpdateOperation]) -> None:
        """Carry out all operations in order. They are visible and durable on return.

        A batch is not atomic: it stops at the first error, so the whole batch is repeated. Every operation here may
        be repeated: either its condition no longer holds once it was carried out, or it writes the same values again.
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
    """Raise Misconfigured if the server is too old or does not let us in, Unavailable while it is away."""
    try:
        version = (await calls.ask(calls.client.info)).version
    except _NotLetIn as error:
        raise Misconfigured(str(error)) from error
    if tuple(int(part) for part in version.split(".")[:2]) < VERSION_MIN:
        least = ".".join(map(str, VERSION_MIN))
        raise Misconfigured(f"the Qdrant server is of version {version}: Freshline needs {least} or later")


class _NotLetIn(Unavailable):
    """The key or the certificate is wrong. A start ends with this error.

    A running process tries again, since somebody may renew the key.
    """


class _NotDone(Exception):
    """The server has acknowledged the request and has not carried it out."""


async def _attempt(call: Callable[[], Awaitable[T]]) -> T:
    try:
        return await call()
    except (ResponseHandlingException, UnexpectedResponse, _NotDone) as error:
        if isinstance(error, UnexpectedResponse) and error.status_code == NOT_FOUND:
            raise Gone("the collection is gone from the Qdrant server: it is filled again") from error
        if isinstance(error, UnexpectedResponse) and error.status_code in FORBIDDEN:
            raise _NotLetIn(
                f"the Qdrant server refused the API key ({error.status_code}): check FRESHLINE_QDRANT_API_KEY"
            ) from error
        if isinstance(error, UnexpectedResponse) and not _is_transient(error):
            raise
        if (reason := why_not_trusted(error)) is not None:
            raise _NotLetIn(reason) from error
        raise Unavailable(f"the Qdrant server does not answer ({_reason(error)}): is it up?") from error


def _is_transient(error: UnexpectedResponse) -> bool:
    return error.status_code is None or error.status_code >= 500 or error.status_code in (408, 429)


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
