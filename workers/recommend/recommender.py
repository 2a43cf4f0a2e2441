"""Recommends items that are near to the given ones by their vectors, and new items without a vector by their words."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Literal, NamedTuple

from schemas.errors import RefusedRequest
from schemas.points import Status, point_id
from workers.index.interface import Found
from workers.index.ranking import in_order
from workers.point.payload import is_visible
from workers.recommend.taste import Given, taste, weights
from workers.search import hits
from workers.search.order.diversity import diverse
from workers.search.prices.asked_prices import with_prices
from workers.search.prices.turned_prices import filters_now
from workers.words.identity import without_names
from workers.words.query import query_terms

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from schemas.answers import Hit
    from schemas.queries import Filters
    from schemas.recommendations import SimilarRequest
    from workers.index.interface import Index
    from workers.index.stored import Stored
    from workers.search.hits import Shop
    from workers.search.searcher import ServingIndex

CANDIDATES_PER_HIT = 4
"""The nearest items among which diverse ones are chosen, for each that is asked for."""
WORDED_POINTS = 32
"""The items that words find, of which those without a vector may be recommended."""
WORDED_ITEMS_MAX = 8
"""The most given items whose titles are searched for: those that count most."""
KNOWN = (Status.VISIBLE, Status.DELISTED, Status.PARKED)
NAMED_MAX = 10
"""The most unknown ids that a refusal names."""


class Recommended(NamedTuple):
    """The items that are recommended, and the facts that the answer gives beside them."""

    hits: list[Hit]
    by: Literal["vectors", "words"]
    without_vector: list[str]
    """The given items that have no vector."""
    left_out: list[str]
    """The points that would be recommended and cannot be shown, since the index holds a value that no answer can have.
    """


class _Sought(NamedTuple):
    """The target of a request: the given items, their taste as a vector, and their terms."""

    given: Given
    taste: NDArray[np.float32] | None
    """float32 `(dimension,)`; None if no given item that counts for it has a vector."""
    terms: Mapping[str, float]
    """The terms of the titles of given items, with their weights."""


class Recommender:
    """Recommends items of the collection that serves. Hidden items have no vectors and no words, so none is found."""

    def __init__(self, collections: ServingIndex, shop: hits.Shop) -> None:
        self._collections = collections
        self._shop = shop

    async def similar(self, product_id: str, request: SimilarRequest, now_ms: int) -> Recommended | None:
        """Return the items most similar to one item; None if the index never heard of it. Raises as `recommend`."""
        index = await self._collections.serving()
        known = _known(await index.stored([product_id], vectors=True))
        if not known:
            return None
        return await self._near(index, Given(liked=(product_id,)), known, request, now_ms)

    async def recommend(self, given: Given, request: SimilarRequest, now_ms: int) -> Recommended:
        """Return items for somebody with this taste, with prices and offers as they are at `now_ms`.

        Raises RefusedRequest if the index never heard of a given item, or if prices of several currencies would be
        compared; Unavailable if the index is away.
        """
        index = await self._collections.serving()
        known = _known(await index.stored(given.all, vectors=True))
        _check_known(given, known)
        return await self._near(index, given, known, request, now_ms)

    async def _near(
        self, index: Index, given: Given, known: Mapping[str, Stored], request: SimilarRequest, now_ms: int
    ) -> Recommended:
        index, turned, currency = await with_prices(index, request.filters, self._shop.currency, now_ms)
        filters, weight_of = filters_now(request.filters, turned), weights(given)
        vectors = {each: stored.dense for each, stored in known.items() if stored.dense is not None}
        titles = {each: hits.preferred(stored.payload["title"], self._shop.languages) for each, stored in known.items()}
        sought = _Sought(given, taste(weight_of, vectors), _terms(titles, weight_of))
        scored = await _candidates(index, sought, filters, request)
        chosen = dict(await diverse(index, scored, request.diversity, request.limit))
        page, left_out = await self._rendered(index, chosen, self._shop.asked_for(request.filters, currency), now_ms)
        without = [each for each in dict.fromkeys(given.all) if each not in vectors]
        return Recommended(page, "words" if sought.taste is None else "vectors", without, left_out)

    async def _rendered(
        self, index: Index, chosen: Mapping[str, float], shop: Shop, now_ms: int
    ) -> tuple[list[Hit], list[str]]:
        """Return the hits, and the points that cannot be shown."""
        payloads = await index.payloads(list(chosen))
        page: list[Hit] = []
        left_out: list[str] = []
        for point, score in chosen.items():
            payload = payloads.get(point)
            if payload is None or not is_visible(payload):  # The item was hidden a moment ago.
                continue
            try:
                page.append(hits.hit(payload, score, shop, now_ms))
            except hits.UNSHOWABLE:  # One bad point must not cost the others their answer.
                left_out.append(point)
        return page, left_out


def _known(stored: Mapping[str, Stored]) -> dict[str, Stored]:
    """Return the points of items of the shop, without canaries and without the hidden point, which has an id too."""
    return {each: point for each, point in stored.items() if point.payload["status"] in KNOWN}


def _check_known(given: Given, known: Mapping[str, Stored]) -> None:
    for field in given._fields:
        unknown = [each for each in getattr(given, field) if each not in known]
        if unknown:
            named = ", ".join(unknown[:NAMED_MAX]) + (", ..." if len(unknown) > NAMED_MAX else "")
            raise RefusedRequest(
                field, f"no item {named} was ever heard of: delisted items are known, so check where the ids come from"
            )


def _terms(titles: Mapping[str, str | None], weight_of: Mapping[str, float]) -> dict[str, float]:
    """Return the terms of the titles of the items that count most, with their weights, > 0."""
    counting = sorted((each for each, weight in weight_of.items() if weight > 0), key=lambda each: -weight_of[each])
    found: dict[str, float] = defaultdict(float)
    for each in counting[:WORDED_ITEMS_MAX]:
        for term, weight in without_names(query_terms(titles[each] or "")).items():
            found[term] += weight * weight_of[each]
    return found


async def _candidates(index: Index, sought: _Sought, filters: Filters, request: SimilarRequest) -> list[Found]:
    """Return the points among which to choose, without the given ones, with their scores, best first."""
    given = {point_id(each) for each in sought.given.all}
    points = request.limit * (CANDIDATES_PER_HIT if request.diversity else 1) + len(given)
    said = await index.search_terms(sought.terms, filters, max(WORDED_POINTS, points))
    # Filters only remove items: the best of those that pass may barely share a word with the given ones.
    most = max(said[0].score, await index.best_by_terms(sought.terms)) if said else 1.0
    if sought.taste is None:
        return [Found(each, score / most) for each, score in said if each not in given]
    near = [each for each in await index.search_dense(sought.taste, filters, points) if each.point_id not in given]
    with_vector = await index.vectors([each.point_id for each in said])
    new = [each for each in said if each.point_id not in with_vector and each.point_id not in given]
    # An item that words found scores its share of the best score by words of any visible item, which a given one
    # usually has, times the best cosine.
    best = max(0.0, near[0].score) if near else 1.0
    placed = [*near, *(Found(each, best * score / most) for each, score in new)]
    return in_order(placed)
