"""A watch, the words that it asks for, and whether an item matches it: pure functions of values."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from workers.index.conditions import Is, IsIn, Within, conditions, name_keys_of
from workers.point.payload import is_visible
from workers.state.prices import offers_by, price_now
from workers.watches.offered import asked_price, moment_ms, prices_of
from workers.words.chunks import terms
from workers.words.query import FUNCTION_WORDS, joined
from workers.words.written import chunks_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from schemas.points import Content
    from schemas.watches import WatchRecord
    from workers.index.conditions import Condition, ValueOf
    from workers.watches.offered import AskedPrice, PriceKey


class Watch(NamedTuple):
    """A standing query, with its conditions in the form in which they are compared."""

    watch_id: str
    record: WatchRecord
    terms: frozenset[str]
    """The terms of all words. An item whose text has all of them says the query."""
    words: tuple[frozenset[str], ...]
    """Each of these terms with those by which an item may say its word run together with the words beside it: the text
    of an item must have one of each."""
    joined: frozenset[str]
    """The terms of words that are run together: `wh1000xm5` of `wh 1000 xm5`."""
    keys: tuple[frozenset[str], ...]
    """The values of each filter for names, as `name_keys` of a point has them. An item must have one of each set."""
    price: AskedPrice | None
    """The price that it compares; None if it compares none."""
    of_values: tuple[Condition, ...]
    """The conditions of the index that compare other filter values."""
    of_product: tuple[Condition, ...]
    """The conditions that compare fields of the product."""


class FilterValues(NamedTuple):
    """The values of an item, at one moment, that the filters of watches compare."""

    visible: bool
    sellers: frozenset[str]
    rating: float | None
    prices: Mapping[PriceKey, float]


VALUE_FIELDS = frozenset(FilterValues._fields)
NOTHING = FilterValues(False, frozenset(), None, MappingProxyType({}))
"""An item that the index does not have."""


def watch_of(watch_id: str, record: WatchRecord) -> Watch:
    """Return the watch of a record."""
    filters = record.filters
    asked = conditions(filters.model_copy(update=dict.fromkeys(("currency", "min_price", "max_price"))))
    of_values = tuple(each for each in asked if isinstance(each, Is | IsIn | Within) and each.field in VALUE_FIELDS)
    of_product = tuple(each for each in asked if each not in of_values)
    said, keys = _said(counting_words(record.q or "")), name_keys_of(filters)
    return Watch(watch_id, record, *said, keys, asked_price(filters), of_values, of_product)


def _said(found: Sequence[str]) -> tuple[frozenset[str], tuple[frozenset[str], ...], frozenset[str]]:
    """Return `terms`, `words` and `joined` of a watch with these words."""
    together: list[set[str]] = [set() for _ in found]
    for start, end, whole in joined(found):
        for covered in together[start:end]:
            covered.add(whole)
    said = [(term, wholes) for word, wholes in zip(found, together, strict=True) for term in terms(word).whole]
    words = tuple(frozenset((term, *wholes)) for term, wholes in said)
    return frozenset(term for term, _ in said), words, frozenset().union(*together)


def counting_words(text: str) -> list[str]:
    """Return the words of a query that an item must have: all but words such as `for`, if there are others."""
    found = list(dict.fromkeys(chunks_of(text)))
    return [word for word in found if word not in FUNCTION_WORDS] or found


def is_said(watch: Watch, said: AbstractSet[str]) -> bool:
    """Return whether a text that says these terms says all words of a watch, in any spelling of its compounds."""
    if watch.terms <= said:
        return True
    return not said.isdisjoint(watch.joined) and not any(map(said.isdisjoint, watch.words))


def filter_values(point: Content) -> FilterValues:
    """Return the filter values of a point; its head has them all."""
    return FilterValues(is_visible(point), frozenset(point["sellers"] or ()), point["rating"], prices_of(point))


def passes(watch: Watch, values: FilterValues) -> bool:
    """Return whether the filter values of an item pass the watch's conditions on them."""
    return (
        values.visible
        and (watch.price is None or watch.price.is_one_of(values.prices))
        and (not watch.of_values or _all_hold(watch.of_values, values.__getattribute__))
    )


def shown_price(watch: Watch, point: Content, shop_currency: str | None) -> tuple[float | None, str | None]:
    """Return the price and the currency that an item has for a watch, as a hit of a search with its filters has it."""
    filters = watch.record.filters
    if filters.seller is None and filters.currency in (None, point["currency"]):
        return point["price"], point["currency"]
    offers = offers_by(point["offers"] or (), filters.seller)
    return price_now(offers, filters.currency or shop_currency, moment_ms(point))


def fits(watch: Watch, point: Content, said: AbstractSet[str]) -> bool:
    """Return whether the product of an item, whose text says these terms, is one that the watch is for."""
    is_for = is_said(watch, said) and watch.record.product_id in (None, point["product_id"])
    return is_for and _all_hold(watch.of_product, point.get)


def _all_hold(conditions: Iterable[Condition], value_of: ValueOf) -> bool:
    # Hundreds of watches an event: `all` of a generator takes half as long again.
    for condition in conditions:  # noqa: SIM110
        if not condition.holds(value_of):
            return False
    return True
