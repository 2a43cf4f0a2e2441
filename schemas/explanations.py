"""The answer to the question why a query finds an item, or does not."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from schemas.understood import Relaxation, Understood  # noqa: TC001  (as below)
from schemas.weight_reports import FactorReport, RuleReport  # noqa: TC001  (pydantic reads the types when it runs)


class FilterCheck(BaseModel):
    """One filter of the query, and whether the item passes it."""

    name: str
    wanted: Any
    has: Any
    """The value of the item that the filter compares."""
    passes: bool


class WordMatch(BaseModel):
    """One word of the query, and the fields of the item that say it."""

    word: str
    fields: list[str]


class RankingPlace(BaseModel):
    """The place of the item in one ranking."""

    rank: int | None
    """1 is the best; None if the item is not among those that were ranked."""
    score: float | None
    """The score: BM25 by words, the cosine by vectors, from 0 to 1 where both are fused."""
    ranked: int
    """The number of items in the ranking."""


class HitExplanation(BaseModel):
    """The reasons why a hit is where it is."""

    exact: bool
    """True if the query has the item's product_id or GTIN, which puts it first, whatever its weight."""
    by_words: RankingPlace
    by_vectors: RankingPlace
    fused: RankingPlace
    """The place by relevance: words and vectors together, before weights."""
    weight: float
    """The weight of the item beside its relevance: the product of the factors."""
    factors: dict[str, FactorReport]
    """The factors of the weight by name; `cheap` is one for a query that asks for low prices."""
    rules: list[RuleReport]
    """The rules that have a say in where it is."""


class Explanation(BaseModel):
    """The reasons why a query finds an item, or does not."""

    query: str
    product_id: str
    searched_for: str | None
    """The words that a search looks for: those of the query but what it takes for filters and passes over, or their
    corrections. None if all of the query is filters; the ranks are then those of the items that pass them."""
    understood: Understood | None
    """The filters and boosts that the search reads in the query; None if it reads none."""
    relaxed: list[Relaxation]
    """The steps by which the search asked for less, since it would have found too little."""
    in_index: bool
    status: str | None
    """visible, delisted or parked; None if the item is not in the index."""
    filters: list[FilterCheck]
    """The filters of the request, and the filters that the search reads in the query."""
    exact: bool
    """True if the query has the item's product_id or GTIN, which puts it first."""
    words: list[WordMatch]
    by_words: RankingPlace
    by_vectors: RankingPlace
    words_min: float
    """The score below which words alone make no result of the query."""
    cosine_min: float | None
    """The cosine below which a vector alone makes no result of it; None while the query has no vector."""
    vector_weight: float
    """The weight of a cosine beside the share of the best score by words."""
    fused: RankingPlace
    """The place by relevance: words and vectors together, before weights."""
    weight: float
    """The weight of the item beside its relevance: the product of the factors."""
    factors: dict[str, FactorReport]
    """The factors of the weight by name."""
    rules: list[RuleReport]
    """The rules that have a say in where it is."""
    answered: RankingPlace
    """The place in the order that a search answers with."""
    why: list[str]
    """Sentences: why it is found where it is, or what would have to change."""
