"""Identity: the terms that only one item, one title or one brand has, however it is typed."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain, groupby, islice
from typing import TYPE_CHECKING

from schemas.canaries import CANARY_PREFIX
from workers.words.chunks import UNSPACED, is_quantity, terms
from workers.words.folding import folded
from workers.words.head_nouns import NOUN_MARK
from workers.words.stems import STEM_MARK
from workers.words.written import chunks_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

NUMBER_CHARACTERS_MIN, MIXED_CHARACTERS_MIN = 8, 5
"""The fewest characters of an id or GTIN that is looked for within a longer query, and of one that has letters as well:
the 2060 of `rtx 2060` is none."""
IDENTIFIERS_MAX = 8
"""The most words of a query that are looked up."""

_SEPARATORS = re.compile(r"[\s_-]")
"""Signs between the parts of an id that nobody types alike."""
_BETWEEN = re.compile(rf"[,;:=|、，；：]+|(?<=[{UNSPACED}])(?=[^{UNSPACED}])|(?<=[^{UNSPACED}])(?=[{UNSPACED}])")
"""Places within a word where an id may begin or end: of a list, behind `EAN:`, and beside a script without blanks."""
_GTIN_DIGITS = (8, 12, 13, 14)
_AROUND = " ?!.,;:()[]{}<>"
"""Signs around an id that are none of it."""
_NO_GTIN = "%"
"""The term of a GTIN without its digits: of `-` or `000`, by which shops say that there is none."""
NAME_MARKS = ("=", "@")
"""The first characters of the terms of whole titles, and of brands, colours and sizes. No word begins with one."""
KINDS_KNOWN_MAX = 8_192
"""The most names of attributes of which is remembered what they are, 200 bytes each. 20,000 electronics have 5,197."""
NUMBERS_KNOWN_MAX = 8_192
"""The most numbers of titles of which is remembered how they are compared."""
COLOR, SIZE = "color", "size"
"""The kinds of attributes that a query may name by a value alone, or by the kind and a value."""
_KINDS = {
    **dict.fromkeys(("color", "colour", "farbe", "couleur", "colore", "kleur", "颜色"), COLOR),
    **dict.fromkeys(("size", "grosse", "groesse", "taille", "talla", "taglia", "maat", "尺码", "尺寸"), SIZE),
}


def title_term(title: str) -> str:
    """Return the term of a whole title."""
    return title_term_of(chunks_of(title))


def title_term_of(found: Iterable[str]) -> str:
    """Return the term of a title of these chunks, the same however its numbers and units are written."""
    return f"={' '.join(_written_alike(chunk) if chunk[0].isdigit() else chunk for chunk in found)}"


@lru_cache(NUMBERS_KNOWN_MAX)
def _written_alike(number: str) -> str:
    """Return a number, with its unit if it has one, as all its ways to be written have it."""
    return "".join(terms(number).whole)


def brand_term(brand: str) -> str:
    """Return the term of a whole brand."""
    return f"@{brand_key(brand)}"


def brand_key(brand: str) -> str:
    """Return a brand as its term has it: without differences of case, accents, width and punctuation."""
    return " ".join(chunks_of(brand))


@lru_cache(KINDS_KNOWN_MAX)
def attribute_kind(name: str) -> str | None:
    """Return the kind of an attribute by its name, `COLOR` or `SIZE`; None for any other."""
    return _KINDS.get(brand_key(name))


def attribute_term(kind: str, key: str) -> str:
    """Return the term of items that have this colour or size, as `brand_key` gives it. No brand has a colon there."""
    return f"@{kind}:{key}"


def without_names(terms: Mapping[str, float]) -> dict[str, float]:
    """Return the terms with their weights, except the terms of whole titles, brands, colours and sizes."""
    return {term: weight for term, weight in terms.items() if term[0] not in NAME_MARKS}


def words_alone(terms: Mapping[str, float]) -> dict[str, float]:
    """Return the terms with their weights, except the terms of names, head nouns and stems."""
    words = without_names(terms).items()
    return {term: weight for term, weight in words if term[0] != NOUN_MARK and STEM_MARK not in term}


def id_term(product_id: str) -> str:
    """Return the term of a product_id, the same whatever its case and separators, and the zeros before a number.

    The signs of a short one count: `27"`, `1/2`, `2+1`, `10%` and `C++` are not the ids 27, 12, 21, 10 and C.
    """
    bare = _bare(product_id)
    return _signed_id_term(product_id, bare) or _bare_id_term(bare)


def _bare_id_term(bare: str) -> str:
    return f"#{bare.lstrip('0') or '0'}" if bare.isdigit() else f"#{bare}"


def _signed_id_term(product_id: str, bare: str) -> str | None:
    """Return the term of a short id with its signs; None for one that has none, or is long."""
    if len(bare) >= (NUMBER_CHARACTERS_MIN if bare.isdigit() else MIXED_CHARACTERS_MIN):
        return None
    written = folded(product_id).lstrip("# ").strip(_AROUND)
    if len(written) > 1 and written[0] == written[-1] and written[0] in "\"'":
        written = written[1:-1]  # One quote alone may be inches.
    signed = _SEPARATORS.sub("", written)
    return None if not signed or signed.isalnum() else f"#{signed}"


def may_be_canary(written: str) -> bool:
    """Return whether a text, however it is typed, may be the id of a canary. An item of a shop may have such an id."""
    return id_term(written).startswith(_CANARY_ID_TERM)


def gtin_term(gtin: str) -> str:
    """Return the term of a GTIN, the same whatever its separators and leading zeros (8, 12, 13 or 14 digits)."""
    return f"{_NO_GTIN}{_bare(gtin).lstrip('0')}"


def identifiers(query: str) -> list[str]:
    """Return the texts that may be an id or a GTIN: the whole query, and the first of its words, of their parts and of
    its numbers in groups (`4 006381 333931`) with such a form."""
    words = query.split()
    parts = chain.from_iterable((word, *_BETWEEN.split(word)) for word in words)
    distinct = dict.fromkeys(chain(parts, _in_groups(words)))
    named = islice(filter(_may_be_identifier, distinct), IDENTIFIERS_MAX)
    return [each for each in dict.fromkeys((query, *named)) if _bare(each)]


def _in_groups(words: Iterable[str]) -> Iterator[str]:
    """Iterate over neighbouring numbers that have the digits of a GTIN together, as packages print it."""
    for is_number, found in groupby(words, key=str.isdigit):
        joined = "".join(found) if is_number else ""
        if len(joined) in _GTIN_DIGITS:
            yield joined


def _may_be_identifier(word: str) -> bool:
    """Return whether a word is long and has a digit; it may be shorter if it has letters, too, and is no quantity."""
    if len(word) < MIXED_CHARACTERS_MIN or not any(map(str.isdigit, word)):
        return False
    return len(word) >= NUMBER_CHARACTERS_MIN or (any(map(str.isalpha, word)) and not is_quantity(folded(word)))


def identity_terms(product_id: str, gtin: str | None) -> Iterator[str]:
    """Iterate over the terms by which an item is found as itself."""
    bare = _bare(product_id)
    yield _bare_id_term(bare)
    if (signed := _signed_id_term(product_id, bare)) is not None:
        yield signed
    if gtin and (term := gtin_term(gtin)) != _NO_GTIN:
        yield term


def _bare(written: str) -> str:
    return "".join(filter(str.isalnum, folded(written)))


_CANARY_ID_TERM = id_term(CANARY_PREFIX)
