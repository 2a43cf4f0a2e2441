"""Judges two rankings of one query: how good each is by judgements, and which results move between them and why."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.answers import Hit
    from schemas.explanations import HitExplanation

NDCG_HITS = 10
REASONS_MAX = 2
FACTOR_DIGITS = 2


class Move(NamedTuple):
    """A result that is at another place in the second ranking."""

    product_id: str
    title: str | None
    before: int | None
    """Its place in the first ranking, from 1; None if it is not among those that were read."""
    after: int | None
    why: list[str]
    """The rules of one of the rankings that are about it, the factors of its weight that differ most, and its places
    by vectors, where these differ."""


def ndcg(ranking: Sequence[str], grades: Mapping[str, int], hits: int = NDCG_HITS) -> float:
    """Return the nDCG of Järvelin and Kekäläinen 2002, gain 2^grade - 1, over the first hits; 0 to 1.

    A hit without a grade counts as 0. At least one grade must be above 0.
    """
    ideal = sorted(grades.values(), reverse=True)
    return _dcg([grades.get(each, 0) for each in ranking[:hits]]) / _dcg(ideal[:hits])


def _dcg(grades: Sequence[int]) -> float:
    return sum((2.0**grade - 1) / math.log2(place + 1) for place, grade in enumerate(grades, start=1))


def moves(before: Sequence[Hit], after: Sequence[Hit], hits: int = NDCG_HITS) -> list[Move]:
    """Return the items among the first hits of either ranking that move, in the order of the second one, then those
    that it has lost. The hits beyond tell from where an item comes, or where it goes, and why."""
    was = {hit.product_id: place for place, hit in enumerate(before, start=1)}
    now = {hit.product_id: place for place, hit in enumerate(after, start=1)}
    first = {hit.product_id: hit for hit in before}
    second = {hit.product_id: hit for hit in after}
    return [
        _move(first.get(each), second.get(each), was.get(each), now.get(each))
        for each in dict.fromkeys(hit.product_id for hit in (*after[:hits], *before[:hits]))
        if was.get(each) != now.get(each)
    ]


def _move(first: Hit | None, second: Hit | None, before: int | None, after: int | None) -> Move:
    hit = second or first
    assert hit is not None
    return Move(hit.product_id, hit.title, before, after, reasons(_why(first), _why(second)))


def _why(hit: Hit | None) -> HitExplanation | None:
    return None if hit is None else hit.explanation


def reasons(first: HitExplanation | None, second: HitExplanation | None) -> list[str]:
    """Return the rules that one of two explanations of an item has, as "pin by r1", and the factors that differ most.

    A factor is "rating 0.80 -> 0.95". Where one ranking did not show the item, those that take most from it in the
    other one are named, as "rating 0.80". Where its place by vectors differs, as with another model, it is
    "by vectors 12 -> 3".
    """
    return [*_rules_of_one(first, second), *_factors_that_differ(first, second), *_place_by_vectors(first, second)]


def _rules_of_one(first: HitExplanation | None, second: HitExplanation | None) -> list[str]:
    told = [
        {} if why is None else {f"{rule.action} by {rule.id}": rule for rule in why.rules} for why in (first, second)
    ]
    return [rule for rule in {**told[1], **told[0]} if (rule in told[0]) != (rule in told[1])]


def _factors_that_differ(first: HitExplanation | None, second: HitExplanation | None) -> list[str]:
    before, after = _factors(first), _factors(second)
    if first is None or second is None:
        alone = before or after
        least = sorted(alone, key=lambda name: alone[name])[:REASONS_MAX]
        return [f"{name} {alone[name]:.{FACTOR_DIGITS}f}" for name in least if alone[name] < 1]
    changed = {name: (before.get(name, 1.0), after.get(name, 1.0)) for name in {**before, **after}}
    most = sorted(changed, key=lambda name: -abs(math.log(changed[name][1] / changed[name][0])))
    told = {name: tuple(f"{factor:.{FACTOR_DIGITS}f}" for factor in changed[name]) for name in most[:REASONS_MAX]}
    return [f"{name} {was} -> {now}" for name, (was, now) in told.items() if was != now]


def _place_by_vectors(first: HitExplanation | None, second: HitExplanation | None) -> list[str]:
    if first is None or second is None:
        return []
    was, now = first.by_vectors.rank, second.by_vectors.rank
    return [f"by vectors {was or 'below'} -> {now or 'below'}"] if was != now else []


def _factors(why: HitExplanation | None) -> dict[str, float]:
    return {} if why is None else {name: report.factor for name, report in why.factors.items()}
