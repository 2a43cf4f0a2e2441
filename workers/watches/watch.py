"""A watch, the words that it asks for, and whether an item matches it: pure functions of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from schemas.texts import name_key
from workers.point.payload import is_visible
from workers.words.chunks import chunks, terms
from workers.words.folding import folded
from workers.words.query import FUNCTION_WORDS

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from schemas.points import Content
    from schemas.queries import Filters
    from schemas.watches import WatchRecord


class Watch(NamedTuple):
    """A standing query, with its conditions in the form in which they are compared."""

    watch_id: str
    record: WatchRecord
    terms: frozenset[str]
    """What the text of an item must say, all of it."""
    brand_key: str | None
    """The key of the brand that an item must have, as `name_keys` of a point has it."""
    category_key: str | None


class Facts(NamedTuple):
    """The values of an item, at one moment, that the filters of watches compare."""

    visible: bool
    price: float | None
    currency: str | None
    sellers: frozenset[str]
    rating: float | None


NOTHING = Facts(False, None, None, frozenset(), None)
"""An item that the index does not have."""


def watch_of(watch_id: str, record: WatchRecord) -> Watch:
    """Return the watch of a record."""
    brand, category = record.filters.brand, record.filters.category
    return Watch(
        watch_id,
        record,
        query_terms_all(record.q or ""),
        None if brand is None else f"brand:{name_key(brand)}",
        None if category is None else f"category:{name_key(category)}",
    )


def counting_words(text: str) -> list[str]:
    """Return the words of a query that an item must have: all but words such as `for`, if there are others."""
    found = list(dict.fromkeys(chunks(folded(text))))
    return [word for word in found if word not in FUNCTION_WORDS] or found


def query_terms_all(text: str) -> frozenset[str]:
    """Return the terms that say all of a query: no synonyms, no stems, no parts of its words."""
    return frozenset(term for word in counting_words(text) for term in terms(word).whole)


def facts_of(point: Content) -> Facts:
    """Return the facts of a point, of which its head is enough."""
    return Facts(
        is_visible(point), point["price"], point["currency"], frozenset(point["sellers"] or ()), point["rating"]
    )


def passes(filters: Filters, facts: Facts) -> bool:
    """Return whether the facts of an item pass those of the filters that compare them."""
    return (
        facts.visible
        and (filters.currency is None or filters.currency == facts.currency)
        and (filters.max_price is None or (facts.price is not None and facts.price <= filters.max_price))
        and (filters.min_price is None or (facts.price is not None and facts.price >= filters.min_price))
        and (filters.seller is None or filters.seller in facts.sellers)
        and (filters.min_rating is None or (facts.rating is not None and facts.rating >= filters.min_rating))
    )


def fits(watch: Watch, point: Content, said: AbstractSet[str]) -> bool:
    """Return whether the product of an item, whose text says these terms, is one that the watch is for."""
    record, keys = watch.record, point["name_keys"] or ()
    filters = record.filters
    return (
        watch.terms <= said
        and (record.product_id is None or record.product_id == point["product_id"])
        and (filters.availability is None or filters.availability == point["availability"])
        # Points of earlier releases have no keys of names.
        and (watch.brand_key is None or watch.brand_key in keys or filters.brand == point["brand"])
        and (watch.category_key is None or watch.category_key in keys or filters.category in point["category"])
    )
