"""Tells from a failed call what is wrong with the certificate of a Qdrant server, or with its port."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from grpc.aio import AioRpcError

if TYPE_CHECKING:
    from collections.abc import Iterator

EXPIRED = 10
"""The result of OpenSSL's X509_verify_cert for a certificate that has expired."""
OTHER_HOST = (62, 64)
"""The results of that function for a certificate of another host, by name or address."""
NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")
"""The errors of OpenSSL where the other side does not speak TLS."""

HAS_EXPIRED = "the certificate of the Qdrant server has expired: renew it there"
IS_OF_ANOTHER_HOST = "the Qdrant server has a certificate for another host: name that in FRESHLINE_QDRANT_URL"
SPEAKS_NO_TLS = "the Qdrant server does not speak TLS on this port: set FRESHLINE_QDRANT_URL=http://..."
SPEAKS_NO_GRPC = "the Qdrant server does not speak gRPC on this port: set FRESHLINE_QDRANT_GRPC_PORT, by default 6334"
BY_GRPC_DETAILS = (
    ("certificate has expired", HAS_EXPIRED),
    ("Hostname Verification Check failed", IS_OF_ANOTHER_HOST),
    ("WRONG_VERSION_NUMBER", SPEAKS_NO_TLS),
    ("missing selected ALPN property", SPEAKS_NO_GRPC),
    ("Trying to connect an http1.x server", SPEAKS_NO_GRPC),
)
"""gRPC passes no code of OpenSSL on, only this text (grpcio 1.85; the tests hold each)."""
UNTRUSTED = "CERTIFICATE_VERIFY_FAILED: "


def why_not_trusted(error: BaseException) -> str | None:
    """Return the fault of the server's certificate or port, None if the error is of another kind."""
    return next((why for cause in _causes(error) if (why := _why(cause)) is not None), None)


def _why(cause: BaseException) -> str | None:
    if isinstance(cause, AioRpcError):
        return _by_details(cause.details() or "")
    if isinstance(cause, ssl.SSLCertVerificationError):
        if cause.verify_code == EXPIRED:
            return HAS_EXPIRED
        return IS_OF_ANOTHER_HOST if cause.verify_code in OTHER_HOST else _unknown_ca(cause.verify_message)
    return SPEAKS_NO_TLS if isinstance(cause, ssl.SSLError) and cause.reason in NO_TLS else None


def _by_details(details: str) -> str | None:
    for text, why in BY_GRPC_DETAILS:
        if text in details:
            return why
    reason = details.partition(UNTRUSTED)[2]
    return _unknown_ca(reason.removesuffix(": OK")) if reason else None


def _unknown_ca(reason: str) -> str:
    return (
        f"the certificate of the Qdrant server is from a CA that is not trusted here ({reason}): "
        "set FRESHLINE_QDRANT_CA_FILE to the certificate of that CA"
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what it comes from; qdrant-client keeps the error of its HTTP client as `source`."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = getattr(found, "source", None) or found.__cause__ or found.__context__
