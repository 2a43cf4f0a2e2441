"""The meaning of a failed call to a Qdrant server, told from the error that qdrant-client raises over REST or gRPC."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from grpc import StatusCode
from grpc.aio import AioRpcError
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from workers.index.server.trust import why_not_trusted

if TYPE_CHECKING:
    from collections.abc import Mapping

CLIENT_ERRORS = (ResponseHandlingException, UnexpectedResponse, AioRpcError, ResourceExhaustedResponse)
"""All that qdrant-client raises because of the server or the way to it; any other error is a bug."""
NOBODY_CONNECTED = "failed to connect to all addresses; last error: "


class Kind(Enum):
    """The kind of a failure."""

    MISSING = auto()
    """The server does not have the requested thing."""
    EXISTS = auto()
    """The server has the thing that the call was to create."""
    NOT_LET_IN = auto()
    """The key or the certificate is wrong."""
    REFUSED = auto()
    """The request is wrong, which is a bug, or needs another version of the server."""
    AWAY = auto()
    """The server is away, busy or broken, and may carry out the same request later."""


class FailedCall(NamedTuple):
    """A failed call, with its reason in one line."""

    kind: Kind
    reason: str


OF_HTTP_STATUS: Mapping[int | None, Kind] = {
    404: Kind.MISSING,
    409: Kind.EXISTS,
    401: Kind.NOT_LET_IN,
    403: Kind.NOT_LET_IN,
    408: Kind.AWAY,
    429: Kind.AWAY,
    None: Kind.AWAY,
}
OF_GRPC_STATUS: Mapping[StatusCode, Kind] = {
    StatusCode.NOT_FOUND: Kind.MISSING,
    StatusCode.ALREADY_EXISTS: Kind.EXISTS,
    StatusCode.UNAUTHENTICATED: Kind.NOT_LET_IN,
    StatusCode.PERMISSION_DENIED: Kind.NOT_LET_IN,
    StatusCode.INVALID_ARGUMENT: Kind.REFUSED,
    StatusCode.FAILED_PRECONDITION: Kind.REFUSED,
    StatusCode.OUT_OF_RANGE: Kind.REFUSED,
    StatusCode.UNIMPLEMENTED: Kind.REFUSED,
}
"""Every other status is one of a server that is away."""


def failure_of(error: Exception) -> FailedCall:
    """Return the meaning of an error of CLIENT_ERRORS."""
    if (reason := why_not_trusted(error)) is not None:
        return FailedCall(Kind.NOT_LET_IN, reason)
    if isinstance(error, UnexpectedResponse):
        return _of_response(error)
    if isinstance(error, AioRpcError):
        return _of_call(error)
    return FailedCall(Kind.AWAY, _first_line(error))


def _of_response(error: UnexpectedResponse) -> FailedCall:
    status = error.status_code
    kind = OF_HTTP_STATUS.get(status, Kind.AWAY if status is not None and status >= 500 else Kind.REFUSED)
    if kind is Kind.NOT_LET_IN:
        return FailedCall(kind, _key_refused(str(status)))
    return FailedCall(kind, _first_line(error) if kind is Kind.AWAY else f"{status} {error.reason_phrase}")


def _of_call(error: AioRpcError) -> FailedCall:
    kind, name = OF_GRPC_STATUS.get(error.code(), Kind.AWAY), error.code().name
    if kind is Kind.NOT_LET_IN:
        return FailedCall(kind, _key_refused(name))
    details = (error.details() or "").partition("\n")[0].removeprefix(NOBODY_CONNECTED)
    return FailedCall(kind, f"{name}: {details}")


def _key_refused(status: str) -> str:
    return f"the Qdrant server refused the API key ({status}): check FRESHLINE_QDRANT_API_KEY"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
