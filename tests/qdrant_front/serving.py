"""Serves the front: until cancelled, or in a thread of the test's own process."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

import uvicorn
from starlette.responses import PlainTextResponse

from stream.runtime.ports import free_port
from tests.support.waiting import HANG_S

from .app import create_app
from .grpc_gate import start_grpc
from .store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

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


class Front(NamedTuple):
    """The addresses at which a front listens, and what it serves."""

    url: str
    grpc_port: int
    store: Store


async def serve(
    port: int,
    grpc_port: int,
    store: Store,
    *,
    api_key: str | None = None,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until cancelled. While the server is set to be away, nothing listens. Raises OSError for a taken port."""
    app = create_app(store)
    served: ASGIApp = app if api_key is None else Locked(app, api_key)
    while True:
        async with _http(served, port):
            grpc_server = start_grpc(f"{HOST}:{grpc_port}", store, app, api_key)
            on_ready()
            await app.leave.wait()
            app.leave.clear()
            # In a thread: calls that are under way are answered by this loop.
            await asyncio.to_thread(grpc_server.stop(None).wait)
        await asyncio.sleep(app.faults.away_seconds)


@asynccontextmanager
async def _http(served: ASGIApp, port: int) -> AsyncIterator[None]:
    config = uvicorn.Config(served, HOST, port, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server._serve())  # not `serve`: it would take the signals
    while not server.started:
        await asyncio.wait([serving], timeout=0.01)
        if serving.done():
            raise OSError(f"port {port} is taken")
    yield
    server.should_exit = True
    await serving


def in_thread(api_key: str | None = None) -> Front:
    """Return where a front listens that ends with this process, and requires this key if one is given."""
    port, grpc_port, store = free_port(), free_port(), Store()
    ready = threading.Event()
    serving = serve(port, grpc_port, store, api_key=api_key, on_ready=ready.set)
    threading.Thread(target=asyncio.run, args=[serving], daemon=True).start()
    if not ready.wait(HANG_S):
        raise TimeoutError("the front did not start")
    return Front(f"http://{HOST}:{port}", grpc_port, store)
