"""All watches of a process, found by the change of an item: an inverted index over their products, words and
filters."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from workers.state.projection import name_keys
from workers.watches.bounds import Bounds, PriceBounds
from workers.watches.watch import NOTHING, filter_values, fits, passes
from workers.words.item import item_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from schemas.points import Content
    from workers.watches.bounds import Run
    from workers.watches.offered import PriceKey
    from workers.watches.watch import FilterValues, Watch

_Key = TypeVar("_Key")

TURNING_MAX = 1_024
"""If one change of a price turns the filters of more watches than this, only those that share a word with the item are
checked. A watch costs 0.1 us where the item lacks its words. With 256 the 99th percentile of a price that falls was
3.4 to 4.0 ms beside 10,000 watches, with 1,024 it is 2.3, with 4,096 2.5 to 3.1."""


_WATCH_ID = itemgetter(1)
"""The id of the watch of a bound."""


class Side(NamedTuple):
    """An item before a change, or after it."""

    point: Content | None
    """Its payload, or only the head of it where the product has not changed; None if the index does not have it.
    """
    said: AbstractSet[str] | None = None
    """The terms of its text; None: they are computed from the payload, where they are needed."""

    @property
    def filter_values(self) -> FilterValues:
        """The values that filters compare."""
        return NOTHING if self.point is None else filter_values(self.point)


class WatchSet:
    """The watches that are in force. It lives on one event loop."""

    def __init__(self, turning_max: int = TURNING_MAX) -> None:
        self._turning_max = turning_max
        self._watches: dict[str, Watch] = {}
        self._by_product: dict[str, set[str]] = {}
        self._by_key: dict[str, set[str]] = {}
        """The watches of searches by key; an item must have one of a watch's keys to match it."""
        self._keys_of: dict[str, Collection[str]] = {}
        self._by_seller: dict[str, set[str]] = {}
        self._by_price: dict[PriceKey, PriceBounds] = {}
        self._by_owner: dict[tuple[str, str | None], set[str]] = {}
        """The watches by owner and key."""
        self._of_key: dict[str, list[str]] = {}
        """The ids of the watches of each key, in order."""
        self._rating_min = Bounds()

    def __len__(self) -> int:
        """Return the number of watches."""
        return len(self._watches)

    def __iter__(self) -> Iterator[Watch]:
        """Iterate over all watches."""
        return iter(self._watches.values())

    def get(self, watch_id: str) -> Watch | None:
        """Return a watch; None if it is not in force."""
        return self._watches.get(watch_id)

    def count_of(self, owner: str, key: str | None = None) -> int:
        """Return how many watches an owner of this key has."""
        return len(self._by_owner.get((owner, key), ()))

    def of_key(self, key: str, owner: str | None, after: str, limit: int) -> list[Watch]:
        """Return watches of a key with ids above `after`, in their order; of one owner, or of all for None."""
        ids = self._of_key.get(key, []) if owner is None else sorted(self._by_owner.get((owner, key), ()))
        start = bisect_right(ids, after)
        return [self._watches[each] for each in ids[start : start + limit]]

    def put(self, watch: Watch) -> None:
        """Add a watch, or replace the one with its id."""
        self.remove(watch.watch_id)
        watch_id, record = watch.watch_id, watch.record
        self._watches[watch_id] = watch
        self._by_owner.setdefault((record.owner, record.key), set()).add(watch_id)
        if record.key is not None:
            insort(self._of_key.setdefault(record.key, []), watch_id)
        if record.product_id is not None:
            self._by_product.setdefault(record.product_id, set()).add(watch_id)
            return
        self._keys_of[watch_id] = keys = self._rarest_keys(watch)
        for key in keys:
            self._by_key.setdefault(key, set()).add(watch_id)
        for seller in record.filters.seller or ():
            self._by_seller.setdefault(seller, set()).add(watch_id)
        for asked in _prices(watch):
            self._by_price.setdefault(asked, PriceBounds()).add(watch_id, record.filters)
        self._rating_min.add(record.filters.min_rating, watch_id)

    def remove(self, watch_id: str) -> None:
        """Remove a watch, if it is there."""
        watch = self._watches.pop(watch_id, None)
        if watch is None:
            return
        record = watch.record
        _discard(self._by_owner, (record.owner, record.key), watch_id)
        if record.key is not None:
            of_key = self._of_key[record.key]
            del of_key[bisect_left(of_key, watch_id)]
        if record.product_id is not None:
            _discard(self._by_product, record.product_id, watch_id)
            return
        for key in self._keys_of.pop(watch_id):
            _discard(self._by_key, key, watch_id)
        for seller in record.filters.seller or ():
            _discard(self._by_seller, seller, watch_id)
        for asked in _prices(watch):
            self._by_price[asked].remove(watch_id, record.filters)
            if not len(self._by_price[asked]):
                del self._by_price[asked]
        self._rating_min.remove(record.filters.min_rating, watch_id)

    def of_product(self, product_id: str) -> list[Watch]:
        """Return the watches of one product."""
        return [self._watches[each] for each in self._by_product.get(product_id, ())]

    def turning(self, before: FilterValues, after: FilterValues) -> list[Watch] | None:
        """Return the watches of searches some filter of which passes after a change and did not before.

        None if they are too many, or not known by the change alone: then `asking` finds fewer.
        """
        if not (before.visible and after.visible):
            return None
        found = {each for seller in after.sellers - before.sellers for each in self._by_seller.get(seller, ())}
        for run in self._passed(before, after):
            if len(found) + len(run) > self._turning_max:
                return None
            found.update(map(_WATCH_ID, run))
        return None if len(found) > self._turning_max else [self._watches[each] for each in found]

    def asking(self, point: Content, said: AbstractSet[str]) -> list[Watch]:
        """Return the watches of searches that the product of an item may fit, each once."""
        keys = self._by_key.keys() & {*said, *(point["name_keys"] or ()), *_named(point), _ANY}
        return [self._watches[each] for each in set[str]().union(*(self._by_key[key] for key in keys))]

    def _passed(self, before: FilterValues, after: FilterValues) -> Iterator[Run]:
        """Iterate over the runs of bounds that the prices and the rating of an item have come to keep."""
        for key in self._by_price.keys() & {*before.prices, *after.prices}:
            yield from self._by_price[key].turned(before.prices.get(key), after.prices.get(key))
        if after.rating is not None:
            yield self._rating_min.passed(-math.inf if before.rating is None else before.rating, after.rating)

    def _rarest_keys(self, watch: Watch) -> Collection[str]:
        """Return the keys with the fewest watches, of equal ones those of the longest word: an item must have one of
        them."""

        def rank(keys: Collection[str]) -> tuple[int, int, list[str]]:
            return sum(len(self._by_key.get(key, ())) for key in keys), -min(map(len, keys)), sorted(keys)

        return min([*watch.words, *watch.keys] or [frozenset((_ANY,))], key=rank)


_ANY = ""
"""The key of a watch that names neither a word nor a brand nor a category. No term is empty."""


def newly_matching(watches: Iterable[Watch], before: Side, after: Side, now_ms: int) -> list[Watch]:
    """Return the watches among these that the item matches after a change and did not match before.

    Both sides have the whole payload, unless no watch compares more than filter values.
    """
    was, now = before.filter_values, after.filter_values
    if after.point is None or not now.visible:
        return []
    said = after.said
    # Of hundreds of watches, few ask for words that an item has, and nothing is compared as fast as words.
    if said is None:
        asking = list(watches)
    else:
        said = frozenset(said)  # Compared in half of the time that the keys of a dict take.
        asking = [each for each in watches if each.terms <= said or not each.joined.isdisjoint(said)]
    passing = [each for each in asking if passes(each, now) and now_ms < each.record.expires_at_ms]
    if not passing:
        return []
    said = item_words(after.point).counts.keys() if said is None else said
    fitting = [each for each in passing if fits(each, after.point, said)]
    if not fitting or before.point is None or not was.visible:
        return fitting
    said_before = before.said if before.said is not None else item_words(before.point).counts.keys()
    return [each for each in fitting if not (passes(each, was) and fits(each, before.point, said_before))]


def _named(point: Content) -> Iterator[str]:
    """Iterate over the keys of the names of a point of an earlier release, which has none."""
    return iter(name_keys(point["brand"], point["category"], {}) if not point["name_keys"] else ())


def _prices(watch: Watch) -> Iterable[PriceKey]:
    return () if watch.price is None else watch.price.keys


def _discard(sets: dict[_Key, set[str]], key: _Key, watch_id: str) -> None:
    sets[key].discard(watch_id)
    if not sets[key]:
        del sets[key]
