"""The routes of dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from stream.api.dead_letters.models import LetterList, LettersParameters, RepairRequest, Resent
from stream.api.models import JSONAnswer
from stream.api.parameters import NoParameters

if TYPE_CHECKING:
    from stream.api.dead_letters.interface import DeadLettersApi


def dead_letter_routes(dead_letters: DeadLettersApi) -> APIRouter:
    """Return the routes over this service."""
    router = APIRouter()

    @router.get("/dead-letters", responses={200: {"model": LetterList}})
    async def waiting(request: Annotated[LettersParameters, Query()]) -> Response:
        """List the dead letters of a topic that were not sent again yet, and how many were refused for which reason.

        Those of `items` are item records and texts that could not be indexed. They are not sent back: `freshline
        reconcile --repair` tries their items again, and `superseded` says that a newer record of the item is indexed.
        """
        return JSONAnswer(await dead_letters.waiting(request.topic, request.reason, request.limit))

    @router.post("/dead-letters/resend", responses={200: {"model": Resent}})
    async def resend(repair: RepairRequest, _: Annotated[NoParameters, Query()]) -> Response:
        """Send one dead letter back with a repaired value, as `freshline replay --from-dlq --repaired` does.

        The body is JSON, `{"topic", "origin", "text"}`, where `text` is the JSON of the event. A value that would be
        refused again is a 422 that says why, and one that was sent already a 409: then nothing is sent.
        """
        return JSONAnswer(await dead_letters.resend(repair))

    return router
