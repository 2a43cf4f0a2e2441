"""Lets lower prices go first among the best hits of a query that asks for something cheap. No item is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.queries import LIMIT_MAX
from workers.search.retrievers import EXACT_SCORE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.answers import Hit
    from schemas.queries import SearchRequest
    from workers.search.searcher import Results, Searcher

HEAD_HITS = LIMIT_MAX
"""The hits that are put in another order: those after them hardly fit the query."""
CHEAP_WEIGHT = 0.5
"""The weight that the cheapest hit has beyond the dearest one: a hit of two thirds of the score may overtake."""


async def cheaper_first(searcher: Searcher, request: SearchRequest, now_ms: int) -> Results:
    """Return one page as `searcher.search` does, with its head in the order of `by_price`. Raises as that does."""
    end = request.offset + request.limit
    if request.offset >= HEAD_HITS:
        return await searcher.search(request, now_ms)
    head = await searcher.search(request.model_copy(update={"offset": 0, "limit": HEAD_HITS}), now_ms)
    page = by_price(head.hits)[request.offset : end]
    if end > HEAD_HITS:
        rest = request.model_copy(update={"offset": HEAD_HITS, "limit": end - HEAD_HITS})
        page += (await searcher.search(rest, now_ms)).hits
    return head._replace(hits=page)


def by_price(hits: Sequence[Hit]) -> list[Hit]:
    """Return the hits, those first that are cheap for how well they match.

    Exact matches and pinned hits keep their places. Prices are compared by rank and only in the currency that most
    hits have; a hit without such a price counts as the dearest one. Scores stay as they are.
    """
    currencies = [hit.currency for hit in hits if hit.price is not None]
    main = max(currencies, key=currencies.count, default=None)
    prices = sorted({hit.price for hit in hits if hit.price is not None and hit.currency == main})
    share = {price: 1 - rank / len(prices) for rank, price in enumerate(prices)}

    def worth(hit: Hit) -> tuple[bool, float]:
        cheap = share.get(hit.price, 0.0) if hit.price is not None and hit.currency == main else 0.0
        return hit.score < EXACT_SCORE, -hit.score * (1 + CHEAP_WEIGHT * cheap)

    ordered = sorted((hit for hit in hits if hit.pinned is None), key=worth)
    for place, hit in enumerate(hits):
        if hit.pinned is not None:
            ordered.insert(place, hit)
    return ordered
