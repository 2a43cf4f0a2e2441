"""The routes that recommend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from schemas.errors import NotFound
from schemas.recommendations import Recommendations, RecommendRequest, SimilarRequest
from schemas.texts import name_of
from stream.api.error_answers import error_answer
from stream.api.models import JSONAnswer
from stream.api.parameters import NoParameters

if TYPE_CHECKING:
    from stream.api.recommending.interface import RecommendApi


def recommend_routes(recommendations: RecommendApi) -> APIRouter:
    """Return the routes over this service. They must come before `/items/{product_id}`, which takes any path."""
    router = APIRouter()

    @router.get("/items/{product_id:anything}/similar", responses={200: {"model": Recommendations}})
    async def similar(
        product_id: Annotated[str, Path(min_length=1)], request: Annotated[SimilarRequest, Query()]
    ) -> Response:
        """List the visible items that are most similar to one item, by the vectors of the index.

        An item that has no vector yet is placed by its words. 404 if the index never heard of the item; one that is
        delisted is looked for by the words of its title.
        """
        product_id = name_of(product_id)  # As events name it, however it was typed.
        found = await recommendations.similar(product_id, request)
        if found is None:
            return error_answer(NotFound.http_status, f"no item {product_id} was ever heard of")
        return JSONAnswer(found)

    @router.post("/recommend", responses={200: {"model": Recommendations}})
    async def recommend(request: RecommendRequest, _: Annotated[NoParameters, Query()]) -> Response:
        """Recommend visible items to somebody who likes, dislikes and viewed some, none of which is in the answer.

        The body is JSON with `liked`, `disliked` and `viewed` (lists of product_ids, the last viewed one last), the
        filters of a search, `diversity` and `limit`. An id that the index never heard of is a 422 that names it.
        """
        return JSONAnswer(await recommendations.recommend(request))

    return router
