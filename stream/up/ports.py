"""Ports on this machine."""

from __future__ import annotations

import socket

from schemas.errors import Misconfigured


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def check_free(host: str, port: int, what: str, flag: str) -> None:
    """Raises Misconfigured if something listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Misconfigured(
                f"{what} cannot use {host}:{port} ({error.strerror}): choose another port with {flag}"
            ) from error
