"""The routes of dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from stream.api.dead_letters.models import LetterList, RepairRequest, Resent
from stream.api.models import JSONAnswer
from stream.api.parameters import NoParameters
from workers.sources.config import Topic

if TYPE_CHECKING:
    from stream.api.dead_letters.interface import LettersApi


class LettersParameters(BaseModel):
    """The parameters of GET /dead-letters."""

    model_config = ConfigDict(extra="forbid")

    topic: Topic
    reason: str | None = Field(None, description="only those that were refused with this sentence")
    limit: int = Field(20, ge=1, le=100)


def letter_routes(letters: LettersApi) -> APIRouter:
    """Return the routes over this service."""
    router = APIRouter()

    @router.get("/dead-letters", responses={200: {"model": LetterList}})
    async def waiting(request: Annotated[LettersParameters, Query()]) -> Response:
        """List the dead letters of a topic that were not sent again yet, and how many were refused for which reason."""
        return JSONAnswer(await letters.waiting(request.topic, request.reason, request.limit))

    @router.post("/dead-letters/resend", responses={200: {"model": Resent}})
    async def resend(repair: RepairRequest, _: Annotated[NoParameters, Query()]) -> Response:
        """Send one dead letter back with a repaired value, as `freshline replay --from-dlq --repaired` does.

        The body is JSON, `{"topic", "origin", "text"}`, where `text` is the JSON of the event. A value that would be
        refused again is a 422 that says why, and one that was sent already a 409: then nothing is sent.
        """
        return JSONAnswer(await letters.resend(repair))

    return router
