"""TCP ports of this machine."""

from __future__ import annotations

import errno
import socket
import time

from schemas.errors import Misconfigured, Unavailable

WAIT_SECONDS_MAX = 1.0
AFTER_KILL_SECONDS_MAX = 10.0
"""The time to wait after an `up` was killed. A busy machine needs seconds to end its child processes."""
POLL_S = 0.05
OF_PORTS = (errno.EADDRINUSE, errno.EACCES)
"""The errors that another port does not have: a process listens on this one, or it needs rights."""
BACKLOG = 2048
"""The most connections that wait while one server hands a port over to the next."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def url_of(host: str, port: int) -> str:
    """Return the URL of a server that listens there."""
    return f"http://[{host}]:{port}" if _family(host) is socket.AF_INET6 else f"http://{host}:{port}"


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens there: from now on no connection is refused. Raises Unavailable if it is taken."""
    try:
        return socket.create_server((host, port), family=_family(host), backlog=BACKLOG)
    except OSError as error:
        raise Unavailable(
            f"the HTTP API cannot use {host}:{port} ({error.strerror or error}): see FRESHLINE_API_HOST and "
            "FRESHLINE_API_PORT"
        ) from error


def check_free(host: str, port: int, what: str, chosen_by: str, *, seconds_max: float = WAIT_SECONDS_MAX) -> None:
    """Return once nothing listens on the port, waiting for that for `seconds_max` at most.

    The wait is for an `up` that was killed: its ports are free only when its child processes have ended too.
    If the port stays in use, raises Misconfigured, which names what needs the port (`what`), and the flag and the
    setting that choose another one (`chosen_by`). Raises Misconfigured at once if this machine has no such address.
    """
    deadline = time.monotonic() + seconds_max
    while (refusal := _refusal(host, port)) is not None:
        cannot = f"{what} cannot use {host}:{port} ({refusal.strerror})"
        if refusal.errno not in OF_PORTS:
            raise Misconfigured(f"{cannot}: name an address of this machine, that of the API with FRESHLINE_API_HOST")
        if time.monotonic() > deadline:
            raise Misconfigured(f"{cannot}: choose another port with {chosen_by}")
        time.sleep(POLL_S)


def _refusal(host: str, port: int) -> OSError | None:
    with socket.socket(_family(host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if probe.family is socket.AF_INET6:  # As `create_server` does: the port of IPv4 may be another server's.
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
