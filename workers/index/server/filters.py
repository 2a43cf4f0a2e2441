"""Conditions in qdrant-client's terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qdrant_client import models

from workers.index.layout import KEPT_FOR, Is, IsIn, Within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.index.layout import Condition


def all_of(conditions: Sequence[Condition]) -> models.Filter:
    """Points that satisfy each."""
    return models.Filter(must=[_field(condition) for condition in conditions])


def named(point: str, gtin: str, conditions: Sequence[Condition]) -> models.Filter:
    """The point of this id and those of this gtin, where they satisfy each condition."""
    has_gtin = models.FieldCondition(key="gtin", match=models.MatchValue(value=gtin))
    either = models.Filter(should=[models.HasIdCondition(has_id=[point]), has_gtin])
    return models.Filter(must=[either, *(_field(condition) for condition in conditions)])


def each_older(versions: Sequence[tuple[str, int]]) -> models.Filter:
    """Of these points, those whose stored version is below the one named with it: one operation for many points."""
    return models.Filter(
        should=[
            _of(point, models.FieldCondition(key="version", range=models.Range(lt=version)))
            for point, version in versions
        ]
    )


def still(version: int, point: str) -> models.Filter:
    """This point, if its stored version is this one."""
    return _of(point, models.FieldCondition(key="version", match=models.MatchValue(value=version)))


def owing(point: str, fingerprint: str) -> models.Filter:
    """This point, if it is owed the vector of this fingerprint."""
    return _of(point, models.FieldCondition(key="vector_due", match=models.MatchValue(value=fingerprint)))


def each_owing(debts: Sequence[tuple[str, str]]) -> models.Filter:
    """Of these points, those that are owed the vector of the fingerprint named with it."""
    return models.Filter(should=[owing(point, fingerprint) for point, fingerprint in debts])


def but(point: str) -> models.Filter:
    """Every other point."""
    return models.Filter(must_not=[models.HasIdCondition(has_id=[point])])


def kept_for(collection: str, point: str) -> models.Filter:
    """This point, the hidden one, if it was created with this collection."""
    return _of(point, models.FieldCondition(key=KEPT_FOR, match=models.MatchValue(value=collection)))


def not_kept_for(collection: str) -> models.Filter:
    """A hidden point that was created with another collection."""
    kept = models.FieldCondition(key=KEPT_FOR, match=models.MatchValue(value=collection))
    return models.Filter(must_not=[kept])


def _of(point: str, condition: models.FieldCondition) -> models.Filter:
    return models.Filter(must=[models.HasIdCondition(has_id=[point]), condition])


def _field(condition: Condition) -> models.FieldCondition:
    match condition:
        case Is(field, value):
            return models.FieldCondition(key=field, match=models.MatchValue(value=value))
        case IsIn(field, values):
            return models.FieldCondition(key=field, match=models.MatchAny(any=values))
        case Within(field, least, most):
            return models.FieldCondition(key=field, range=models.Range(gte=least, lte=most))
