"""Guesses: the filter or the boost that some words of a query may mean."""

from __future__ import annotations

from collections.abc import Container, Mapping  # noqa: TC003  (NamedTuple reads the types)
from typing import NamedTuple

CHEAP = "cheap"
"""The boost by which lower prices go first among the results."""

BRAND, ATTRIBUTE = "brand", "attribute"
"""The boosts by which items of a brand, a colour or a size go first. Their words are searched for as well."""


class Guess(NamedTuple):
    """Some words of a query, and the filters that they may stand for."""

    start: int
    end: int
    """The words are `text[start:end]`."""
    filters: Mapping[str, float | str]
    """Names of `schemas.queries.Filters` with their values; none for `CHEAP`."""
    boost: str | None = None
    """`CHEAP`, `BRAND` or `ATTRIBUTE`; None for a filter."""
    dropped: str | None = None
    """The reason why it is not used after all, as a sentence; None if it is."""
    term: str | None = None
    """The term that only the items have that `BRAND` or `ATTRIBUTE` boosts."""

    @property
    def keeps_words(self) -> bool:
        """True if its words are searched for as well, so that it leaves nothing out."""
        return self.boost in (BRAND, ATTRIBUTE)

    @property
    def takes_words(self) -> bool:
        """True if its words are not searched for."""
        return self.dropped is None and not self.keeps_words


class Known(NamedTuple):
    """The names of the catalogue, as far as a query may mention them."""

    currencies: tuple[str, ...] = ()
    """The currencies of its prices; the shop's alone, if it has one."""
    sellers: Mapping[str, str] = {}
    """The sellers by what names are compared by (`schemas.texts.name_key`)."""
    brands: Container[str] = frozenset()
    """The brands as `workers.words.identity.brand_key` gives them."""
    attributes: Mapping[str, str] = {}
    """The colours and sizes as NAME:VALUE, by their terms (`workers.words.identity.attribute_term`)."""
    offered: tuple[str, ...] = ()
    """The currencies of offers, where a query names one that no price is in."""


class Understanding(NamedTuple):
    """A query as it is understood."""

    text: str
    """The words that remain to be searched for; may be empty."""
    guesses: tuple[Guess, ...]
    """The guesses, in the order of the text. They do not overlap."""
