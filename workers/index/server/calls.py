"""Calls to a Qdrant server: repeated with bounded backoff while it is away, then Unavailable."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from qdrant_client import models

from schemas.errors import Gone, Misconfigured, Unavailable
from workers.index.server.failures import CLIENT_ERRORS, Kind, failure_of
from workers.retry import Backoff, Persistence, until_available

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from qdrant_client import AsyncQdrantClient

T = TypeVar("T")

VERSION_MIN = (1, 17)
"""Older servers ignore the condition of a write, or refuse the write."""
OPERATIONS_MAX = 64
"""The most operations in one request. 64 are as fast as 256, and a batch that stops half way repeats less."""
GRPC_PAYLOADS_MAX = 24
"""The most payloads that go over gRPC. A call costs 1 ms less there than over REST, and each payload 0.04 ms more:
qdrant-client converts its values one by one in Python."""


PERSISTENCE = Persistence(5, Backoff(0.1, 0.8))


class Calls:
    """Makes all calls to a Qdrant server, each over the transport that is faster for it."""

    def __init__(
        self, rest: AsyncQdrantClient, persistence: Persistence, grpc: AsyncQdrantClient | None = None
    ) -> None:
        self.rest = rest
        """The client for many payloads."""
        self.grpc = grpc
        self.client = grpc or rest
        """The client for everything else."""
        self._persistence = persistence

    async def ask(self, call: Callable[[], Awaitable[T]]) -> T:
        """Return the server's answer.

        Raises Unavailable when the server has answered no attempt, Gone if it does not have the requested thing,
        AlreadyExists if it has the thing that it was to create, and RefusedCall if it never carries out such a request.
        Points are never deleted, so the missing thing can only be the collection.
        """
        attempts_max, backoff = self._persistence
        return await until_available(lambda: _attempt(call), None, backoff, attempts_max=attempts_max)

    async def close(self) -> None:
        """Release the connections. Idempotent."""
        await self.rest.close()
        if self.grpc is not None:
            await self.grpc.close()

    async def update(self, collection: str, operations: Sequence[models.UpdateOperation]) -> None:
        """Carry out all operations in order. They are visible and durable on return.

        A batch is not atomic: it stops at the first error, so the whole batch is repeated. Every operation here may
        be repeated: either its condition no longer holds once it was carried out, or it writes the same values again.
        """
        for start in range(0, len(operations), OPERATIONS_MAX):
            batch = operations[start : start + OPERATIONS_MAX]
            await self.ask(lambda batch=batch: self._update_once(collection, batch))  # type: ignore[misc]

    def client_for(self, payloads: int) -> AsyncQdrantClient:
        """Return the client that is faster for a call with this many payloads in its request or answer."""
        return self.rest if payloads > GRPC_PAYLOADS_MAX else self.client

    async def _update_once(self, collection: str, batch: Sequence[models.UpdateOperation]) -> None:
        client = self.client_for(sum(map(_whole_points, batch)))
        results = await client.batch_update_points(collection, batch, wait=True)
        undone = [result.status for result in results if result.status != models.UpdateStatus.COMPLETED]
        if undone:
            raise _NotDone(f"{len(undone)} of {len(batch)} operations are {undone[0].value}, not completed")


async def check_version(calls: Calls) -> None:
    """Raise Misconfigured if the server is too old or does not let us in, Unavailable while it is away."""
    try:
        version = (await _info(calls)).version
        if calls.grpc is not None:
            await calls.ask(calls.rest.info)
    except _NotLetIn as error:
        raise Misconfigured(str(error)) from error
    if tuple(int(part) for part in version.split(".")[:2]) < VERSION_MIN:
        least = ".".join(map(str, VERSION_MIN))
        raise Misconfigured(f"the Qdrant server is of version {version}: Freshline needs {least} or later")


async def _info(calls: Calls) -> models.VersionInfo:
    """Return the server's version. Raises Unavailable, which names the port of gRPC if REST alone answers."""
    try:
        return await calls.ask(calls.client.info)
    except _NotLetIn:
        raise
    except Unavailable as error:
        if calls.grpc is not None and await _answers(calls.rest):
            reason = failure_of(error.__cause__).reason if isinstance(error.__cause__, CLIENT_ERRORS) else error
            raise OnlyRestAnswers(
                "the Qdrant server answers over REST and not over gRPC: correct FRESHLINE_QDRANT_GRPC_PORT, or unset "
                f"it ({reason})"
            ) from error
        raise


async def _answers(client: AsyncQdrantClient) -> bool:
    try:
        await client.info()
    except CLIENT_ERRORS:
        return False
    return True


def _whole_points(operation: models.UpdateOperation) -> int:
    points = operation.upsert if isinstance(operation, models.UpsertOperation) else None
    return len(points.points) if isinstance(points, models.PointsList) else 0


class AlreadyExists(Exception):
    """The thing exists that was to be created: another worker was first, or the answer to this call was lost."""


class OnlyRestAnswers(Unavailable):
    """The server answers over REST, and nothing at the port of gRPC."""


class RefusedCall(Exception):
    """The server refuses the request, and will again: `400 Bad Request`."""


class _NotLetIn(Unavailable):
    """The key or the certificate is wrong. A start ends with this error.

    A running process tries again, since somebody may renew the key.
    """


class _NotDone(Exception):
    """The server has acknowledged the request and has not carried it out."""


async def _attempt(call: Callable[[], Awaitable[T]]) -> T:
    try:
        return await call()
    except _NotDone as error:
        raise _unavailable(str(error)) from error
    except CLIENT_ERRORS as error:
        raise _raised(error) from error


def _raised(error: Exception) -> Exception:
    """Return the error that a caller gets for one of the client."""
    kind, reason = failure_of(error)
    match kind:
        case Kind.MISSING:
            return Gone("the collection is gone from the Qdrant server: it is filled again")
        case Kind.EXISTS:
            return AlreadyExists(reason)
        case Kind.NOT_LET_IN:
            return _NotLetIn(reason)
        case Kind.REFUSED:
            return RefusedCall(reason)
        case Kind.AWAY:
            return _unavailable(reason)


def _unavailable(reason: str) -> Unavailable:
    return Unavailable(f"the Qdrant server does not answer ({reason}): is it up?")
