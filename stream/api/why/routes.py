"""The routes that answer why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from schemas.errors import NotFound
from stream.api.errors import error_answer
from stream.api.models import JSONAnswer
from stream.api.parameters import NoParameters
from stream.api.why.models import ProductLife

if TYPE_CHECKING:
    from stream.api.why.interface import WhyApi


def why_routes(why: WhyApi) -> APIRouter:
    """Return the routes over this service."""
    router = APIRouter()

    @router.get("/products/{product_id:path}/life", responses={200: {"model": ProductLife}})
    async def life(product_id: Annotated[str, Path(min_length=1)], _: Annotated[NoParameters, Query()]) -> Response:
        """Tell the life of a product: every event that the log has of it, in the order of their stamps.

        Each field says whether it counts, and if not which event outranks it. The product's point, its document and
        the state of its vector follow. The log is read from its start, for 20 s at most; 503 while another one is.
        """
        found = await why.life(product_id)
        if found is None:
            return error_answer(NotFound.http_status, f"no item {product_id} was ever heard of")
        return JSONAnswer(found)

    return router
