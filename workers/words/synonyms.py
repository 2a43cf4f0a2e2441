"""Synonyms and stop phrases: words that find other words as well, and phrases that a query is searched for without."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.setting_files import parse_setting_file
from workers.words.chunks import terms
from workers.words.phrases import WORDS_MAX, forms_of, phrase_key, phrases_in
from workers.words.query import query_terms
from workers.words.rarity import NO_COUNTS, RARITY_MIN, rarity
from workers.words.surface import words
from workers.words.written import chunks_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from workers.words.rarity import ItemCounts
    from workers.words.surface import Word

SYNONYM_WEIGHT = 0.8
"""The worth of a synonym beside the phrase itself: the item that says what was typed goes first."""
ENTRIES_MAX = 10_000


class OneWay(BaseModel):
    """A phrase that finds others as well, which do not find it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    phrase: str = Field(alias="from")
    to: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _checked(self) -> OneWay:
        for target in self.to:
            if forms_of(target) == forms_of(self.phrase):
                raise ValueError(f"to: {target} points to itself: leave it out")
        _check_phrases([self.phrase, *self.to])
        return self


class SynonymsFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    synonyms: list[list[str]] = Field(default_factory=list, max_length=ENTRIES_MAX)
    """Groups of phrases that find each other."""
    one_way: list[OneWay] = Field(default_factory=list, max_length=ENTRIES_MAX)
    stop: list[str] = Field(default_factory=list, max_length=ENTRIES_MAX)
    """Phrases that a query is searched for without."""

    @model_validator(mode="after")
    def _checked(self) -> SynonymsFile:
        for number, group in enumerate(self.synonyms):
            try:
                _check_group(group)
            except ValueError as error:
                raise ValueError(f"synonyms.{number}: {error}") from None
        try:
            _check_phrases(self.stop)
        except ValueError as error:
            raise ValueError(f"stop: {error}") from None
        return self


def read_synonyms(text: str, name: str) -> Synonyms:
    """Return the rules of a file. Raises Misconfigured with the `name` of the file and the field that is wrong."""
    return Synonyms(parse_setting_file(text, SynonymsFile, "FRESHLINE_SYNONYMS", name))


class Synonyms:
    """The rules of one file. They never change; another file is another object."""

    def __init__(self, file: SynonymsFile | None = None) -> None:
        self._targets: dict[tuple[str, ...], dict[str, None]] = {}
        for group in file.synonyms if file is not None else ():
            for phrase in group:
                self._add(phrase, (other for other in group if other != phrase))
        for rule in file.one_way if file is not None else ():
            self._add(rule.phrase, rule.to)
        stop = file.stop if file is not None else ()
        self._stop = set(map(phrase_key, stop))
        one_way = (rule.phrase for rule in (file.one_way if file is not None else ()))
        others = [*chain.from_iterable(self._targets.values()), *one_way, *stop]
        known = chain(map(phrase_key, others), map(forms_of, others))
        self._words = set(chain.from_iterable(known))

    def terms(self, text: str, catalogue: ItemCounts = NO_COUNTS) -> Mapping[str, float]:
        """Return the terms of a query and of the synonyms of its phrases, with their weights, > 0.

        A synonym is worth `SYNONYM_WEIGHT` of its phrase, however rare either is: by their own rarity, a rare synonym
        would outweigh what was typed, and a frequent one would not be found beside it.
        """
        own = query_terms(text)
        if not self._targets:
            return own
        found, typed = dict(own), chunks_of(text)
        for each in phrases_in(typed, self._targets):
            said = _rarities(typed[each.start : each.end] or each.key, catalogue)
            for target in self._targets[each.key]:
                for term, weight in _weighted(target, [*said.values()], catalogue):
                    if own.get(term, 0.0) < SYNONYM_WEIGHT:
                        found[term] = max(found.get(term, 0.0), weight)
        return found

    def without_stop(self, text: str) -> str:
        """Return the query without its stop phrases; the query itself if nothing else is in it."""
        if not self._stop:
            return text
        found = list(words(text))
        dropped = set[int]()
        for each in phrases_in([word.chunk for word in found], self._stop):
            dropped.update(range(each.start, each.end))
        kept = [word for number, word in enumerate(found) if number not in dropped]
        return _cut(text, [found[number] for number in sorted(dropped)]) if kept else text

    def knows(self, word: str) -> bool:
        """Return whether a folded word is one of a phrase of the rules, so that it is not mistyped."""
        return not self._words.isdisjoint(forms_of(word))

    def _add(self, phrase: str, others: Iterable[str]) -> None:
        self._targets.setdefault(phrase_key(phrase), {}).update(dict.fromkeys(others))


def _weighted(phrase: str, typed: Sequence[float | None], catalogue: ItemCounts) -> Iterator[tuple[str, float]]:
    """Iterate over the terms of a synonym, whose words share what the typed phrase is worth. `typed`: the rarities of
    its terms."""
    never = rarity(0, catalogue.items)
    worth = sum(never if each is None else each for each in typed)
    said = _rarities(chunks_of(phrase), catalogue)
    # A word of no title may still be in descriptions: it counts as rare as what was typed.
    usual = worth / len(typed)
    whole = sum(max(RARITY_MIN, usual if each is None else each) for each in said.values())
    yield from ((term, SYNONYM_WEIGHT * worth / whole) for term in said)


def _rarities(found: Iterable[str], catalogue: ItemCounts) -> dict[str, float | None]:
    """Return the rarities of the terms of chunks; None where the catalogue is known and has no item with the chunk."""
    rarities: dict[str, float | None] = {}
    for chunk in found:
        having = catalogue.items_with(chunk)
        known = having or not catalogue.items
        rarities |= dict.fromkeys(terms(chunk).whole, rarity(having, catalogue.items) if known else None)
    return rarities


def _cut(text: str, dropped: Iterable[Word]) -> str:
    pieces, at = [], 0
    for word in dropped:
        pieces.append(text[at : word.start].strip())
        at = word.end
    return " ".join(piece for piece in (*pieces, text[at:].strip()) if piece)


def _check_group(group: Sequence[str]) -> None:
    if len(group) < 2:
        raise ValueError("a group has two phrases or more")
    _check_phrases(group)
    keys = [forms_of(phrase) for phrase in group]
    for number, (key, phrase) in enumerate(zip(keys, group, strict=True)):
        if key in keys[:number]:
            raise ValueError(f"{phrase} points to itself: it stands there twice")


def _check_phrases(phrases: Iterable[str]) -> None:
    for phrase in phrases:
        if not 1 <= len(forms_of(phrase)) <= WORDS_MAX:
            raise ValueError(f"{phrase!r} must be one to {WORDS_MAX} words")
