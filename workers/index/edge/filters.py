"""Conditions as filters of Qdrant Edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qdrant_edge import FieldCondition, Filter, HasIdCondition, MatchAny, MatchValue, RangeFloat

from workers.index.conditions import AnyOf, Except, Is, IsIn, IsOneOf, Lacks, Within

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from qdrant_edge import PointId

    from workers.index.conditions import Condition


def all_of(conditions: Sequence[Condition]) -> Filter:
    """Return the filter for points that satisfy every condition."""
    return Filter(must=[_field(condition) for condition in conditions])


def among(points: Collection[PointId], conditions: Sequence[Condition]) -> Filter:
    """Return the filter for those of these points that satisfy every condition."""
    return Filter(must=[HasIdCondition(set(points)), *map(_field, conditions)])


def older(version: int) -> Filter:
    """Return the filter for points whose stored version is below this one."""
    return Filter(must=[FieldCondition("version", range=RangeFloat(lt=version))])


def embedding_pending(point: str, fingerprint: str) -> Filter:
    """Return the filter for this point, if the embedding of this fingerprint is pending."""
    return _of(point, FieldCondition("vector_due", match=MatchValue(fingerprint)))


def but(point: str, condition: Condition, among: Sequence[Condition]) -> Filter:
    """Return the filter for every other point that satisfies all conditions of `among`, and not this one."""
    return Filter(must=[_field(each) for each in among], must_not=[HasIdCondition({point}), _field(condition)])


def _of(point: str, condition: FieldCondition) -> Filter:
    return Filter(must=[HasIdCondition({point}), condition])


def _field(condition: Condition) -> FieldCondition | HasIdCondition | Filter:
    match condition:
        case AnyOf(conditions):
            return Filter(should=[_field(each) for each in conditions])
        case IsOneOf(points):
            return HasIdCondition(set(points))
        case Except(other, points):
            return Filter(must=[_field(other)], must_not=[HasIdCondition(set(points))])
        case Lacks(other):
            return Filter(must_not=[_field(other)])
        case Is(field, value):
            return FieldCondition(field, match=MatchValue(value))
        case IsIn(field, values):
            return FieldCondition(field, match=MatchAny(values))
        case Within(field, least, most):
            return FieldCondition(field, range=RangeFloat(gte=least, lte=most))
