"""The routes that begin a rebuild or a comparison, and say how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from schemas.errors import NotFound, RefusedRequest
from stream.api.error_answers import error_answer
from stream.api.models import JSONAnswer
from stream.api.parameters import NoParameters, RebuildParameters, ReconcileParameters
from stream.runtime.jobs import JobReport

if TYPE_CHECKING:
    from stream.api.services import JobsApi


def rebuild_routes(jobs: JobsApi) -> APIRouter:
    """Return the routes under /rebuild."""
    router = APIRouter(dependencies=[Depends(_no_body)])

    @router.post("/rebuild", responses={200: {"model": JobReport}})
    async def start(request: Annotated[RebuildParameters, Query()]) -> Response:
        """Begin a rebuild, or with `dry_run` only count what it would do. 409 while one runs."""
        return JSONAnswer(jobs.start_rebuild(request.model, dry_run=request.dry_run))

    @router.get("/rebuild", responses={200: {"model": JobReport}})
    async def report(_: Annotated[NoParameters, Query()]) -> Response:
        """Say how far the last rebuild is. 404 if there was none since the process started."""
        report = jobs.report("rebuild")
        if report is None:
            return error_answer(NotFound.http_status, "no rebuild was asked for since this process started")
        return JSONAnswer(report)

    @router.post("/rebuild/rollback")
    async def roll_back(_: Annotated[NoParameters, Query()]) -> Response:
        """Let the index before the last rebuild serve again."""
        return JSONAnswer(await jobs.roll_back())

    @router.post("/rebuild/finish")
    async def finish(_: Annotated[NoParameters, Query()]) -> Response:
        """Drop the index before the last rebuild."""
        return JSONAnswer(await jobs.finish_rebuild())

    return router


def reconcile_routes(jobs: JobsApi) -> APIRouter:
    """Return the routes under /reconcile."""
    router = APIRouter(dependencies=[Depends(_no_body)])

    @router.post("/reconcile", status_code=202, responses={202: {"model": JobReport}})
    async def start(request: Annotated[ReconcileParameters, Query()]) -> Response:
        """Begin a comparison of the index with the item state, and with `repair` a repair. 409 while one runs."""
        return JSONAnswer(jobs.start_reconcile(repair=request.repair), 202)

    @router.get("/reconcile", responses={200: {"model": JobReport}})
    async def last(_: Annotated[NoParameters, Query()]) -> Response:
        """Say how far the last comparison is, or its result. 404 if there was none since the process started."""
        report = jobs.report("reconcile")
        if report is None:
            return error_answer(
                NotFound.http_status, "nothing was reconciled since this process started: POST /reconcile starts it"
            )
        return JSONAnswer(report)

    return router


async def _no_body(request: Request) -> None:
    """Refuse a body: its parameters would be ignored, and work would begin that nobody asked for."""
    if await request.body():
        raise RefusedRequest(
            "body",
            "there is none here: parameters belong in the URL, as in POST /rebuild?dry_run=true or POST "
            "/reconcile?repair=true",
        )
