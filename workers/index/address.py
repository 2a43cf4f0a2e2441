"""The address of a Qdrant server, and how a client logs in to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr


class ServerAddress(NamedTuple):
    """The address of a Qdrant server, and the credentials for it. Its text has no secret."""

    url: str
    api_key: SecretStr | None = None
    ca_file: Path | None = None
    """PEM of the CA of the server's certificate; None for the public CAs."""
    grpc_port: int | None = None
    """The port of gRPC on the same host, for the calls that are faster over it; None for REST alone."""
