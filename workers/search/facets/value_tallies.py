"""Counts items by the values of a field: brands, levels of categories, sellers, availability, attributes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from typing_extensions import override

from schemas.refinements import Refinement
from schemas.texts import attribute_values, name_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workers.index.traits import Traits

    _Texts = tuple[str, ...]
    """The texts that an item has in a field; or a value: one text, or a level of a category with those above it."""

VALUES_MAX = 100
"""The most values of a field, or of a level of a category. The most frequent ones are answered."""
VALUES_KNOWN_MAX = 100_000


class CountedItem(NamedTuple):
    """An item to be counted."""

    item: Traits
    price: float | None
    """The price now."""
    key: str
    """Items with the same key count as one."""


@lru_cache(VALUES_KNOWN_MAX)
def _values_of_text(text: str) -> _Texts:
    return tuple(attribute_values(text))


class ValueTally(ABC):
    """Counts the values of a field, each level of a category below the one above it, in the spelling of most items."""

    def __init__(self, parameter: str | None, grouped: bool, prefix: str = "") -> None:
        """`parameter`: the filter of the field, whose values begin with `prefix`."""
        self._parameter = parameter
        self._grouped = grouped
        self._prefix = prefix
        self._numbers: Counter[_Texts] = Counter()
        """The number of items that have the same texts. Found items have few different ones."""
        self._keys: dict[_Texts, list[str]] = defaultdict(list)
        """The keys of these items, where several may have the same."""

    @abstractmethod
    def texts_of(self, item: Traits) -> _Texts:
        """Return the texts that an item has in the field."""

    def values_of(self, texts: _Texts) -> list[_Texts]:
        """Return the values that texts are: each by itself, unless a field says otherwise."""
        return [(text,) for text in texts]

    def compared(self, value: _Texts) -> _Texts:
        """Return the key that a value is compared by: names that differ in case are one, unless a field says
        otherwise."""
        return _compared(value)

    def add(self, counted: Iterable[CountedItem]) -> None:
        """Count these items."""
        given = [(self.texts_of(item), key) for item, _, key in counted]
        self.add_numbers(Counter(texts for texts, _ in given))
        for texts, key in given if self._grouped else ():
            self._keys[texts].append(key)

    def add_numbers(self, numbers: Mapping[_Texts, int]) -> None:
        """Count so many items with the same texts, each of which has a key of its own."""
        self._numbers.update(numbers)

    def refinements(self) -> list[Refinement]:
        """Return the refinements, the most frequent first."""
        having: dict[_Texts, list[_Texts]] = defaultdict(list)
        written: dict[_Texts, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for texts, number in self._numbers.items():
            values = {value: self.compared(value) for value in self.values_of(texts)}
            for compared in set(values.values()):
                having[compared].append(texts)
            for value, compared in values.items():
                written[compared][value[-1]] += number
        counts = {value: self._items_with(several) for value, several in having.items()}
        shown = {value: min(texts, key=lambda text: (-texts[text], text)) for value, texts in written.items()}
        below: dict[_Texts, list[_Texts]] = defaultdict(list)
        for value in shown:
            below[value[:-1]].append(value)

        def level(parent: _Texts) -> list[Refinement]:
            best = sorted(below[parent], key=lambda value: (-counts[value], shown[value]))[:VALUES_MAX]
            return [
                _refinement(shown[each], counts[each], self._parameter, f"{self._prefix}{shown[each]}", level(each))
                for each in best
            ]

        return level(())

    def _items_with(self, several: Sequence[_Texts]) -> int:
        """Return the number of items with one of these texts, those with the same key as one."""
        if self._grouped:
            return len(set().union(*(self._keys[texts] for texts in several)))
        return sum(self._numbers[texts] for texts in several)


class CategoryTally(ValueTally):
    """Counts items by each level of their category."""

    @override
    def texts_of(self, item: Traits) -> _Texts:
        return item.category

    @override
    def values_of(self, texts: _Texts) -> list[_Texts]:
        """Return each level of a category with those above it."""
        return [texts[:depth] for depth in range(1, len(texts) + 1)]


class BrandTally(ValueTally):
    """Counts items by brand."""

    @override
    def texts_of(self, item: Traits) -> _Texts:
        return _one(item.brand)


class SellerTally(ValueTally):
    """Counts items by the sellers that offer them."""

    @override
    def texts_of(self, item: Traits) -> _Texts:
        return item.sellers

    @override
    def compared(self, value: _Texts) -> _Texts:
        """Return the value itself: sellers that differ in case are two."""
        return value


class AvailabilityTally(ValueTally):
    """Counts items by availability."""

    @override
    def texts_of(self, item: Traits) -> _Texts:
        return _one(item.availability)


class AttributeTally(ValueTally):
    """Counts items by the values of one attribute."""

    def __init__(self, attribute: str, grouped: bool) -> None:
        # A filter is NAME:VALUE, so it cannot say a name that has a colon itself.
        super().__init__(None if ":" in attribute else "attribute", grouped, f"{attribute}:")
        self._attribute = attribute

    @override
    def texts_of(self, item: Traits) -> _Texts:
        value = item.attributes.get(self._attribute)
        # Most values are texts, and a catalogue says few different ones.
        return _values_of_text(value) if isinstance(value, str) else tuple(attribute_values(value))


def _one(text: str | None) -> _Texts:
    return (text,) if text else ()


def _refinement(value: str, count: int, parameter: str | None, wanted: str, children: list[Refinement]) -> Refinement:
    filters: dict[str, str | float] = {} if parameter is None else {parameter: wanted}
    return Refinement(value=value, count=count, filters=filters, children=children)


@lru_cache(VALUES_KNOWN_MAX)
def _compared(value: _Texts) -> _Texts:
    """Return the key that a value is compared by. A catalogue has few, and making one takes 3 us a text."""
    return tuple(map(name_key, value))
