"""The routes of watches."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.responses import Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.sse import EventSourceResponse, ServerSentEvent

from schemas.errors import Unavailable
from schemas.watches import Alert, ShownWatch, WatchesRequest, WatchList, WatchRequest
from stream.api.models import JSONAnswer
from stream.api.parameters import NoParameters

if TYPE_CHECKING:
    from stream.api.watching.interface import WatchApi

ID_CHARS_MAX = 64
RECONNECT_MS = 1_000
"""The time after which a browser asks again once the stream has ended."""

WatchId = Annotated[str, Path(min_length=1, max_length=ID_CHARS_MAX)]
_BEARER = HTTPBearer(auto_error=False, description="A key of FRESHLINE_WATCH_KEYS, where the stack has any.")


async def _secret(sent: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> str | None:
    return None if sent is None else sent.credentials


Secret = Annotated[str | None, Depends(_secret)]
"""The key of a request, if it has any."""


def watch_routes(watches: WatchApi) -> APIRouter:
    """Return the routes over this service."""
    router = APIRouter()

    @router.post("/watch", status_code=201, responses={201: {"model": ShownWatch}})
    async def watch(request: WatchRequest, _: Annotated[NoParameters, Query()], secret: Secret) -> Response:
        """Set a watch: when an item begins to match it, an alert goes to the topic `alerts` and to its stream.

        The body is JSON: `owner`, and either `q` and the filters of a search, or a `product_id` with its `target_price`
        and `currency`. An item matches a query if it has all of its words. What matches already raises no alert.
        Prices are those of a search with the same filters: the lowest of the sellers that are named, else of all, in
        `currency`. Where the stack has keys, the watch belongs to the one that is sent; else the id in the answer is
        all that is needed to look at the watch and to end it: keep it secret.
        """
        return JSONAnswer(await watches.watch(request, watches.key_of(secret)), 201)

    @router.get("/watches", responses={200: {"model": WatchList}})
    async def listed(request: Annotated[WatchesRequest, Query()], secret: Secret) -> Response:
        """List the watches of the key that is sent, by their ids, a page at a time. 409 where the stack has no keys.

        Those that were set before there were keys belong to none, and are not among them.
        """
        return JSONAnswer(watches.listed(request, watches.key_of(secret)))

    @router.get("/watch/{watch_id}", responses={200: {"model": ShownWatch}})
    async def shown(watch_id: WatchId, _: Annotated[NoParameters, Query()], secret: Secret) -> Response:
        """Show a watch. 404 if the key has none of this id, or if it has ended or expired."""
        return JSONAnswer(watches.shown(watch_id, watches.key_of(secret)))

    @router.delete("/watch/{watch_id}", responses={200: {"model": ShownWatch}})
    async def end(watch_id: WatchId, _: Annotated[NoParameters, Query()], secret: Secret) -> Response:
        """End a watch, and its streams. 404 if the key has none of this id."""
        return JSONAnswer(await watches.unwatch(watch_id, watches.key_of(secret)))

    _add_stream(router, watches)
    return router


def _add_stream(router: APIRouter, watches: WatchApi) -> None:
    async def _known(watch_id: WatchId, secret: Secret) -> None:
        watches.shown(watch_id, watches.key_of(secret))
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
