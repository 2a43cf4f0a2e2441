"""The TLS of the connections to the brokers."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from schemas.errors import Misconfigured

if TYPE_CHECKING:
    from pathlib import Path


def tls_context(
    ca: Path | None, certificate: Path | None, key: Path | None, key_password: str | None
) -> ssl.SSLContext:
    """Return a context that verifies certificates and host names, against the CAs of the system if `ca` is None.

    Raises Misconfigured with the setting whose file cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(f"FRESHLINE_KAFKA_CA_FILE: {_unreadable(ca, error, 'PEM certificates')}") from None
    if certificate is not None:
        _show_certificate(context, certificate, key, key_password)
    return context


def _show_certificate(context: ssl.SSLContext, certificate: Path, key: Path | None, key_password: str | None) -> None:
    for file, setting in ((certificate, "CERTIFICATE"), (key, "KEY")):
        if file is not None and not file.is_file():
            raise Misconfigured(f"FRESHLINE_KAFKA_{setting}_FILE: {file} is no file")
    try:
        # Without a password OpenSSL would ask for one at the terminal.
        context.load_cert_chain(certificate, key, password=lambda: key_password or "")
    except (OSError, ssl.SSLError) as error:
        setting, file = ("KEY_FILE", key) if key is not None else ("CERTIFICATE_FILE", certificate)
        what = "a key in PEM that belongs to the certificate and opens with FRESHLINE_KAFKA_KEY_PASSWORD"
        raise Misconfigured(f"FRESHLINE_KAFKA_{setting}: {_unreadable(file, error, what)}") from None


def _unreadable(file: Path | None, error: Exception, holds: str) -> str:
    """Return the fault of a file."""
    if isinstance(error, ssl.SSLError):
        return f"{file} does not hold {holds} ({error.reason or error})"
    return f"{file} cannot be read ({getattr(error, 'strerror', None) or error})"
