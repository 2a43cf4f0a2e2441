"""The routes that answer why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from schemas.errors import NotFound
from schemas.explanations import Explanation
from schemas.texts import name_of
from stream.api.error_answers import error_answer
from stream.api.models import JSONAnswer
from stream.api.parameters import ExplainParameters, NoParameters
from stream.api.why.models import ProductLife

if TYPE_CHECKING:
    from stream.api.why.interface import WhyApi


def why_routes(why: WhyApi) -> APIRouter:
    """Return the routes over this service."""
    router = APIRouter()

    @router.get("/products/{product_id:anything}/life", responses={200: {"model": ProductLife}})
    async def life(product_id: Annotated[str, Path(min_length=1)], _: Annotated[NoParameters, Query()]) -> Response:
        """Tell the life of a product: every event that the log has of it, in the order of their stamps.

        Each field says whether it counts, and if not which event outranks it. The product's point, its document and
        the state of its vector follow. The log is read from its start, for 20 s at most; 503 while another one is.
        """
        product_id = name_of(product_id)  # As events name it, however it was typed.
        found = await why.life(product_id) if product_id else None
        if found is None:
            return error_answer(NotFound.http_status, f"no item {product_id} was ever heard of")
        return JSONAnswer(found)

    @router.get("/explain", responses={200: {"model": Explanation}})
    async def explain(request: Annotated[ExplainParameters, Query()]) -> Response:
        """Explain why a query finds an item, or does not: is it in the index, visible, which filter does it fail.

        It is what GET /search does with the query, and what it takes its words for: guessed filters, spelling, stop
        phrases. The rank and score by words, by vectors and fused, and which fields say which words. `why` says it in
        sentences.
        """
        return JSONAnswer(await why.explain(request.search, name_of(request.product_id)))

    return router
