"""Conditions: a filter as data, which both backends translate, and which can be asked of values without the index."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from schemas.points import Status
from schemas.queries import Filters
from schemas.texts import attribute_key, field_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    ValueOf = Callable[[str], object]
    """Returns the value that a point has in a field, as its payload holds it."""

SEVERAL, NUMBERS = (list, tuple, frozenset), (int, float)


class Is(NamedTuple):
    """The condition that a field, or one element of a list field, equals a value."""

    field: str
    value: str

    def holds(self, value_of: ValueOf, _: str = "") -> bool:
        """Return whether a point with these values satisfies the condition, as the filter of the index has it."""
        has = value_of(self.field)
        return has == self.value or (isinstance(has, SEVERAL) and self.value in has)


class IsIn(NamedTuple):
    """The condition that a field, or one element of a list field, equals one of several values."""

    field: str
    values: list[int] | list[str]

    def holds(self, value_of: ValueOf, _: str = "") -> bool:
        """Return whether these values satisfy the condition. Of another type they are others, as 1.0 and true are to 1.

        An index of integers takes 1.0 for 1 (docs/traps.md#qdrant-edge); no field that has one holds it.
        """
        has = value_of(self.field)
        several = has if isinstance(has, SEVERAL) else (has,)
        return any(type(each) is type(one) and each == one for each in several for one in self.values)


class Within(NamedTuple):
    """The condition that a field has a value from `least` to `most`; None means no bound."""

    field: str
    least: float | None
    most: float | None

    def holds(self, value_of: ValueOf, _: str = "") -> bool:
        """Return whether these values satisfy the condition. Of a list one element must be within the bounds."""
        has = value_of(self.field)
        return any(map(self._has, has)) if isinstance(has, SEVERAL) else self._has(has)

    def _has(self, value: object) -> bool:
        return (
            isinstance(value, NUMBERS)
            and not isinstance(value, bool)
            and (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
        )


class IsOneOf(NamedTuple):
    """The condition that a point has one of these ids."""

    points: tuple[str, ...]

    def holds(self, _: ValueOf, point: str = "") -> bool:
        """Return whether the point has one of the ids; `point` is its own."""
        return point in self.points


class Except(NamedTuple):
    """The condition that another condition holds and that a point has none of these ids."""

    condition: Within
    points: tuple[str, ...]

    def holds(self, value_of: ValueOf, point: str = "") -> bool:
        """Return whether a point with these values and this id satisfies the condition."""
        return point not in self.points and self.condition.holds(value_of, point)


class Lacks(NamedTuple):
    """The condition that another condition does not hold."""

    condition: Within

    def holds(self, value_of: ValueOf, _: str = "") -> bool:
        """Return whether these values satisfy the condition."""
        return not self.condition.holds(value_of)


class AnyOf(NamedTuple):
    """The condition that at least one of these conditions holds."""

    conditions: tuple[Is | IsIn | IsOneOf | Except, ...]

    def holds(self, value_of: ValueOf, point: str = "") -> bool:
        """Return whether a point with these values and this id satisfies one of the conditions."""
        return any(each.holds(value_of, point) for each in self.conditions)


Condition = Is | IsIn | Within | Lacks | IsOneOf | Except | AnyOf

VISIBLE = Is("status", Status.VISIBLE.value)
HIDDEN = IsIn("status", [status.value for status in Status if status is not Status.VISIBLE])
CANARY = Is("status", Status.CANARY.value)
"""The condition of canaries, which every count and every scan leaves out."""
EMBEDDING_PENDING = Within("vector_due_at_ms", 0, None)
ALERTS_PENDING = Within("alerts_due_at_ms", 0, None)

_KEYWORDS = {
    "seller": "sellers",
    "availability": "availability",
}
"""The payload field by the name of the filter."""
_NAMES = ("brand", "category")
"""Filters for names, and their payload fields."""


def conditions(filters: Filters) -> list[Condition]:
    """Return the conditions of these filters.

    No condition checks `status`, since points that are not visible carry no vectors.
    """
    keywords = ((field, getattr(filters, name)) for name, field in _KEYWORDS.items())
    named = ((name, getattr(filters, name)) for name in _NAMES)
    return [
        *([] if filters.currency is None else [_in_currency(filters, filters.currency)]),
        *(_one_of(field, values) for field, values in keywords if values is not None),
        *(_named(name, values) for name, values in named if values is not None),
        *(_one_of("name_keys", keys) for keys in _attribute_keys(filters)),
        *_price_within(filters),
        *([] if filters.min_rating is None else [Within("rating", filters.min_rating, None)]),
        *([filters.condition] if isinstance(filters, FiltersAnd) else []),
    ]


def name_keys_of(filters: Filters) -> tuple[frozenset[str], ...]:
    """Return the keys of the names that each filter for names lets pass, and each attribute."""
    named = ((name, getattr(filters, name)) for name in _NAMES)
    keys = [_field_keys(name, values) for name, values in named if values is not None]
    return tuple(map(frozenset, [*keys, *_attribute_keys(filters)]))


def _field_keys(field: str, names: Sequence[str]) -> list[str]:
    return [field_key(field, each) for each in names]


def _attribute_keys(filters: Filters) -> list[list[str]]:
    return [[attribute_key(name, each) for each in values] for name, values in filters.attributes.items()]


class FiltersAnd(Filters):
    """Filters with one condition more."""

    condition: Within | Lacks


class FiltersNow(Filters):
    """Filters that compare the prices of one moment."""

    turned: tuple[str, ...]
    """The points whose sale window has turned and whose stored price is still the one before."""
    passing: tuple[str, ...]
    """The turned points whose price at the moment is within the bounds."""


class FiltersOfOffers(Filters):
    """Filters whose currency is that of some offer, and not that of the item's own price."""


def _in_currency(filters: Filters, currency: str) -> Is:
    return Is("currencies" if isinstance(filters, FiltersOfOffers) else "currency", currency)


def _price_within(filters: Filters) -> list[Condition]:
    within = Within("price", filters.min_price, filters.max_price)
    if (within.least, within.most) == (None, None):
        return []
    if not isinstance(filters, FiltersNow) or not filters.turned:
        return [within]
    return [AnyOf((IsOneOf(filters.passing), Except(within, filters.turned)))]


def _named(field: str, values: Sequence[str]) -> AnyOf:
    """Return the condition for names, however they are written. Points of earlier releases have no keys of names."""
    return AnyOf((_one_of("name_keys", _field_keys(field, values)), _one_of(field, values)))


def _one_of(field: str, values: Sequence[str]) -> Is | IsIn:
    return Is(field, values[0]) if len(values) == 1 else IsIn(field, list(values))


def in_partitions(partitions: Collection[int] | None) -> list[Condition]:
    """Return the condition that the item of a point belongs to one of these partitions; none for all partitions."""
    return [] if partitions is None else [IsIn("partition", list(partitions))]


def price_change_due(now_ms: int) -> Condition:
    """Return the condition that a sale window has turned since the price was computed."""
    return Within("price_changes_at_ms", None, now_ms)
