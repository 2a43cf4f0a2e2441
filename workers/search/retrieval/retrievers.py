"""Asks the retrievers of a search: what words, vectors and identifiers find for a query, each in its own order."""

from __future__ import annotations

import asyncio
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from schemas.queries import Filters
from workers.index.interface import Found
from workers.search.retrieval.cutoff import cutoff
from workers.search.retrieval.fusion import HEAD_POINTS, fuse
from workers.search.retrieval.vector_weights import VECTOR_WEIGHTS, left_to_vectors, query_kind
from workers.words.identity import identifiers, without_names, words_alone
from workers.words.query import query_terms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.points import Payload
    from schemas.queries import QueryKind
    from workers.embedder.interface import Vectors
    from workers.index.interface import Index
    from workers.search.retrieval.bounded_vector import BoundedVector
    from workers.search.retrieval.cutoff import Cutoff

    FoundBy = Literal["words and vectors", "words", "filters"]

NEAREST_POINTS = 32
"""The points that are read to find the best cosine. One would not be enough: Qdrant Edge chooses points by four bits of
each number, and may miss the nearest."""
EXACT_SCORE = 1.0
"""The score of an exact match, above any fused score."""


class Ranked(NamedTuple):
    """The result of a search by relevance, the best first, in its three parts."""

    exact: list[Found]
    """The items whose product_id or GTIN is in the query."""
    head: list[Found]
    """The points among the first `HEAD_POINTS` of either ranking. They do not depend on how far the rankings were
    read."""
    rest: list[Found]
    teams: Mapping[str, str] = MappingProxyType({})
    """The ranking that each point of the head came from, if two rankings are compared."""
    buried: int = 0
    """The number of points that a rule put at the end of the head."""

    @property
    def whole(self) -> list[Found]:
        """The parts one after the other."""
        return [*self.exact, *self.head, *self.rest]


class Retrieved(NamedTuple):
    """The results of the retrievers for a query, each in its own order."""

    words: list[Found]
    """The points that words find, by BM25."""
    near: list[Found]
    """The points that the vector finds, by cosine; empty without a vector, or where vectors have no weight."""
    exact: list[str]
    """The points whose product_id or GTIN is in the query."""
    kind: QueryKind
    cutoff: Cutoff
    words_best: float
    """The best score by words of any visible item, not counting points for its names."""
    vector: Vectors | None
    """The vector of the query, float32 `(dimension,)`; None if there is none in time."""
    points: int
    """The number of points that a retriever was asked for, unless its results ended within `HEAD_POINTS`."""
    payloads: dict[str, Payload]
    """Payloads of points that are among the first, by point id, where the index gives them with the rankings."""

    @property
    def weight(self) -> float:
        """The weight of a cosine; see `fuse`."""
        return VECTOR_WEIGHTS[self.kind] * left_to_vectors(self.words, self.words_best)

    @property
    def go_on(self) -> tuple[bool, bool]:
        """True for the ranking by words, and for that by vectors, if it may go on beyond the points that were asked
        for."""
        words, near = (
            len(found) >= self.points and found[-1].score >= least
            for found, least in zip((self.words, self.near), self.cutoff, strict=True)
        )
        return words, near

    @property
    def is_complete(self) -> bool:
        """True if neither ranking has results beyond the points that were asked for."""
        return not any(self.go_on)

    @property
    def by(self) -> FoundBy:
        """The retrievers that were asked."""
        return "words" if self.vector is None else "words and vectors"

    @property
    def results(self) -> list[str]:
        """The points of `ranked`, each once and in no order."""
        ends = zip((self.words, self.near), self.cutoff, strict=True)
        found = (each.point_id for ranking, least in ends for each in ranking if each.score >= least)
        return list(dict.fromkeys([*self.exact, *found]))

    def ranked(self) -> Ranked:
        """Return all that was found, best first: exact matches, then both rankings fused."""
        exact = [Found(point, EXACT_SCORE) for point in self.exact]
        fused = fuse(self.words, self.near, self.weight, self.cutoff, self.words_best)
        head, rest = ([each for each in part if each.point_id not in self.exact] for part in fused)
        return Ranked(exact, head, rest)


class Retrieval(NamedTuple):
    """The question of one query to the retrievers of an index."""

    asked: Index
    query: str
    terms: Mapping[str, float]
    """The terms of the query with their weights."""
    computing: BoundedVector | None
    """The vector of the query; None for none."""

    async def found(self, several: Sequence[Filters], points: int, ahead: int = 0) -> list[Retrieved]:
        """Return this many points of each ranking that pass each of the filters, or the head alone where results end.

        `ahead`: the number of points whose payloads may be needed. Raises Unavailable.
        """
        heads = await self.heads(several, min(HEAD_POINTS, points), ahead)
        return await asyncio.gather(
            *(self.deeper(filters, head, points) for filters, head in zip(several, heads, strict=True))
        )

    async def heads(self, several: Sequence[Filters], points: int, ahead: int = 0) -> list[Retrieved]:
        """Return the first `points` points of each ranking with each of the filters, results or not."""
        index, computing = self.asked, self.computing
        asked = _Asked(index, self.query, self.terms, several, points)
        payloads: dict[str, Payload] = {}
        if index.is_remote:  # A single request asks for everything, so it waits for the vector.
            vector = None if computing is None else await computing.result()
            said, related, payloads = await asyncio.gather(
                asked.by_words(), asked.by_vector(vector), index.payloads_ahead(self.terms, vector, several[0], ahead)
            )
            kind = query_kind(self.query, is_brand=said.is_brand)
        else:
            said = await asked.by_words()
            vector = None if computing is None else await computing.result()
            kind = query_kind(self.query, is_brand=said.is_brand)
            related = await asked.by_vector(vector if VECTOR_WEIGHTS[kind] else None)
        counts = computing is not None and vector is not None and VECTOR_WEIGHTS[kind] > 0
        if not counts:
            related = await asked.by_vector(None)
        cosine_min = computing.cosine_min if computing is not None and counts else 0.0
        least = cutoff(said.best_alone or said.best, related.best, cosine_min)
        return [
            Retrieved(*each, kind, least, said.best, vector, points, payloads)
            for each in zip(said.words, related.near, said.exact, strict=True)
        ]

    async def deeper(self, filters: Filters, head: Retrieved, points: int) -> Retrieved:
        """Return the results with up to this many points of each ranking; a ranking that ends within its head stays as
        it is.

        The head stays as it was read. Qdrant Edge chooses points by four bits of each number, and with another limit it
        may choose others: an item that one page showed could then appear on a later page again.
        """
        if points == head.points:
            return head
        index, least, words, near = self.asked, head.cutoff, head.words, head.near
        words_go_on, near_goes_on = head.go_on
        if words_go_on:
            words = continued(words, await index.search_terms(self.terms, filters, points, least.words_min), points)
        if near_goes_on and head.vector is not None:
            near = continued(near, await index.search_dense(head.vector, filters, points, least.cosine_min), points)
        return head._replace(words=words, near=near, points=points)


def continued(head: list[Found], longer: list[Found], points: int) -> list[Found]:
    """Return a ranking of so many points that begins with its head as it was read."""
    shown = {each.point_id for each in head}
    return [*head, *(each for each in longer if each.point_id not in shown)][:points]


class _Said(NamedTuple):
    """The results of words and identifiers, with each of the filters."""

    words: list[list[Found]]
    exact: list[list[str]]
    """The points of the ids and GTINs in the query, in the order of the query."""
    is_brand: bool
    best: float
    """The best score of all visible items by the terms of the query that are no names."""
    best_alone: float
    """The best score by the typed words alone, without names, stems and synonyms. A stem or synonym that is rarer than
    the typed word would raise the best score, and the cut-off would then leave out the items that have the word itself.
    0.0 if no item has a typed word."""


class _Related(NamedTuple):
    """The results of the vector, with each of the filters."""

    near: list[list[Found]]
    best: float | None
    """The best cosine of all visible items; None without a vector, or where no item has one."""


class _Asked(NamedTuple):
    """The questions of one search to the retrievers. Each retriever gets all of its questions at once."""

    of: Index
    query: str
    terms: Mapping[str, float]
    several: Sequence[Filters]
    points: int

    async def by_words(self) -> _Said:
        index, named = self.of, await self._identifiers()
        words, exact, is_brand, *bests = await asyncio.gather(
            asyncio.gather(*(index.search_terms(self.terms, filters, self.points) for filters in self.several)),
            asyncio.gather(
                *(asyncio.gather(*(index.find_exact(each, filters) for each in named)) for filters in self.several)
            ),
            index.has_brand(self.query),
            index.best_by_terms(without_names(self.terms)),
            index.best_by_terms(words_alone(query_terms(self.query))),
        )
        return _Said(words, [list(dict.fromkeys(chain.from_iterable(each))) for each in exact], is_brand, *bests)

    async def _identifiers(self) -> list[str]:
        """Return the texts that may be an id or a GTIN. With several filters, first find out which of them are one,
        since each would be looked up once for each filter."""
        named = identifiers(self.query)
        if self.of.is_remote or len(self.several) == 1:
            return named
        return [each for each in named if await self.of.find_exact(each, Filters())]

    async def by_vector(self, vector: Vectors | None) -> _Related:
        if vector is None:
            return _Related([list[Found]() for _ in self.several], None)
        asked = [(filters, self.points) for filters in self.several]
        if all(filters.any for filters in self.several):
            asked.append((Filters(), NEAREST_POINTS))
        found = await asyncio.gather(*(self.of.search_dense(vector, *each) for each in asked))
        nearest = next(each for each, (filters, _) in zip(found, asked, strict=True) if not filters.any)
        return _Related(found[: len(self.several)], nearest[0].score if nearest else None)
