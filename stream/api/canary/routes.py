"""The route by which the canary is searched for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from stream.api.models import JSONAnswer
from stream.api.parameters import NoParameters

if TYPE_CHECKING:
    from stream.api.canary.interface import CanaryApi


def canary_routes(canaries: CanaryApi) -> APIRouter:
    """Return the route over this service. It is for the probe alone, and no part of the documented API."""
    router = APIRouter()

    @router.get("/canary/{number}", include_in_schema=False)
    async def shown(number: Annotated[int, Path(ge=0)], _: Annotated[NoParameters, Query()]) -> Response:
        """Answer the change of a canary that a search shows."""
        return JSONAnswer(await canaries.shown(number))

    return router
