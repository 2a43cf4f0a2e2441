"""The routes of watches."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.responses import Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from schemas.errors import Unavailable
from schemas.watches import Alert, ShownWatch, WatchRequest
from stream.api.models import JSONAnswer
from stream.api.parameters import NoParameters

if TYPE_CHECKING:
    from stream.api.watching.interface import WatchApi

ID_CHARS_MAX = 64
RECONNECT_MS = 1_000
"""The time after which a browser asks again once the stream has ended."""

WatchId = Annotated[str, Path(min_length=1, max_length=ID_CHARS_MAX)]


def watch_routes(watches: WatchApi) -> APIRouter:
    """Return the routes over this service."""
    router = APIRouter()

    @router.post("/watch", status_code=201, responses={201: {"model": ShownWatch}})
    async def watch(request: WatchRequest, _: Annotated[NoParameters, Query()]) -> Response:
        """Set a watch: when an item begins to match it, an alert goes to the topic `alerts` and to its stream.

        The body is JSON: `owner`, and either `q` and the filters of a search, or a `product_id` with its `target_price`
        and `currency`. An item matches a query if it has all of its words. What matches already raises no alert. The
        id in the answer is all that is needed to look at the watch and to end it: keep it secret.
        """
        return JSONAnswer(await watches.watch(request), 201)

    @router.get("/watch/{watch_id}", responses={200: {"model": ShownWatch}})
    async def shown(watch_id: WatchId, _: Annotated[NoParameters, Query()]) -> Response:
        """Show a watch. 404 if there is none, or if it has ended or expired."""
        return JSONAnswer(watches.shown(watch_id))

    @router.delete("/watch/{watch_id}", responses={200: {"model": ShownWatch}})
    async def end(watch_id: WatchId, _: Annotated[NoParameters, Query()]) -> Response:
        """End a watch, and its streams. 404 if there is none."""
        return JSONAnswer(await watches.unwatch(watch_id))

    async def _known(watch_id: WatchId) -> None:
        watches.shown(watch_id)
        if watches.full:
            raise Unavailable("too many streams of alerts are open: close one of them")

    @router.get(
        "/watch/{watch_id}/events",
        response_class=EventSourceResponse,
        responses={200: {"model": Alert}},
        dependencies=[Depends(_known)],
    )
    async def events(
        watch_id: WatchId,
        _: Annotated[NoParameters, Query()],
        last_event_id: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
    ) -> AsyncIterable[ServerSentEvent]:
        """Stream the alerts of a watch as server-sent events named `alert`, each with its id, until the watch ends.

        A client that comes back with `Last-Event-ID` gets what it missed, as far as it is remembered.
        """
        # The id of an alert has that of a product. Headers are read as Latin-1, and sent as UTF-8.
        after = None if last_event_id is None else last_event_id.encode("latin-1").decode(errors="replace")
        async for alert in watches.alerts(watch_id, after):
            yield ServerSentEvent(event="alert", id=alert.id, raw_data=alert.model_dump_json(), retry=RECONNECT_MS)

    return router
