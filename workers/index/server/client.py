"""The client of a Qdrant server, and what is wrong where the server does not let it in."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from qdrant_client import AsyncQdrantClient

from schemas.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.index.address import ServerAddress

TIMEOUT_SECONDS = 10
EXPIRED = 10
"""The result of OpenSSL's X509_verify_cert for a certificate that has expired."""
OTHER_HOST = (62, 64)
"""Its results for a certificate of another host, by name or address."""


def create_client(server: ServerAddress) -> AsyncQdrantClient:
    """Return a client, which connects at its first call. Raises Misconfigured if the file of the CA cannot be read."""
    trusted: dict[str, Any] = {} if server.ca_file is None else {"verify": _trusting(server)}
    key = None if server.api_key is None else server.api_key.get_secret_value()
    return AsyncQdrantClient(url=server.url, api_key=key, timeout=TIMEOUT_SECONDS, check_compatibility=False, **trusted)


def why_not_trusted(error: BaseException) -> str | None:
    """Return what is wrong with the certificate of the server, None if the error is of another kind."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            if cause.verify_code == EXPIRED:
                return "the certificate of the Qdrant server has expired: renew it there"
            if cause.verify_code in OTHER_HOST:
                return "the Qdrant server has a certificate for another host: name that in FRESHLINE_QDRANT_URL"
            return (
                f"the certificate of the Qdrant server is from a CA that is not trusted here ({cause.verify_message}): "
                "set FRESHLINE_QDRANT_CA_FILE to the certificate of that CA"
            )
        if isinstance(cause, ssl.SSLError) and cause.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"):
            return "the Qdrant server does not speak TLS on this port: set FRESHLINE_QDRANT_URL=http://..."
    return None


def _trusting(server: ServerAddress) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=server.ca_file)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Misconfigured(
            f"FRESHLINE_QDRANT_CA_FILE: {server.ca_file} cannot be read as certificates in PEM ({reason})"
        ) from None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what it comes from; qdrant-client keeps the error of its HTTP client as `source`."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = getattr(found, "source", None) or found.__cause__ or found.__context__
