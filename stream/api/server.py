"""The HTTP server, on the event loop of the worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn

from stream.api.app import create_app

if TYPE_CHECKING:
    from stream.api.services import Services

STOP_SECONDS_MAX = 1
"""How long answers that are under way may take once the process stops."""


async def serve_http(services: Services, *, host: str, port: int) -> None:
    """Serve the API until cancelled.

    It shares the event loop with the data path: calls into the embedded index hold the interpreter anyway.
    """
    config = uvicorn.Config(
        create_app(services),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=STOP_SECONDS_MAX,
    )
    server = uvicorn.Server(config)
    try:
        # Not `serve`, which would install signal handlers: this process handles its signals itself.
        await server._serve()
    finally:  # When cancelled, `_serve` leaves connections open, and they would ask an index that is closed.
        services.search.abandon_waits()
        await services.dashboard.close()
        if server.started:
            await server.shutdown()
