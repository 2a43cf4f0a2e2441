"""Refuses requests whose body is greater than any that the API has a use for: it would be kept in memory whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from stream.api.error_answers import error_answer

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES_MAX = 16 << 20
"""The trial of a ranking with the vectors' order of 100,000 items takes about 4 MB."""
TOO_LARGE = 413
REASON = "the body takes more than {:,} bytes: send less at a time"


class BoundedBodies:
    """Lets a request through whose body is small enough, and ends one whose body turns out not to be."""

    def __init__(self, app: ASGIApp, bytes_max: int = BODY_BYTES_MAX) -> None:
        self._app = app
        self._bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, as ASGI has it."""
        if scope["type"] != "http" or scope["method"] == "GET":  # Their bodies are not read.
            await self._app(scope, receive, send)
        elif _length(scope) > self._bytes_max:
            await error_answer(TOO_LARGE, REASON.format(self._bytes_max))(scope, receive, send)
        else:
            await self._app(scope, self._counted(receive), send)

    def _counted(self, receive: Receive) -> Receive:
        """Return a `receive` that raises HTTPException as soon as too much came: a body in chunks tells no length."""
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > self._bytes_max:
                raise HTTPException(TOO_LARGE, REASON.format(self._bytes_max))
            return message

        return counted


def _length(scope: Scope) -> int:
    """Return the length that the headers tell; 0 where they do not."""
    told = Headers(scope=scope).get("content-length", "")
    return int(told) if told.isdecimal() else 0
