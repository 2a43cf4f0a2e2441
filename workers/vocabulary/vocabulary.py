"""The words of all items of a catalogue, which follows each change of an item."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from heapq import nsmallest
from sys import intern
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

ITEMS_MAX = 1_000_000
"""The most items whose words are remembered. The words of others are found, and neither completed nor corrected to."""
_LAST = "\U0010ffff"


class _Item(NamedTuple):
    version: int
    words: tuple[str, ...]
    brand: str | None


class Vocabulary:
    """The words of a catalogue with the number of items that have each. It lives in one process, on its event loop.

    An item is put whole, and the highest version counts, so changes may come twice and in any order.
    """

    def __init__(self, items_max: int = ITEMS_MAX) -> None:
        self._items_max = items_max
        self._items: dict[str, _Item] = {}
        self._counts: dict[str, int] = {}
        self._written: dict[str, str] = {}
        """The words whose written form is another one."""
        self._sorted: list[str] = []
        self._brands: Counter[str] = Counter()

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self._counts)

    def __contains__(self, word: object) -> bool:
        """Return whether a visible item has this word, which is folded."""
        return word in self._counts

    def version(self, product_id: str) -> int:
        """Return the version of an item whose words are known; -1 if none is."""
        item = self._items.get(product_id)
        return -1 if item is None else item.version

    @property
    def brands(self) -> Container[str]:
        """The brands of visible items, as `workers.words.identity.brand_key` gives them."""
        return self._brands

    def put(self, product_id: str, version: int, words: Mapping[str, str], brand: str | None = None) -> None:
        """Replace the words of an item, each folded and as it is written, and its brand; none if the item is hidden.

        Nothing happens if a higher version of the item was put, or if there are too many items.
        """
        known = self._items.get(product_id)
        if known is None and len(self._items) >= self._items_max:
            return
        if known is not None and known.version >= version:
            return
        for word, written in words.items():
            self._add(word, written)
        for word in known.words if known is not None else ():
            self._remove(word)
        self._replace_brand(None if known is None else known.brand, brand)
        self._items[intern(product_id)] = _Item(version, tuple(map(intern, words)), brand and intern(brand))

    def completions(self, prefix: str, limit: int) -> list[str]:
        """Return the words that begin with a folded prefix, those that most items have first."""
        start, end = bisect_left(self._sorted, prefix), bisect_left(self._sorted, prefix + _LAST)
        return self.frequent(self._sorted[start:end], limit)

    def frequent(self, words: Iterable[str], limit: int) -> list[str]:
        """Return the words among these that most items have, equally frequent ones in the order of the alphabet."""
        return nsmallest(limit, words, key=lambda word: (-self._counts.get(word, 0), word))

    def words(self) -> list[str]:
        """Return all words, in the order of their characters. The list is not to be changed."""
        return self._sorted

    def written(self, word: str) -> str:
        """Return a folded word as an item has written it, in lower case."""
        return self._written.get(word, word)

    def _replace_brand(self, before: str | None, now: str | None) -> None:
        if now is not None:
            self._brands[now] += 1
        if before is not None:
            self._brands[before] -= 1
            if not self._brands[before]:
                del self._brands[before]

    def _add(self, word: str, written: str) -> None:
        if word in self._counts:
            self._counts[word] += 1
            return
        word = intern(word)
        self._counts[word] = 1
        insort(self._sorted, word)
        if written != word:
            self._written[word] = written

    def _remove(self, word: str) -> None:
        self._counts[word] -= 1
        if not self._counts[word]:
            del self._counts[word], self._sorted[bisect_left(self._sorted, word)]
            self._written.pop(word, None)
