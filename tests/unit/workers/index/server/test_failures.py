"""Each failed call has one meaning, over REST and over gRPC."""

from __future__ import annotations

import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError, Metadata
from httpx import Headers
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from workers.index.server.failures import Kind, failure_of


def response(status: int, phrase: str) -> UnexpectedResponse:
    return UnexpectedResponse(status, phrase, b"{}", Headers())


def call(status: StatusCode, details: str = "it says why\nand more") -> AioRpcError:
    return AioRpcError(status, Metadata(), Metadata(), details)


@pytest.mark.parametrize(
    ("over_rest", "over_grpc", "kind"),
    [
        (404, StatusCode.NOT_FOUND, Kind.MISSING),
        (409, StatusCode.ALREADY_EXISTS, Kind.EXISTS),
        (401, StatusCode.UNAUTHENTICATED, Kind.NOT_LET_IN),
        (403, StatusCode.PERMISSION_DENIED, Kind.NOT_LET_IN),
        (400, StatusCode.INVALID_ARGUMENT, Kind.REFUSED),
        (422, StatusCode.FAILED_PRECONDITION, Kind.REFUSED),
        (408, StatusCode.DEADLINE_EXCEEDED, Kind.AWAY),
        (429, StatusCode.RESOURCE_EXHAUSTED, Kind.AWAY),
        (500, StatusCode.INTERNAL, Kind.AWAY),
        (503, StatusCode.UNAVAILABLE, Kind.AWAY),
    ],
)
def test_a_status_means_the_same_over_rest_and_over_grpc(over_rest: int, over_grpc: StatusCode, kind: Kind) -> None:
    failures = failure_of(response(over_rest, "What It Is")), failure_of(call(over_grpc))
    assert [failure.kind for failure in failures] == [kind, kind]
    assert not any("\n" in failure.reason for failure in failures)


@pytest.mark.parametrize("status", StatusCode)
def test_every_status_of_grpc_has_a_meaning(status: StatusCode) -> None:
    assert failure_of(call(status)).reason


def test_a_server_that_asks_for_a_pause_is_away() -> None:
    assert failure_of(ResourceExhaustedResponse("too many requests", 2)) == (Kind.AWAY, "too many requests")


def test_the_reason_is_that_of_the_connection() -> None:
    refused = "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:9: Connection refused"
    assert failure_of(call(StatusCode.UNAVAILABLE, refused)).reason.endswith(": Connection refused")
    assert failure_of(ResponseHandlingException(ConnectionError("refused"))) == (Kind.AWAY, "refused")
