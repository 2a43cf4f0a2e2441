"""Fusion: one ranking from the results of words, by BM25, and of vectors, by cosine."""

from __future__ import annotations

from itertools import chain, zip_longest
from typing import TYPE_CHECKING, NamedTuple

from workers.index.interface import Found
from workers.index.ranking import in_order
from workers.search.retrieval.cutoff import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.search.retrieval.cutoff import Cutoff

SCORE_MAX = 0.99
"""The best that a fused score can be; an exact match has 1."""
HEAD_POINTS = 200
"""The points of each ranking whose scores are added. With 100 search finds less, with 400 the same."""


class Fused(NamedTuple):
    """One ranking, the best first, in two parts."""

    head: list[Found]
    """The points that are within the first `HEAD_POINTS` of a ranking, however long the rankings are."""
    rest: list[Found]

    @property
    def whole(self) -> list[Found]:
        """The whole ranking: its head and the rest."""
        return [*self.head, *self.rest]


def fuse(
    words: Sequence[Found],
    near: Sequence[Found],
    vector_weight: float,
    cutoff: Cutoff = EVERYTHING,
    words_best: float = 0.0,
) -> Fused:
    """Return the points of both rankings that reach the cut-off, best first, with scores from 0 to `SCORE_MAX`.

    Both are in the order of `workers.index.ranking`. The score by words counts as a share of `words_best`: the best
    score of any item, not counting points for matching its whole name (0.0: the score of the first point).
    The cosine counts from that of the last point of the head on, since how low cosines are depends on model and query.
    The points beyond the heads follow in turns, so that longer rankings begin as shorter ones do and no page repeats
    an item.
    """
    best = words_best or (words[0].score if words else 0.0)
    head = in_order(_scored(words[:HEAD_POINTS], near[:HEAD_POINTS], vector_weight, cutoff, best))
    shown = {point.point_id for point in head}
    said = [point for point in words[HEAD_POINTS:] if point.score >= cutoff.words_min]
    related = [point for point in near[HEAD_POINTS:] if point.score >= cutoff.cosine_min]
    in_turns = chain.from_iterable(zip_longest(said, related))
    below = dict.fromkeys(point.point_id for point in in_turns if point is not None)
    least = head[-1].score if head else 0.0
    beyond = (each for each in below if each not in shown)
    rest = [
        Found(point_id, least * HEAD_POINTS / (HEAD_POINTS + rank)) for rank, point_id in enumerate(beyond, start=1)
    ]
    return Fused(head, rest)


def _scored(
    words: Sequence[Found], near: Sequence[Found], vector_weight: float, cutoff: Cutoff, words_best: float
) -> Iterator[tuple[str, float]]:
    by_words = {point_id: _share(score, words_best) for point_id, score in words}
    most = max(1.0, *by_words.values()) if by_words else 1.0
    by_vector = {point_id: cosine - near[-1].score for point_id, cosine in near}
    said = {point_id for point_id, score in words if score >= cutoff.words_min}
    related = {point_id for point_id, cosine in near if cosine >= cutoff.cosine_min}
    for point_id in said | related:
        score = by_words.get(point_id, 0.0) + vector_weight * by_vector.get(point_id, 0.0)
        yield point_id, SCORE_MAX * score / (most + vector_weight)


def _share(score: float, best: float) -> float:
    """Return score / best. A score above the best, of an item whose name is the query, maps to between 1 and 2.

    The name outweighs all words. Were it the measure, the words of all other items would count next to nothing.
    """
    return score / best if score <= best else 2 - best / score
