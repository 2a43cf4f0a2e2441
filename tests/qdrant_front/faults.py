"""Faults: a server that is slow, that fails every n-th request, or that is away."""

from __future__ import annotations

import asyncio
from itertools import cycle
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTROL = "/_"
"""Requests below this path never fail."""
BEFORE, HALF, AFTER = "before", "half", "after"
"""The moments at which a request fails: before it is applied, half of it applied, all of it. HALF is also the key in
the scope of a batch of which only half is to be applied."""


class Faults(BaseModel, extra="forbid"):
    """The faults of the server from now on."""

    away_seconds: float = Field(0.0, ge=0)
    """The time for which no connection is accepted."""
    delay_seconds: float = Field(0.0, ge=0)
    """The delay before each request is handled."""
    fail_every: int = Field(0, ge=0)
    """Every n-th request fails: in turn before it is applied, half of it applied, all of it."""


class Counted(BaseModel):
    """Requests counted since the start."""

    requests: int = 0
    failed: int = 0
    calls: dict[str, int] = {}
    """By the name of the call: the last parts of the path, or the method of gRPC."""
    connections: int = 0


class Faulty:
    """The application with the faults that were set."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kinds = cycle((BEFORE, HALF, AFTER))
        self.faults = Faults()
        self.counted = Counted()
        self._peers: set[str] = set()
        self.leave = asyncio.Event()

    def set(self, faults: Faults) -> None:
        """Replace the faults by these."""
        self.faults = faults
        if faults.away_seconds:
            self.leave.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self._app(scope, receive, send)
            return
        kind = await self.begin(_call(scope), f"{scope['client']}")
        if kind is None:
            await self._app(scope, receive, send)
            return
        if kind != BEFORE:
            await self._app({**scope, HALF: kind == HALF}, receive, _discard)
        await _fail(send, 503 if kind == BEFORE else 500)

    async def begin(self, call: str, peer: str) -> str | None:
        """Count a request and delay it; return when it is to fail, None if it is not."""
        self._peers.add(peer)
        self.counted.requests += 1
        self.counted.connections = len(self._peers)
        self.counted.calls[call] = self.counted.calls.get(call, 0) + 1
        kind = next(self._kinds) if self._fails() else None
        self.counted.failed += kind is not None
        await asyncio.sleep(self.faults.delay_seconds)
        return kind

    def _fails(self) -> bool:
        return bool(self.faults.fail_every) and self.counted.requests % self.faults.fail_every == 0


def _call(scope: Scope) -> str:
    """Return the name of a request: its path without the collection."""
    parts: list[str] = scope["path"].strip("/").split("/")
    below = parts[2:] if parts[0] == "collections" and len(parts) > 2 else parts
    return f"{scope['method']} {'/'.join(below)}"


async def _discard(_: Message) -> None:
    """Lose the answer."""


async def _fail(send: Send, status: int) -> None:
    body: dict[str, Any] = {"status": {"error": "Service internal error: a fault of this test"}, "time": 0.0}
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": orjson.dumps(body)})
