"""Explains why a query finds an item, or does not: by the very calls that a search makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from schemas.canaries import is_canary
from schemas.explanations import Explanation, FilterCheck, WordMatch
from schemas.points import Content, point_id
from schemas.queries import Filters
from workers.document import normalised
from workers.index.layout import complete_payload
from workers.point.payload import is_visible
from workers.search.advice import advice
from workers.search.arranging import ordered_groups
from workers.search.hit_explanation import HitExplainer, place_in
from workers.words.chunks import chunks
from workers.words.folding import folded
from workers.words.identity import gtin_term, id_term
from workers.words.item import item_words
from workers.words.query import query_terms

if TYPE_CHECKING:
    from schemas.explanations import RankingPlace
    from schemas.points import Payload
    from workers.index.interface import Index, Stored
    from workers.search.retrievers import Retrieved
    from workers.search.searcher import Searcher

RANKED_MAX = 1_000
"""The number of items of each ranking among which the item is looked for."""
WORDS_MAX = 32
"""The most words of a query that are explained."""
TEXT_FIELDS: tuple[str, ...] = ("title", "brand", "category", "description", "attributes", "product_id", "gtin")
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


async def explain(
    searcher: Searcher, index: Index, query: str, filters: Filters, product_id: str, now_ms: int
) -> Explanation:
    """Return why this query with these filters finds the item, or does not. Raises Unavailable."""
    asked, point = normalised(query), point_id(product_id)
    stored = None if is_canary(product_id) else (await index.stored([product_id], vectors=True)).get(product_id)
    visible = stored is not None and is_visible(stored.payload)
    retrieved = await searcher.retrieve(index, asked, filters, RANKED_MAX)
    ordering = searcher.ordering(filters, query, retrieved.kind, now_ms)
    groups, pins, _ = await ordered_groups(index, retrieved.ranked(), filters, ordering)
    as_hit = HitExplainer(retrieved, ordering, pins).explain(
        point, stored.payload if stored else complete_payload(None)
    )
    explanation = Explanation(
        query=query,
        product_id=product_id,
        in_index=stored is not None,
        status=stored.payload["status"] if stored else None,
        filters=await _checks(index, filters, product_id, stored.payload) if stored and visible else [],
        exact=as_hit.exact,
        words=matched_words(asked, stored.payload if stored else None),
        by_words=as_hit.by_words,
        by_vectors=_near(as_hit.by_vectors, retrieved, stored),
        words_min=retrieved.cutoff.words_min,
        cosine_min=None if retrieved.vector is None else retrieved.cutoff.cosine_min,
        vector_weight=retrieved.weight,
        fused=as_hit.fused,
        weight=as_hit.weight,
        factors=as_hit.factors,
        rules=as_hit.rules,
        answered=place_in([group.best for group in groups], point),
        why=[],
    )
    due = stored is not None and stored.payload["vector_due"] is not None
    return explanation.model_copy(update={"why": advice(explanation, vector_due=due)})


def matched_words(query: str, payload: Payload | None) -> list[WordMatch]:
    """Return the words of a query, each with the fields of the item that have one of its terms."""
    said = {} if payload is None else {name: _terms_of(payload, name) for name in TEXT_FIELDS}
    found = []
    for word in list(dict.fromkeys(chunks(folded(query))))[:WORDS_MAX]:
        terms = {term for term in query_terms(word) if not term.startswith("=")} | {id_term(word), gtin_term(word)}
        found.append(WordMatch(word=word, fields=[name for name, says in said.items() if says & terms]))
    return found


def _terms_of(payload: Payload, name: str) -> set[str]:
    """Return the terms that one field gives the item."""
    value = cast("dict[str, Any]", payload).get(name) or _EMPTY[name]
    alone: dict[str, Any] = {**_EMPTY, name: value}
    return {term for term in item_words(cast("Content", alone)).counts if term not in ("#", "%")}


async def _checks(index: Index, filters: Filters, product_id: str, payload: Payload) -> list[FilterCheck]:
    """Ask the index itself for the item through each filter alone."""
    values: dict[str, Any] = cast("dict[str, Any]", payload)
    checks = []
    for name, wanted in filters.model_dump(exclude_none=True).items():
        passing = await index.find_exact(product_id, Filters(**{name: wanted}))
        has = values.get(_COMPARED.get(name, name))
        checks.append(FilterCheck(name=name, wanted=wanted, has=has, passes=point_id(product_id) in passing))
    return checks


def _near(report: RankingPlace, retrieved: Retrieved, stored: Stored | None) -> RankingPlace:
    """Return the place by vectors, with the cosine also where the item is not among those that were ranked."""
    if report.rank is None and retrieved.vector is not None and stored is not None and stored.dense is not None:
        return report.model_copy(update={"score": round(float(stored.dense @ retrieved.vector), 4)})
    return report
