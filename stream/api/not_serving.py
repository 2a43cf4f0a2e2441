"""Answers requests while the index worker starts or ends: 503 and the reason, where nothing else answers."""

from __future__ import annotations

import asyncio
import contextlib
from html import escape
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse

from schemas.errors import FreshlineError, Unavailable
from stream.api.error_answers import RETRY_AFTER, error_answer
from stream.api.uvicorn_server import uvicorn_server

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator

    import uvicorn
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

STARTING = "the index worker is starting: /readyz says when it is ready"
STOPPING = "the index worker is stopping"
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="1">
<title>Freshline</title>
</head>
<body><h1>Not ready</h1><p>Freshline says: {}. This page asks again every second.</p></body>
</html>
"""


class NotServing:
    """Answers every request on a socket with 503 and a reason, except while the API itself serves there."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self._reason = STARTING
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Future[None] | None = None

    async def start(self) -> None:
        """Answer from now on."""
        self._server = uvicorn_server(self._answer)
        # A copy of the socket: the server closes the one it is given, and the port stays open for the next one.
        self._serving = asyncio.ensure_future(self._server._serve(sockets=[self._listening.dup()]))

    async def stop(self) -> None:
        """Answer no longer; connections wait for the next server."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
        self._server = self._serving = None

    @contextlib.asynccontextmanager
    async def paused(self) -> AsyncIterator[socket.socket]:
        """Let the API serve on the socket within the block, and answer again after it with the error that ended it."""
        await self.stop()
        try:
            yield self._listening
        except BaseException as error:
            self._reason = _reason(error)
            raise
        finally:
            await self.start()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = Unavailable.http_status
        answer: Response = error_answer(status, self._reason, headers=RETRY_AFTER)
        if "text/html" in Headers(scope=scope).get("accept", ""):  # A person has opened a page.
            answer = HTMLResponse(PAGE.format(escape(self._reason)), status, headers=RETRY_AFTER)
        await answer(scope, receive, send)


@contextlib.asynccontextmanager
async def not_serving(listening: socket.socket) -> AsyncIterator[NotServing]:
    """Answer within the block, wherever it is not paused, and close the socket after it."""
    answers = NotServing(listening)
    await answers.start()
    try:
        yield answers
    finally:
        await answers.stop()
        listening.close()


def _reason(error: BaseException) -> str:
    """Return why the worker ends, as far as a person may know."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, FreshlineError):
        return f"the index worker starts again: {error}"
    return STOPPING if isinstance(error, asyncio.CancelledError) else "the index worker starts again, after a bug"
