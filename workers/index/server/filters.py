"""Conditions as filters of qdrant-client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qdrant_client import models

from schemas.points import being_written
from workers.index.conditions import AnyOf, Except, Is, IsIn, IsOneOf, Lacks, Within
from workers.index.layout import CREATED_WITH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.index.conditions import Condition


def all_of(conditions: Sequence[Condition]) -> models.Filter:
    """Return the filter for points that satisfy every condition."""
    return models.Filter(must=[_field(condition) for condition in conditions])


def each_older(versions: Sequence[tuple[str, int]]) -> models.Filter:
    """Return the filter for the points among these whose stored version is below the version given with the point.

    It lets one operation write many points.
    """
    return models.Filter(
        should=[
            _of(point, models.FieldCondition(key="version", range=models.Range(lt=version)))
            for point, version in versions
        ]
    )


def still(version: int, point: str) -> models.Filter:
    """Return the filter for this point, if its stored version is exactly this one."""
    return _of(point, models.FieldCondition(key="version", match=models.MatchValue(value=version)))


def embedding_pending(point: str, fingerprint: str) -> models.Filter:
    """Return the filter for this point, if the embedding of this fingerprint is pending."""
    return _of(point, models.FieldCondition(key="vector_due", match=models.MatchValue(value=fingerprint)))


def vector_being_written(point: str, fingerprint: str) -> models.Filter:
    """Return the filter for this point, if the vector of this pending embedding is being written to it."""
    written = models.MatchValue(value=being_written(fingerprint))
    pending = models.FieldCondition(key="vector_due", match=models.MatchValue(value=fingerprint))
    return _of(point, pending, models.FieldCondition(key="vector_fingerprint", match=written))


def any_embedding_pending(pending: Sequence[tuple[str, str]]) -> models.Filter:
    """Return the filter for the points among these whose embedding of the given fingerprint is pending."""
    return models.Filter(should=[embedding_pending(point, fingerprint) for point, fingerprint in pending])


def but(point: str, condition: Condition, among: Sequence[Condition]) -> models.Filter:
    """Return the filter for every other point that satisfies all conditions of `among`, and not this one."""
    return models.Filter(
        must=[_field(each) for each in among],
        must_not=[models.HasIdCondition(has_id=[point]), _field(condition)],
    )


def created_with(collection: str, point: str) -> models.Filter:
    """Return the filter for the hidden point, if it was created with this collection."""
    return _of(point, models.FieldCondition(key=CREATED_WITH, match=models.MatchValue(value=collection)))


def not_created_with(collection: str) -> models.Filter:
    """Return the filter for a hidden point that was created with another collection."""
    same = models.FieldCondition(key=CREATED_WITH, match=models.MatchValue(value=collection))
    return models.Filter(must_not=[same])


def _of(point: str, *conditions: models.FieldCondition) -> models.Filter:
    return models.Filter(must=[models.HasIdCondition(has_id=[point]), *conditions])


def _field(condition: Condition) -> models.FieldCondition | models.HasIdCondition | models.Filter:
    match condition:
        case AnyOf(conditions):
            return models.Filter(should=[_field(each) for each in conditions])
        case IsOneOf(points):
            return models.HasIdCondition(has_id=list(points))
        case Except(other, points):
            return models.Filter(must=[_field(other)], must_not=[models.HasIdCondition(has_id=list(points))])
        case Lacks(other):
            return models.Filter(must_not=[_field(other)])
        case Is(field, value):
            return models.FieldCondition(key=field, match=models.MatchValue(value=value))
        case IsIn(field, values):
            return models.FieldCondition(key=field, match=models.MatchAny(any=values))
        case Within(field, least, most):
            return models.FieldCondition(key=field, range=models.Range(gte=least, lte=most))
