"""Explains why a query finds an item, or does not: by the very calls that a search makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from schemas.canaries import is_canary
from schemas.explanations import Explanation, FilterCheck, RankingPlace, WordMatch
from schemas.points import Content, point_id
from schemas.queries import Filters
from workers.document import normalised
from workers.index.layout import complete_payload
from workers.point.payload import is_visible
from workers.search.advice import advice
from workers.search.arranging import browsed_page, ordered_groups
from workers.search.hit_explanation import HitExplainer, place_in
from workers.search.order.cheap import Cheap
from workers.search.prices.turned_prices import filters_now
from workers.words.identity import gtin_term, id_term
from workers.words.item import item_words
from workers.words.query import query_terms
from workers.words.written import chunks_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.points import Payload
    from workers.index.interface import Found, Index
    from workers.index.stored import Stored
    from workers.search.order.ordering import Ordering
    from workers.search.order.pinning import Pin
    from workers.search.prices.turned_prices import Turned
    from workers.search.retrieval.retrievers import Retrieved
    from workers.search.searcher import Searcher
    from workers.search.understood import Answer

RANKED_MAX = 1_000
"""The number of items of each ranking among which the item is looked for."""
WORDS_MAX = 32
"""The most words of a query that are explained."""
TEXT_FIELDS: tuple[str, ...] = ("title", "brand", "category", "description", "attributes", "product_id", "gtin")
PRICE_BOUNDS = ("min_price", "max_price")
_COMPARED = {
    "min_price": "price",
    "max_price": "price",
    "seller": "sellers",
    "attribute": "attributes",
    "min_rating": "rating",
}
"""The field of a point that a filter compares, where it has another name."""
_EMPTY: dict[str, Any] = {
    "title": {}, "description": {}, "attributes": {}, "category": [], "brand": None, "gtin": None, "product_id": "",
}  # fmt: skip


class _Ranked(NamedTuple):
    """The ranking of a search, as far as it is looked through."""

    retrieved: Retrieved | None
    """The results of the retrievers; None where filters alone are asked for."""
    ordering: Ordering
    pins: Sequence[Pin]
    order: list[Found]
    """The order of the answer."""


async def explain(
    searcher: Searcher, index: Index, query: str, answer: Answer, product_id: str, now_ms: int
) -> Explanation:
    """Return why a query finds the item, or does not. Raises Unavailable.

    `answer`: what the search answers to the query, with the first hits. How it reads the query is explained, too.
    """
    asked = answer.asked
    stored = None if is_canary(product_id) else (await index.stored([product_id], vectors=True)).get(product_id)
    payload = stored.payload if stored else None
    index, turned, _ = await searcher.priced(index, asked, now_ms, cheap=answer.cheap)
    ranked = await _ranked(searcher, index, answer, turned, now_ms)
    as_hit = HitExplainer(ranked.retrieved, ranked.ordering, ranked.pins).explain(
        point_id(product_id), payload or complete_payload(None)
    )
    retrieved = ranked.retrieved
    explanation = Explanation(
        query=query,
        product_id=product_id,
        searched_for=asked.q,
        understood=answer.understood,
        relaxed=answer.relaxed,
        in_index=payload is not None,
        status=payload["status"] if payload else None,
        filters=await _checks(index, asked.filters, turned, payload) if payload and is_visible(payload) else [],
        exact=as_hit.exact,
        words=matched_words(normalised(asked.q or ""), payload),
        by_words=as_hit.by_words,
        by_vectors=_near(as_hit.by_vectors, retrieved, stored),
        words_min=retrieved.cutoff.words_min if retrieved else 0.0,
        cosine_min=retrieved.cutoff.cosine_min if retrieved and retrieved.vector is not None else None,
        vector_weight=retrieved.weight if retrieved else 0.0,
        fused=as_hit.fused,
        weight=as_hit.weight,
        factors=as_hit.factors,
        rules=as_hit.rules,
        answered=_answered(answer, ranked.order, product_id),
        why=[],
    )
    due = payload is not None and payload["vector_due"] is not None
    return explanation.model_copy(update={"why": advice(explanation, vector_due=due)})


async def _ranked(searcher: Searcher, index: Index, answer: Answer, turned: Turned, now_ms: int) -> _Ranked:
    """Rank as the search did, by its own calls, but further down."""
    asked, filters = answer.asked, filters_now(answer.asked.filters, turned)
    cheap = Cheap(turned) if answer.cheap else None
    if asked.q is None:
        ordering = searcher.ordering(asked, None, "filters", now_ms, answer.typed)._replace(cheap=cheap)
        listing = await browsed_page(index, asked, filters, ordering)
        return _Ranked(None, ordering, listing.pins, [group.best for group in listing.groups])
    retrieved = await searcher.retrieve(index, normalised(asked.q), filters, RANKED_MAX, answer.meant)
    ordering = searcher.ordering(asked, asked.q, retrieved.kind, now_ms, answer.typed)._replace(cheap=cheap)
    groups, pins, _ = await ordered_groups(index, retrieved.ranked(), filters, ordering)
    return _Ranked(retrieved, ordering, pins, [group.best for group in groups])


def _answered(answer: Answer, order: Sequence[Found], product_id: str) -> RankingPlace:
    """Return the place in the answer; beyond its hits, that in the order that it was made from."""
    place = place_in(order, point_id(product_id))
    for rank, hit in enumerate(answer.results.hits, start=1):
        if hit.product_id == product_id:
            return RankingPlace(rank=rank, score=round(hit.score, 4), ranked=max(place.ranked, rank))
    return place


def matched_words(query: str, payload: Payload | None) -> list[WordMatch]:
    """Return the words of a query, each with the fields of the item that have one of its terms."""
    said = {} if payload is None else {name: _terms_of(payload, name) for name in TEXT_FIELDS}
    found = []
    for word in list(dict.fromkeys(chunks_of(query)))[:WORDS_MAX]:
        terms = {term for term in query_terms(word) if not term.startswith("=")} | {id_term(word), gtin_term(word)}
        found.append(WordMatch(word=word, fields=[name for name, says in said.items() if says & terms]))
    return found


def _terms_of(payload: Payload, name: str) -> set[str]:
    """Return the terms that one field gives the item."""
    value = cast("dict[str, Any]", payload).get(name) or _EMPTY[name]
    alone: dict[str, Any] = {**_EMPTY, name: value}
    return {term for term in item_words(cast("Content", alone)).counts if term not in ("#", "%")}


async def _checks(index: Index, filters: Filters, turned: Turned, payload: Payload) -> list[FilterCheck]:
    """Ask the index for the item with each filter alone; a bound on prices goes with the currency and the sellers."""
    product_id, point = payload["product_id"], point_id(payload["product_id"])
    traits = (await index.traits([point])).get(point)
    values: dict[str, Any] = {**payload, "price": turned.get(point, traits.price if traits else None)}
    of_prices = {"currency": filters.currency, "seller": filters.seller}
    checks = []
    for name, wanted in filters.model_dump(exclude_none=True).items():
        beside = of_prices if name in PRICE_BOUNDS else {}
        passing = await index.find_exact(product_id, filters_now(Filters(**{**beside, name: wanted}), turned))
        has = values.get(_COMPARED.get(name, name))
        checks.append(FilterCheck(name=name, wanted=wanted, has=has, passes=point in passing))
    return checks


def _near(report: RankingPlace, retrieved: Retrieved | None, stored: Stored | None) -> RankingPlace:
    """Return the place by vectors, with the cosine also where the item is not among those that were ranked."""
    vector = None if retrieved is None else retrieved.vector
    if report.rank is None and vector is not None and stored is not None and stored.dense is not None:
        return report.model_copy(update={"score": round(float(stored.dense @ vector), 4)})
    return report
