"""The interface between the routes that recommend and the process that they run in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from schemas.recommendations import Recommendations, RecommendRequest, SimilarRequest


class RecommendApi(Protocol):
    """Recommends items. Methods may raise RefusedRequest (422) or Unavailable (503)."""

    async def similar(self, product_id: str, request: SimilarRequest) -> Recommendations | None:
        """Return the items most similar to one item; None if nothing was ever heard of it."""

    async def recommend(self, request: RecommendRequest) -> Recommendations:
        """Return items for somebody who likes, dislikes and viewed the items of the request."""
