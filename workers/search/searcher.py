"""Search: dense and lexical retrievers fused by score, exact identifiers first, weights, rules, filters.

This module enforces docs/invariants.md#7.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol

from schemas.canaries import is_canary
from schemas.errors import Conflict, RefusedRequest
from schemas.queries import SearchRequest
from workers.document import normalised
from workers.merchandising.factors import Moment
from workers.merchandising.rules import NO_RULES, Rules
from workers.merchandising.weights import IN_FORCE, NO_WEIGHTS, UNRULED
from workers.search import hits
from workers.search.arranging import (
    Listing,
    arranged,
    arranges,
    browsed_page,
    ordered_groups,
)
from workers.search.asking import NOTHING_ELSE, Asking
from workers.search.browsing.listing import BOUNDS, BrowseBounds, browsed_listing
from workers.search.facets.drill_down import ALL_FILTERS, filters_to_count, found_sets, retrieved_sets
from workers.search.hit_explanation import HitExplainer
from workers.search.order.cheap import Cheap
from workers.search.order.ordering import Ordering, Rival
from workers.search.prices.asked_prices import with_prices
from workers.search.prices.turned_prices import filters_now
from workers.search.rendering import rendered
from workers.search.retrieval.bounded_vector import embedding
from workers.search.retrieval.fusion import HEAD_POINTS
from workers.search.retrieval.retrievers import Retrieval
from workers.words.query import query_terms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from schemas.answers import Hit, IndexedItem
    from schemas.queries import Filters, QueryKind
    from schemas.refinements import Refinement
    from workers.index.interface import Index
    from workers.merchandising.weights import Ranking
    from workers.search.prices.asked_prices import Priced
    from workers.search.query_models import QueryEmbedders
    from workers.search.retrieval.retrievers import FoundBy, Retrieved

VECTOR_SECONDS_MAX = 5.0
"""The longest wait for a query's vector. A query is then answered by lexical results, even if the model hangs."""
PAGE_POINTS = HEAD_POINTS
"""The points that are read of each ranking, at least, for a page in the order of relevance. The points beyond them are
shown on later pages, and not counted: beside 500 events a second, reading on to 1,000 made a search half as slow again.
"""
COUNTED_POINTS = 1_000
"""The points that are read of each ranking to sort, group or count refinements of the found items."""


class ServingIndex(Protocol):
    """Knows the collection that serves. `workers.index.roles.Collections` does."""

    async def serving(self) -> Index:
        """Return the collection that searches ask now. Raises Unavailable."""


class Results(NamedTuple):
    """One page of the items that were found."""

    hits: list[Hit]
    total: int
    """The number of items that are found, or of their groups, and of those that a pin alone shows."""
    found: int
    """The number of items that the search finds by itself, at least."""
    total_is_exact: bool
    """True if there are no more than `total`: see `PAGE_POINTS` and `COUNTED_POINTS` for how far rankings are read."""
    by: FoundBy
    facets: dict[str, list[Refinement]]
    facets_are_exact: bool
    """True if no count of a refinement may be higher: its items are read as those of `total` are."""
    left_out: list[str]
    """The points that were found and cannot be shown, since the index holds a value of them that no answer can have."""


class Searcher:
    """Answers searches from the collection that serves; with lexical results alone while its model is not loaded."""

    def __init__(
        self,
        collections: ServingIndex,
        embedders: QueryEmbedders,
        shop: hits.Shop,
        *,
        terms: Callable[[str], Mapping[str, float]] = query_terms,
        ranking: Callable[[], Ranking] = lambda: NO_WEIGHTS,
        rules: Rules | None = None,
        vector_seconds_max: float = VECTOR_SECONDS_MAX,
        page_points: int = PAGE_POINTS,
        browse_bounds: BrowseBounds = BOUNDS,
    ) -> None:
        """`terms` gives the terms of a query with their weights, `ranking` the weights of items that are in force,
        `rules` the rules of the shop."""
        self._collections = collections
        self._embedders = embedders
        self._shop = shop
        self._terms = terms
        self._ranking = ranking
        self._rules = rules if rules is not None else Rules()
        self._vector_seconds_max = vector_seconds_max
        self._page_points = page_points
        self._browse_bounds = browse_bounds

    async def search(
        self,
        request: SearchRequest,
        now_ms: int,
        *,
        cheap: bool = False,
        typed: str | None = None,
        meant: Mapping[str, float] = NOTHING_ELSE,
    ) -> Results:
        """Return one page, with prices and offers as they are at `now_ms`.

        `cheap`: lower prices go first among the best hits. `typed`: the query with its stop phrases, for rules.
        `meant`: terms with their weights that are searched for as well.

        Raises Unavailable if the index is away, and RefusedRequest if prices of several currencies would be compared.
        """
        stored = await self._collections.serving()
        index, turned, currency = await self.priced(stored, request, now_ms, cheap=cheap)
        ask = Asking(request, now_ms, turned, Cheap(turned) if cheap else None, typed, meant)
        listing, retrieved, ordering = await (self._arranged if arranges(request) else self._page)(index, ask)
        explainer = HitExplainer(retrieved, ordering, listing.pins) if request.explain else None
        known = {} if retrieved is None else retrieved.payloads
        shop = self._shop.asked_for(request, currency)
        page, left_out = await rendered(index, listing, known, shop, now_ms, explainer)
        by: FoundBy = "filters" if retrieved is None else retrieved.by
        return Results(
            page,
            listing.total,
            listing.found,
            listing.is_exact,
            by,
            listing.facets,
            listing.facets_are_exact,
            left_out,
        )

    async def item(self, product_id: str, now_ms: int) -> IndexedItem | None:
        """Return the point of this item, visible or not; None if the index does not have it, or it is a canary.

        Raises Conflict if the index holds a value of the item that cannot be shown.
        """
        index = await self._collections.serving()
        stored = (await index.stored([product_id])).get(product_id)
        if stored is None or is_canary(product_id):
            return None
        try:
            return hits.indexed_item(stored.payload, self._shop, now_ms)
        except hits.UNSHOWABLE as error:
            raise Conflict(
                f"the index holds a value of {product_id} that cannot be shown: run freshline reconcile --repair"
            ) from error

    async def embed(self, query: str) -> None:
        """Let the model remember the vector of a query that will be searched for. Raises Unavailable."""
        index = await self._collections.serving()
        async with embedding(self._embedders, index.model, normalised(query), self._vector_seconds_max) as vector:
            if vector is not None:
                await vector.result()

    async def retrieve(
        self, index: Index, query: str, filters: Filters, points: int, meant: Mapping[str, float]
    ) -> Retrieved:
        """Ask both retrievers, or the lexical one alone, for this many points, results or not. Raises Unavailable."""
        async with self._asking(index, query, meant) as asked:
            return (await asked.heads([filters], points))[0]

    @asynccontextmanager
    async def _asking(self, index: Index, query: str, meant: Mapping[str, float]) -> AsyncIterator[Retrieval]:
        """Embed the query as long as the retrievers are asked."""
        terms = {**meant, **self._terms(query)} if meant else self._terms(query)
        async with embedding(self._embedders, index.model, query, self._vector_seconds_max) as vector:
            yield Retrieval(index, query, terms, vector)

    def ordering(
        self, asked: Filters, query: str | None, kind: QueryKind, now_ms: int, typed: str | None = None
    ) -> Ordering:
        """Return the order of a search's results. `asked` is the search, or its filters alone; `typed` as in `search`.

        Only the order of relevance knows weights and rules. Raises RefusedRequest for an unknown ranking, and for one
        that is compared with itself.
        """
        moment = Moment(now_ms, asked.currency or self._shop.currency)
        request = asked if isinstance(asked, SearchRequest) else None
        if request is not None and request.sort != "relevance":
            return Ordering(None, NO_RULES, moment)
        currency = asked.currency or self._shop.currency
        name = (request and request.ranking) or IN_FORCE
        weights = self._ranking().named(name, "ranking").weights(kind, currency, self._shop.languages)
        rules = NO_RULES if name == UNRULED else self._rules.in_force(query, now_ms, typed)
        ordering = Ordering(weights, rules, moment)
        if request is None or request.compare is None:
            return ordering
        if request.compare == name:
            raise RefusedRequest("compare", f"{name} would be compared with itself: name another ranking")
        other = self._ranking().named(request.compare, "compare").weights(kind, currency, self._shop.languages)
        seed = f"{request.seed or ''} {query or ''}"
        return ordering._replace(rival=Rival((name, request.compare), other, seed))

    def _ordering(self, ask: Asking, kind: QueryKind) -> Ordering:
        ordering = self.ordering(ask.request, ask.request.q, kind, ask.now_ms, ask.typed)
        return ordering._replace(cheap=ask.cheap)

    async def priced(self, index: Index, request: SearchRequest, now_ms: int, *, cheap: bool = False) -> Priced:
        """Return the index with the prices that a search asks for. Raises as `search`."""
        return await with_prices(index, request, self._shop.currency, now_ms, ordering=cheap)

    async def _page(self, index: Index, ask: Asking) -> tuple[Listing, Retrieved | None, Ordering]:
        """Return one page in the order of relevance, weights and rules; without a query the index has the first say."""
        request, filters = ask.request, filters_now(ask.request.filters, ask.turned)
        if request.q is None:
            ordering = self._ordering(ask, "filters")
            return await browsed_page(index, request, filters, ordering), None, ordering
        end = request.offset + request.limit
        points = max(self._page_points, end)
        async with self._asking(index, normalised(request.q), ask.meant) as asked:
            [retrieved] = await asked.found([filters], points, ask.ahead)
        ordering, ranked = self._ordering(ask, retrieved.kind), retrieved.ranked()
        groups, pins, teams = await ordered_groups(index, ranked, filters, ordering, request.diversity)
        page, found = groups[request.offset : end], len(ranked.whole)
        return Listing(page, len(groups), found, retrieved.is_complete, {}, True, pins, teams), retrieved, ordering

    async def _arranged(self, index: Index, ask: Asking) -> tuple[Listing, Retrieved | None, Ordering]:
        """Return one page of all results, and their refinements; and the results of the retrievers with all filters."""
        request, several = ask.request, filters_to_count(ask.request, ask.turned)
        if request.q is None:
            ordering = self._ordering(ask, "filters")
            listing = await browsed_listing(index, request, several, ask.turned, ordering, self._browse_bounds)
            return listing, None, ordering
        async with self._asking(index, normalised(request.q), ask.meant) as asked:
            retrieved = await retrieved_sets(asked, several, COUNTED_POINTS, ask.ahead)
        found = retrieved[ALL_FILTERS].retrieved
        ordering = self._ordering(ask, found.kind)
        sets = await found_sets(index, retrieved, ordering.rules.pins)
        return await arranged(index, request, sets, ask.turned, ordering), found, ordering
