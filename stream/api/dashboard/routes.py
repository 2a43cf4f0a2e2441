"""The routes of the dashboard: its page, the files of the page, and the stream of snapshots."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from starlette.staticfiles import StaticFiles
from typing_extensions import override

from schemas.errors import Unavailable
from stream.api.dashboard.models import SaleCalendar, Snapshot
from stream.api.models import JSONAnswer
from stream.api.parameters import NoParameters

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from fastapi import FastAPI
    from starlette.types import Message, Receive, Scope, Send

    from stream.api.dashboard.interface import DashboardApi

SEND_SECONDS_MAX = 30.0
"""The longest time in which a viewer reads a snapshot. One that sleeps, or whose network is gone, leaves its place."""
log = structlog.get_logger(__name__)

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


def add_dashboard(app: FastAPI, dashboard: DashboardApi) -> None:
    """Add the page at /, its files below /static, and GET /events."""
    app.include_router(_routes(dashboard))
    app.mount("/static", _Files(packages=[("stream.api.dashboard", "static")]), name="static")


class _Files(StaticFiles):
    """The files of the page. A browser asks each time whether they are still the same, so an upgrade shows at once."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """Return the file, to be kept only as long as it is the same."""
        response: Response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


class SnapshotStream(StreamingResponse):
    """The stream of one viewer, whose generator is closed with it, however it ends.

    FastAPI's own response would format each event for each viewer, and leaves its generator to the garbage collector.
    """

    media_type = "text/event-stream"

    def __init__(self, watch: AsyncGenerator[bytes], send_seconds_max: float = SEND_SECONDS_MAX) -> None:
        super().__init__(watch, headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        self._watch = watch
        self._send_seconds_max = send_seconds_max

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(self._send_seconds_max):
                await send(message)

        async with aclosing(self._watch):
            try:
                await super().__call__(scope, receive, send_in_time)
            except* TimeoutError:
                log.info("a viewer of the dashboard reads nothing any more", seconds=self._send_seconds_max)


@cache
def _page() -> str:
    return (files("stream.api.dashboard") / "static" / "index.html").read_text(encoding="utf-8")


def _routes(dashboard: DashboardApi) -> APIRouter:
    router = APIRouter()

    @router.get("/", include_in_schema=False)
    async def page() -> Response:
        return HTMLResponse(_page(), headers=PAGE_HEADERS)

    async def _room_for_a_viewer() -> None:
        if dashboard.full:
            raise Unavailable("too many viewers watch the dashboard: close one of them")

    @router.get(
        "/events",
        status_code=200,
        response_class=SnapshotStream,
        responses={200: {"model": Snapshot}},
        dependencies=[Depends(_room_for_a_viewer)],
    )
    async def events(_: Annotated[NoParameters, Query()]) -> Response:
        """Stream the figures of the dashboard as server-sent events: `points` once, then a `snapshot` a second.

        `points` are those of the charts so far. `trouble` comes instead of a snapshot while one cannot be computed.
        """
        return SnapshotStream(dashboard.watch())

    @router.get("/sales", responses={200: {"model": SaleCalendar}})
    async def sales(_: Annotated[NoParameters, Query()]) -> Response:
        """List the prices that will change without an event in the next day, and those that did in the last hour."""
        return JSONAnswer(await dashboard.sales())

    return router
