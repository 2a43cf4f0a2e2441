"""Conditions in Qdrant Edge's terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qdrant_edge import FieldCondition, Filter, HasIdCondition, MatchAny, MatchValue, RangeFloat

from workers.index.layout import Is, IsIn, Within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.index.layout import Condition


def all_of(conditions: Sequence[Condition]) -> Filter:
    """Points that satisfy each."""
    return Filter(must=[_field(condition) for condition in conditions])


def named(point: str, gtin: str, conditions: Sequence[Condition]) -> Filter:
    """The point of this id and those of this gtin, where they satisfy each condition."""
    either = Filter(should=[HasIdCondition({point}), FieldCondition("gtin", match=MatchValue(gtin))])
    return Filter(must=[either, *(_field(condition) for condition in conditions)])


def older(version: int) -> Filter:
    """Points whose stored version is below this one."""
    return Filter(must=[FieldCondition("version", range=RangeFloat(lt=version))])


def still(version: int, point: str) -> Filter:
    """This point, if its stored version is this one."""
    return _of(point, FieldCondition("version", match=MatchValue(version)))


def owing(point: str, fingerprint: str) -> Filter:
    """This point, if it is owed the vector of this fingerprint."""
    return _of(point, FieldCondition("vector_due", match=MatchValue(fingerprint)))


def but(point: str) -> Filter:
    """Every other point."""
    return Filter(must_not=[HasIdCondition({point})])


def _of(point: str, condition: FieldCondition) -> Filter:
    return Filter(must=[HasIdCondition({point}), condition])


def _field(condition: Condition) -> FieldCondition:
    match condition:
        case Is(field, value):
            return FieldCondition(field, match=MatchValue(value))
        case IsIn(field, values):
            return FieldCondition(field, match=MatchAny(values))
        case Within(field, least, most):
            return FieldCondition(field, range=RangeFloat(gte=least, lte=most))
