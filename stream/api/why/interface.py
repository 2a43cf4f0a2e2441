"""The interface between the routes that answer why and the process that they run in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from schemas.explanations import Explanation
    from schemas.queries import SearchRequest
    from stream.api.why.models import ProductLife


class WhyApi(Protocol):
    """Answers why an item is as it is. Methods may raise Unavailable (503)."""

    async def life(self, product_id: str) -> ProductLife | None:
        """Return the life of a product; None if nothing was ever heard of it."""

    async def explain(self, request: SearchRequest, product_id: str) -> Explanation:
        """Return why a search, which has a query, finds an item, or does not."""
