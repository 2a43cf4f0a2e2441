"""Synonyms and stop phrases: words that find other words as well, and phrases that a query is searched for without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.setting_files import parse_setting_file
from workers.words.chunks import chunks, terms
from workers.words.folding import folded
from workers.words.phrases import WORDS_MAX, phrase_key, phrases_in
from workers.words.query import query_terms
from workers.words.surface import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from workers.words.surface import Word

SYNONYM_WEIGHT = 0.8
"""The weight of a synonym beside the word itself: the item that says the typed word goes first."""
ENTRIES_MAX = 10_000


class OneWay(BaseModel):
    """A phrase that finds others as well, which do not find it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    phrase: str = Field(alias="from")
    to: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _checked(self) -> OneWay:
        for target in self.to:
            if phrase_key(target) == phrase_key(self.phrase):
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
        self._stop = {phrase_key(phrase) for phrase in (file.stop if file is not None else ())}

    def terms(self, text: str) -> Mapping[str, float]:
        """Return the terms of a query and of the synonyms of its phrases, with their weights, > 0."""
        own = query_terms(text)
        if not self._targets:
            return own
        found = dict(own)
        for each in phrases_in(chunks(folded(text)), self._targets):
            for target in self._targets[each.key]:
                for term, weight in _weighted(target):
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
        """Return whether a folded word is a phrase of the rules, so that it is not mistyped."""
        return phrase_key(word) in self._targets or phrase_key(word) in self._stop

    def _add(self, phrase: str, others: Iterable[str]) -> None:
        self._targets.setdefault(phrase_key(phrase), {}).update(dict.fromkeys(others))


def _weighted(phrase: str) -> Iterator[tuple[str, float]]:
    """Iterate over the terms of a synonym; its words share the weight of one."""
    found = chunks(folded(phrase))
    for chunk in found:
        whole = terms(chunk).whole
        yield from ((term, SYNONYM_WEIGHT / (len(found) * len(whole))) for term in whole)


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
    keys = [phrase_key(phrase) for phrase in group]
    for number, (key, phrase) in enumerate(zip(keys, group, strict=True)):
        if key in keys[:number]:
            raise ValueError(f"{phrase} points to itself: it stands there twice")


def _check_phrases(phrases: Iterable[str]) -> None:
    for phrase in phrases:
        if not 1 <= len(phrase_key(phrase)) <= WORDS_MAX:
            raise ValueError(f"{phrase!r} must be one to {WORDS_MAX} words")
