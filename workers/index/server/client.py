"""The client of a Qdrant server, which keeps its connections open."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
from qdrant_client import AsyncQdrantClient

from schemas.errors import Misconfigured

if TYPE_CHECKING:
    from pathlib import Path

    from workers.index.address import ServerAddress

TIMEOUT_SECONDS = 10
KEPT = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=3.0)
"""The bounds on the connections of REST. By default qdrant-client keeps none to this host, and connects for each
request. A kept one is dropped after 3 s, before the server drops it, by default after 5 s of silence."""
GRPC_OPTIONS = {
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.min_reconnect_backoff_ms": 1_000,
    "grpc.max_reconnect_backoff_ms": 1_000,
}
"""The options by which gRPC notices soon that a server is back. Without them it would wait up to two minutes between
two attempts."""


class ConnectionBounds(NamedTuple):
    """The times after which a silent connection is given up."""

    answer_seconds_max: int = TIMEOUT_SECONDS
    keepalive_time_ms: int = 5_000
    """The silence after which gRPC asks whether the server is still there. Without this question it would use a dead
    connection until the system gives up on it, after a quarter of an hour."""
    keepalive_timeout_ms: int = 3_000
    """The longest wait for that answer."""


BOUNDS = ConnectionBounds()


def create_client(server: ServerAddress, bounds: ConnectionBounds = BOUNDS) -> AsyncQdrantClient:
    """Return a client for REST, which connects at its first call.

    Raises Misconfigured if the file of the CA cannot be read.
    """
    trusted = {} if server.ca_file is None else {"verify": _trusting(server.ca_file)}
    return _client(server, bounds, limits=KEPT, **trusted)


def create_grpc_client(server: ServerAddress, bounds: ConnectionBounds = BOUNDS) -> AsyncQdrantClient | None:
    """Return a client for gRPC, which connects at its first call; None if the server is not to be asked over gRPC.

    Raises Misconfigured if the file of the CA cannot be read.
    """
    if server.grpc_port is None:
        return None
    options: dict[str, Any] = {
        **GRPC_OPTIONS,
        "grpc.keepalive_time_ms": bounds.keepalive_time_ms,
        "grpc.keepalive_timeout_ms": bounds.keepalive_timeout_ms,
    }
    if server.ca_file is not None:
        _trusting(server.ca_file)  # gRPC would say at its first call that the server does not answer.
        options["root_certificates"] = server.ca_file.read_bytes()
    return _client(server, bounds, prefer_grpc=True, grpc_port=server.grpc_port, grpc_options=options)


def _client(server: ServerAddress, bounds: ConnectionBounds, **transport: Any) -> AsyncQdrantClient:
    key = None if server.api_key is None else server.api_key.get_secret_value()
    return AsyncQdrantClient(
        url=server.url, api_key=key, timeout=bounds.answer_seconds_max, check_compatibility=False, **transport
    )


def _trusting(ca_file: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Misconfigured(
            f"FRESHLINE_QDRANT_CA_FILE: {ca_file} cannot be read as certificates in PEM ({reason})"
        ) from None
