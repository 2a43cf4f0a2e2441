"""Serves the front: until cancelled, or in a thread of the test's own process."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import uvicorn
from starlette.responses import PlainTextResponse

from tests.support.waiting import HANG_S

from .app import create_app
from .store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

HOST = "127.0.0.1"


class Locked:
    """An application that answers 401 without the right key, as the server does."""

    def __init__(self, app: ASGIApp, api_key: str) -> None:
        self._app, self._api_key = app, api_key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and dict(scope["headers"]).get(b"api-key") != self._api_key:
            await PlainTextResponse("Must provide an API key", 401)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def serve(port: int, *, api_key: str | None = None, on_ready: Callable[[], None] = lambda: None) -> None:
    """Serve until cancelled. While the server is set to be away, nothing listens."""
    app = create_app(Store())
    served: ASGIApp = app if api_key is None else Locked(app, api_key)
    while True:
        config = uvicorn.Config(served, HOST, port, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server._serve())  # not `serve`: it would take the signals
        while not server.started:
            await asyncio.wait([serving], timeout=0.01)
            if serving.done():
                raise OSError(f"port {port} is taken")
        on_ready()
        await app.leave.wait()
        app.leave.clear()
        server.should_exit = True
        await serving
        await asyncio.sleep(app.faults.away_seconds)


def in_thread(api_key: str | None = None) -> str:
    """Return the URL of a front that ends with this process, and requires this key if one is given."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    ready = threading.Event()
    threading.Thread(target=lambda: asyncio.run(serve(port, api_key=api_key, on_ready=ready.set)), daemon=True).start()
    if not ready.wait(HANG_S):
        raise TimeoutError("the front did not start")
    return f"http://{HOST}:{port}"
