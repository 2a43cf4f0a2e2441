"""The HTTP server, on the event loop of the worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn

from stream.api.app import create_app

if TYPE_CHECKING:
    import socket

    from stream.api.services import Services

STOP_SECONDS_MAX = 1
"""How long answers that are under way may take once the process stops."""


async def serve_http(services: Services, listening: socket.socket) -> None:
    """Serve the API on this socket until cancelled, and leave the socket listening.

    It shares the event loop with the data path: calls into the embedded index hold the interpreter anyway.
    """
    config = uvicorn.Config(
        create_app(services),
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=STOP_SECONDS_MAX,
    )
    server, copy = uvicorn.Server(config), listening.dup()  # The server closes the socket that it is given.
    try:
        # Not `serve`, which would install signal handlers: this process handles its signals itself.
        await server._serve(sockets=[copy])
    finally:  # When cancelled, `_serve` leaves connections open, and they would ask an index that is closed.
        services.search.abandon_waits()
        await services.dashboard.close()
        if server.started:
            await server.shutdown(sockets=[copy])
