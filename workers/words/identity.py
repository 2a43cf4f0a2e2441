"""Identity: the terms that only one item, one title or one brand has, however it is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.words.chunks import chunks, terms
from workers.words.folding import folded
from workers.words.head_nouns import NOUN_MARK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

WITHIN_CHARACTERS_MIN = 8
"""The least characters of an id or GTIN that is looked for within a longer query: the 2060 of `rtx 2060` is none."""

NAME_MARKS = ("=", "@")
"""The first characters of the terms of whole titles and brands. No word begins with one."""


def title_term(title: str) -> str:
    """Return the term of a whole title."""
    return title_term_of(chunks(folded(title)))


def title_term_of(found: Iterable[str]) -> str:
    """Return the term of a title of these chunks, the same however its numbers and units are written."""
    return f"={' '.join(''.join(terms(chunk).whole) if chunk[0].isdigit() else chunk for chunk in found)}"


def brand_term(brand: str) -> str:
    """Return the term of a whole brand."""
    return f"@{brand_key(brand)}"


def brand_key(brand: str) -> str:
    """Return a brand as its term has it: without differences of case, accents, width and punctuation."""
    return " ".join(chunks(folded(brand)))


def without_names(terms: Mapping[str, float]) -> dict[str, float]:
    """Return the terms with their weights, except the terms of whole titles and brands, which outweigh all words."""
    return {term: weight for term, weight in terms.items() if term[0] not in NAME_MARKS}


def words_alone(terms: Mapping[str, float]) -> dict[str, float]:
    """Return the terms with their weights, except the terms of names and of head nouns, which only some items have."""
    return {term: weight for term, weight in without_names(terms).items() if term[0] != NOUN_MARK}


def id_term(product_id: str) -> str:
    """Return the term of a product_id, the same whatever its case and separators."""
    return f"#{_bare(product_id)}"


def gtin_term(gtin: str) -> str:
    """Return the term of a GTIN, the same whatever its separators and leading zeros (8, 12, 13 or 14 digits)."""
    return f"%{_bare(gtin).lstrip('0')}"


def identifiers(query: str) -> list[str]:
    """Return the texts that may be an id or a GTIN: the whole query, and each of its words that is long and has a
    digit."""
    words = (word for word in query.split() if len(word) >= WITHIN_CHARACTERS_MIN and any(map(str.isdigit, word)))
    return [each for each in dict.fromkeys((query, *words)) if _bare(each)]


def identity_terms(product_id: str, gtin: str | None) -> Iterator[str]:
    """Iterate over the terms by which an item is found as itself."""
    yield id_term(product_id)
    if gtin:
        yield gtin_term(gtin)


def _bare(written: str) -> str:
    return "".join(filter(str.isalnum, folded(written)))
