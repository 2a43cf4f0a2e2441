"""A uvicorn server as the API needs it, and what answers in its place while a worker starts or ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from starlette.types import ASGIApp

STOP_SECONDS_MAX = 1
"""The time that answers under way may take once the server stops."""


def uvicorn_server(app: ASGIApp) -> uvicorn.Server:
    """Return a server that logs no requests, and stops within a second or so."""
    config = uvicorn.Config(
        app,
        interface="asgi3",
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=STOP_SECONDS_MAX,
    )
    return uvicorn.Server(config)
