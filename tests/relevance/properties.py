"""Properties that must hold for every title of a catalogue. Each function returns the titles for which one does not."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import opencc

from tests.support.contents import content
from workers.words.identity import title_term
from workers.words.item import item_words
from workers.words.query import query_terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def lost_titles(titles: Iterable[str]) -> list[str]:
    """Return the titles that, typed as they stand, do not share the term of the whole title with their item."""
    return [title for title in titles if not {title_term(title)} & query_terms(title).keys() & _terms(title).keys()]


def lost_numbers(titles: Iterable[str]) -> list[str]:
    """Return the titles with a number that, typed alone, does not find their item."""
    return [title for title in titles if not all(_finds(number, title) for number in _NUMBER.findall(title))]


def other_in_the_other_script(titles: Iterable[str]) -> list[str]:
    """Return the titles that ask for other terms when they are written in the other Chinese script."""
    return [title for title in titles if any(query_terms(title) != query_terms(other) for other in _converted(title))]


def _finds(query: str, title: str) -> bool:
    return not _terms(title).keys().isdisjoint(query_terms(query))


def _terms(title: str) -> Mapping[str, int]:
    return item_words(content(title={"und": title})).counts


def _converted(text: str) -> list[str]:
    return [_converter(direction).convert(text) for direction in ("t2s", "s2t", "s2hk", "s2tw")]


@cache
def _converter(direction: str) -> opencc.OpenCC:
    return opencc.OpenCC(direction)
