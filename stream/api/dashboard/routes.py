"""The routes of the dashboard: its page, the files of the page, and the stream of snapshots."""

from __future__ import annotations

from collections.abc import AsyncIterable
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.staticfiles import StaticFiles

from schemas.errors import Unavailable
from stream.api.dashboard.models import SaleCalendar, Snapshot
from stream.api.models import JSONAnswer
from stream.api.parameters import NoParameters

if TYPE_CHECKING:
    from fastapi import FastAPI

    from stream.api.dashboard.interface import DashboardApi

RECONNECT_MS = 1_000
"""The time after which a browser asks again once the stream has ended."""
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
        response_class=EventSourceResponse,
        responses={200: {"model": Snapshot}},
        dependencies=[Depends(_room_for_a_viewer)],
    )
    async def events(_: Annotated[NoParameters, Query()]) -> AsyncIterable[ServerSentEvent]:
        """Stream the figures of the dashboard as server-sent events: `points` once, then a `snapshot` a second.

        `points` are those of the charts so far. `trouble` comes instead of a snapshot while one cannot be computed.
        """
        async for name, json in dashboard.watch():
            yield ServerSentEvent(event=name, raw_data=json, retry=RECONNECT_MS)

    @router.get("/sales", responses={200: {"model": SaleCalendar}})
    async def sales(_: Annotated[NoParameters, Query()]) -> Response:
        """List the prices that will change without an event in the next day, and those that did in the last hour."""
        return JSONAnswer(await dashboard.sales())

    return router
