"""The words of all items of a catalogue, which follows each change of an item."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from heapq import nsmallest
from sys import intern
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from workers.words.chunks import is_unspaced
from workers.words.stems import singular, stem

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Mapping

ITEMS_MAX = 1_000_000
"""The most items whose words are remembered. Search still finds the words of other items, but they are not suggested as
completions or corrections."""
FORMS_MAX = 8
"""The most forms of a word that a query is searched for with."""
RUNS_KNOWN_MAX, RUNS_KNOWN_SHARE = 1_024, 1 / 16
"""For so many words of scripts without blanks the number of items is remembered, until this share of all items has
changed. To count the runs with a word takes 2 ms among 60,000."""
_LAST = "\U0010ffff"


class _Item(NamedTuple):
    version: int
    words: tuple[str, ...]
    brand: str | None
    attributes: tuple[str, ...]
    stems: tuple[str, ...]


_NO_ITEM = _Item(-1, (), None, (), ())


class Vocabulary:
    """The words of a catalogue with the number of items that have each. It lives in one process, on its event loop.

    An item is put whole, and the highest version counts, so changes may come twice and in any order.
    """

    def __init__(self, items_max: int = ITEMS_MAX, language: str | None = None) -> None:
        """`language`: that of texts that name none, whose words have `forms`; None for no such language."""
        self._items_max = items_max
        self._language = language
        self._forms: dict[str, set[str]] = {}
        """The words by the terms of their stems."""
        self._items: dict[str, _Item] = {}
        self._counts: dict[str, int] = {}
        self._written: dict[str, str] = {}
        """The words whose written form is another one."""
        self._sorted: list[str] = []
        self._having_run: dict[str, int] = {}
        self._changes = 0
        """The number of items that have changed since then."""
        self._brands: Counter[str] = Counter()
        self._stems: Counter[str] = Counter()
        self._having_attribute: Counter[str] = Counter()
        self._attributes: dict[str, str] = {}

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self._counts)

    def __contains__(self, word: object) -> bool:
        """Return whether a visible item has this word, which is folded."""
        return word in self._counts

    def version(self, product_id: str) -> int:
        """Return the version of an item whose words are known; -1 if none is."""
        return self._items.get(product_id, _NO_ITEM).version

    @property
    def items(self) -> int:
        """The number of items whose words are known."""
        return len(self._items)

    def items_with(self, chunk: str) -> int:
        """Return the number of items with a folded word or its plural; in a script without blanks, with it in a run.

        An item that has it in two forms counts twice. A run is counted again once a sixteenth of the items has changed.
        """
        if is_unspaced(chunk):
            return self._items_with_run(chunk)
        one = singular(chunk)
        return sum(self._counts.get(form, 0) for form in {chunk, one, f"{chunk}s", f"{one}s", f"{one}es"})

    def forms(self, chunk: str) -> list[str]:
        """Return the other words with the stem of a folded word, those that most items have first; none without a
        language."""
        if self._language is None or not chunk.isalpha():
            return []
        same = self._forms.get(stem(chunk, self._language), set())
        return self.frequent((word for word in same if singular(word) != singular(chunk)), FORMS_MAX)

    @property
    def stems(self) -> Mapping[str, int]:
        """The terms of the stems in titles of a language that is stemmed, each with how many items have it."""
        return self._stems

    @property
    def brands(self) -> Container[str]:
        """The brands of visible items, as `workers.words.identity.brand_key` gives them."""
        return self._brands

    @property
    def attributes(self) -> Mapping[str, str]:
        """The colours and sizes of visible items as NAME:VALUE, by their terms."""
        return self._attributes

    def put(
        self,
        product_id: str,
        version: int,
        words: Mapping[str, str],
        brand: str | None = None,
        attributes: Mapping[str, str] = MappingProxyType({}),
        stems: Collection[str] = (),
    ) -> None:
        """Replace all that is known of an item; a hidden item gives nothing. Known are its words, each folded and as it
        is written, its brand, its colours and sizes as NAME:VALUE by their terms, and the terms of its stems.

        Nothing happens if a higher version of the item was put, or if there are too many items.
        """
        known = self._items.get(product_id, _NO_ITEM)
        if known is _NO_ITEM and len(self._items) >= self._items_max:
            return
        if known.version >= version:
            return
        had = set(known.words)
        for word in words.keys() - had:
            self._add(word, words[word])
        for word in had - words.keys():
            self._remove(word)
        now = _item(version, words, brand, attributes, stems)
        _replace(self._brands, _one(known.brand), _one(now.brand))
        _replace(self._stems, known.stems, now.stems)
        self._attributes |= {term: attributes[term] for term in now.attributes if term not in self._attributes}
        for term in _replace(self._having_attribute, known.attributes, now.attributes):
            del self._attributes[term]
        self._items[intern(product_id)] = now
        self._changes += 1

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

    def _items_with_run(self, chunk: str) -> int:
        if self._changes > RUNS_KNOWN_SHARE * len(self._items) or len(self._having_run) >= RUNS_KNOWN_MAX:
            self._having_run.clear()
            self._changes = 0
        if chunk not in self._having_run:
            self._having_run[chunk] = sum(having for word, having in self._counts.items() if chunk in word)
        return self._having_run[chunk]

    def _add(self, word: str, written: str) -> None:
        if word in self._counts:
            self._counts[word] += 1
            return
        word = intern(word)
        self._counts[word] = 1
        insort(self._sorted, word)
        if self._language is not None and word.isalpha():
            self._forms.setdefault(stem(word, self._language), set()).add(word)
        if written != word:
            self._written[word] = written

    def _remove(self, word: str) -> None:
        self._counts[word] -= 1
        if not self._counts[word]:
            del self._counts[word], self._sorted[bisect_left(self._sorted, word)]
            self._written.pop(word, None)
            if self._language is not None and word.isalpha():
                self._forms[stem(word, self._language)].discard(word)


def _item(
    version: int, words: Iterable[str], brand: str | None, attributes: Iterable[str], stems: Iterable[str]
) -> _Item:
    kept = [tuple(map(intern, each)) for each in (words, attributes, stems)]
    return _Item(version, kept[0], brand and intern(brand), kept[1], kept[2])


def _one(brand: str | None) -> list[str]:
    return [brand] if brand else []


def _replace(counts: Counter[str], before: Collection[str], now: Iterable[str]) -> list[str]:
    """Count what an item has now instead of what it had. Returns what no item has any more."""
    if before == now:
        return []
    counts.update(now)
    counts.subtract(before)
    gone = [each for each in before if not counts[each]]
    for each in gone:
        del counts[each]
    return gone
