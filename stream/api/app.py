"""The routes of the HTTP API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from schemas.answers import ErrorAnswer, SearchAnswer
from schemas.errors import NotFound, RefusedRequest, Unavailable
from schemas.suggestions import Suggestions, SuggestRequest
from schemas.texts import name_of
from schemas.tokens import Token
from stream.api.addressing import check_each_once
from stream.api.bounded_bodies import BoundedBodies
from stream.api.canary.routes import canary_routes
from stream.api.cross_site import SameOriginChanges
from stream.api.dashboard.routes import add_dashboard
from stream.api.dead_letters.routes import dead_letter_routes
from stream.api.error_answers import RETRY_AFTER, add_error_answers, error_answer
from stream.api.job_routes import rebuild_routes, reconcile_routes
from stream.api.models import ItemAnswer, JSONAnswer, ProgressAnswer, ReadyAnswer, StatusReport
from stream.api.page import PAGE_HEADERS, ChangesParameters, PageParameters, page_answer, page_parameters, render_page
from stream.api.parameters import NoParameters, ProgressParameters, SearchParameters
from stream.api.recommending.routes import recommend_routes
from stream.api.request_spans import http_telemetry, note_search
from stream.api.trial_parameters import TrialParameters
from stream.api.watching.routes import watch_routes
from stream.api.why.routes import why_routes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stream.api.services import SearchApi, Services, StatusApi
    from stream.runtime.telemetry.interface import Tracer


def create_app(services: Services, tracer: Tracer | None = None, cors_origins: Sequence[str] = ()) -> FastAPI:
    """Return the application over these services. It holds nothing that must be closed.

    Without a `tracer` no spans are recorded. `cors_origins`: whose pages may read answers in a browser.
    """
    app = FastAPI(
        title="Freshline",
        docs_url=None,  # Their pages would load scripts from a host that a stack without a network cannot reach.
        redoc_url=None,
        redirect_slashes=False,
        default_response_class=JSONAnswer,
        responses={"default": {"model": ErrorAnswer, "description": "An error of any status"}},
        telemetry=http_telemetry(tracer),
    )
    if cors_origins:
        app.add_middleware(CORSMiddleware, allow_origins=cors_origins, allow_methods=["GET"])
    app.add_middleware(BoundedBodies)
    app.add_middleware(SameOriginChanges)
    add_error_answers(app)
    once = [Depends(check_each_once)]
    # Before /items/{product_id}, which takes any path.
    app.include_router(recommend_routes(services.recommendations), dependencies=once)
    app.include_router(_search_routes(services.search, tracer), dependencies=once)
    app.include_router(_trial_routes(services.search))
    app.include_router(_page_routes(services.search))
    app.include_router(_status_routes(services.status))
    app.include_router(rebuild_routes(services.jobs))
    app.include_router(reconcile_routes(services.jobs))
    app.include_router(why_routes(services.why), dependencies=once)
    app.include_router(dead_letter_routes(services.dead_letters), dependencies=once)
    app.include_router(watch_routes(services.watches))
    app.include_router(canary_routes(services.canaries))
    add_dashboard(app, services.dashboard)
    return app


def _search_routes(searches: SearchApi, tracer: Tracer | None) -> APIRouter:
    router = APIRouter()

    @router.get("/search", responses={200: {"model": SearchAnswer}})
    async def search(request: Annotated[SearchParameters, Query()]) -> Response:
        """Rank items by words (BM25) and by meaning (vectors), fused by score; an exact product_id or GTIN goes first.

        An item is found that has enough of the words of the best one, or whose vector is near enough; `total` counts
        these. `sort` and `facets` look at the first 1,000 of each ranking. Filters, order and ranges compare the price
        now: the lowest of the sellers and in the currency that are asked for, else of whatever seller.

        Each hit says when its product, its price and its reviews became searchable (`searchable_at`), and whether its
        vector is that of its present text. `fresh_as_of` says, by topic, up to when every event is in the answer.
        """
        answer = await searches.search(request, request.token, request.wait_ms)
        note_search(tracer, answer)
        return JSONAnswer(answer)

    @router.get("/suggest", responses={200: {"model": Suggestions}})
    async def suggest(request: Annotated[SuggestRequest, Query()]) -> Response:
        """Suggest queries and products for what was typed so far.

        The words are those of the catalogue now: an item that was listed a moment ago is suggested, a delisted one is
        not.
        """
        return JSONAnswer(await searches.suggest(request))

    @router.get("/items/{product_id:anything}", responses={200: {"model": ItemAnswer}})
    async def item(product_id: Annotated[str, Path(min_length=1)], _: Annotated[NoParameters, Query()]) -> Response:
        """Show one item as the index holds it, with `status` `visible`, `delisted` or `parked`.

        404 if the index never heard of it, 503 while that is not known yet.
        """
        product_id = name_of(product_id)  # As events name it, however it was typed.
        indexed = await searches.item(product_id)
        if indexed is None:
            return error_answer(NotFound.http_status, f"no item {product_id} was ever heard of")
        return JSONAnswer(ItemAnswer(product_id=product_id, indexed=indexed))

    @router.get("/progress", responses={200: {"model": ProgressAnswer}})
    async def progress(request: Annotated[ProgressParameters, Query()]) -> Response:
        """Say whether an event is searchable, and give its token back with the id of the log."""
        after = searches.in_this_log(Token.parse(request.after))
        searchable = await searches.progress(after, request.wait_ms)
        return JSONAnswer(ProgressAnswer(after=str(after), searchable=searchable))

    return router


def _trial_routes(searches: SearchApi) -> APIRouter:
    router = APIRouter()

    @router.post("/search/trial", responses={200: {"model": SearchAnswer}})
    async def trial(request: TrialParameters, _: Annotated[NoParameters, Query()]) -> Response:
        """Answer a search by weights, rules or vectors that are not in force; nothing in force changes.

        The body is JSON with the parameters of a search, `weights` (the file of FRESHLINE_RANKING as JSON), `rules`
        (a list, instead of those of the stack) and `near` (the cosines of another model). `freshline judge` asks it.
        """
        return JSONAnswer(await searches.trial(request))

    return router


def _page_routes(searches: SearchApi) -> APIRouter:
    router = APIRouter()

    @router.get("/search-page", include_in_schema=False)
    async def page(request: Request) -> Response:
        asked = PageParameters()
        try:
            asked = page_parameters(request.query_params.multi_items())
            return HTMLResponse(render_page(asked, await page_answer(searches, asked)), headers=PAGE_HEADERS)
        except (RefusedRequest, Unavailable) as error:
            return HTMLResponse(render_page(asked, None, str(error)), error.http_status, headers=PAGE_HEADERS)

    @router.get("/search-page/changes", include_in_schema=False)
    async def changes(request: Annotated[ChangesParameters, Query()]) -> Response:
        return JSONAnswer({"changed": await searches.changes(request.id, request.since_ms, request.wait_ms)})

    return router


def _status_routes(pipeline: StatusApi) -> APIRouter:
    router = APIRouter()

    @router.get("/status", responses={200: {"model": StatusReport}})
    async def status(_: Annotated[NoParameters, Query()]) -> Response:
        """Report lag (`lag_events` is 0 only when nothing waits anywhere), freshness, dead letters, index and log."""
        return JSONAnswer(await pipeline.status())

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        """Answer the metrics: in OpenMetrics, with exemplars, if `Accept` asks for it, else in Prometheus' text format.

        An exemplar carries the `trace_id` of an event, where traces are recorded.
        """
        exposition, content_type = pipeline.metrics(request.headers.get("accept", ""))
        return Response(exposition, media_type=content_type)

    @router.get("/livez")
    async def livez() -> Response:
        """Answer while the process runs."""
        return PlainTextResponse("alive\n")

    @router.get("/readyz", responses={200: {"model": ReadyAnswer}})
    async def readyz() -> Response:
        """Answer 200 once searches can be served; until then 503, with the reasons."""
        reasons = pipeline.ready()
        if reasons:
            return error_answer(Unavailable.http_status, "; ".join(reasons), headers=RETRY_AFTER)
        return JSONAnswer(ReadyAnswer())

    return router
