"""The HTTP server, on the event loop of the worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stream.api.app import create_app
from stream.api.uvicorn_server import uvicorn_server

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from stream.api.services import Services
    from stream.runtime.telemetry.interface import Tracer


async def serve_http(
    services: Services, listening: socket.socket, tracer: Tracer | None = None, *, cors_origins: Sequence[str] = ()
) -> None:
    """Serve the API on this socket until cancelled, and leave the socket listening.

    It shares the event loop with the data path: calls into the embedded index hold the interpreter anyway.
    """
    server = uvicorn_server(create_app(services, tracer, cors_origins))
    copy = listening.dup()  # The server closes the socket that it is given.
    try:
        # Not `serve`, which would install signal handlers: this process handles its signals itself.
        await server._serve(sockets=[copy])
    finally:  # When cancelled, `_serve` leaves connections open, and they would ask an index that is closed.
        services.search.abandon_waits()
        services.watches.close()
        await services.dashboard.close()
        if server.started:
            await server.shutdown(sockets=[copy])
