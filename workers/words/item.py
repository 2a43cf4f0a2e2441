"""The terms of an item, and how much each says of it."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from itertools import chain, islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

from schemas.texts import attribute_values
from workers.plain_text import attributes_text, plain
from workers.words.chunks import chunks, dimensions, run_together, terms
from workers.words.folding import folded, spelled_out
from workers.words.head_nouns import head_nouns
from workers.words.identity import attribute_kind, attribute_term, brand_key, brand_term, identity_terms, title_term_of
from workers.words.stems import SNOWBALL, singular, stem
from workers.words.written import chunks_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from schemas.points import Content

ANALYSIS_VERSION = 9
"""The version of the analysis. It rises whenever an item or a query gets other terms, or a term another weight.

Version 1 was Qdrant's multilingual tokenizer, versions 2 and 3 took more times, numbers and addresses for words,
version 4 knew no head nouns, version 5 no colours and sizes, and fewer plurals, version 6 no kana, Roman numerals,
orders of dimensions, and fewer units, version 7 took colours, packs and what is counted for things, version 8 cut words
at vowels that are marks.
"""
TITLE_WEIGHT, CATEGORY_WEIGHT = 3, 2
"""The number of times that a term of these fields counts; one of any other field counts once. Measured in
deploy/decisions/0031."""
TITLE_NOUNS, LEAF_NOUNS, DESCRIPTION_NOUNS = 2, 1, 1
"""The number of head nouns of these fields that count, the first ones: later ones name parts, colours and systems."""
NOUNS_WITHIN_CHARACTERS = 80
"""The beginning of a text that is looked through for head nouns."""
CHUNKS_KNOWN_MAX = 100_000
"""The most chunks whose terms are remembered, some 300 bytes each."""
_UNSTEMMED = ("und", "en")


@lru_cache(CHUNKS_KNOWN_MAX)
def _terms_of(chunk: str) -> tuple[str, ...]:
    """Return the terms of a chunk. They are remembered: a catalogue says the same words again and again."""
    return (*chain(*terms(chunk)),)


class Words(NamedTuple):
    """The words of an item: its terms, and how often each counts."""

    counts: Mapping[str, int]
    """The terms, each with the number of times that it counts."""
    length: int
    """The number of chunks (words, numbers ...), each multiplied by the weight of its field."""


class _Field(NamedTuple):
    weight: int
    """The number of times that its terms count."""
    nouns: int
    """The number of its head nouns that count."""
    language: str
    text: str


def item_words(content: Content, attributes: str | None = None) -> Words:
    """Return the words of an item. `attributes`: the `attributes_text` of its attributes, if it is known."""
    said, length = [*_names(content)], 0
    nouns = dict[str, None]()
    brand = {singular(word) for word in chunks_of(content["brand"] or "")}
    for field in _fields(content, attributes_text(content["attributes"]) if attributes is None else attributes):
        found = chunks_of(text := plain(field.text))
        length += field.weight * len(found)
        said += field.weight * [*_terms(text, field.language, found)]
        if field.nouns:
            nouns |= dict.fromkeys(islice(head_nouns(text[:NOUNS_WITHIN_CHARACTERS], brand), field.nouns))
    return Words(Counter([*said, *nouns]), length)


def identity_words(product_id: str) -> Words:
    """Return the words of an item that only a search for its id finds."""
    return Words(Counter(identity_terms(product_id, None)), 0)


def _fields(content: Content, attributes: str) -> Iterator[_Field]:
    """Iterate over the texts of an item. The category begins with its leaf, whose noun says what the item is."""
    for language, text in _distinct(content["title"]):
        yield _Field(TITLE_WEIGHT, TITLE_NOUNS, language, text)
    yield _Field(CATEGORY_WEIGHT, LEAF_NOUNS, "und", " > ".join(reversed(content["category"])))
    for language, text in _distinct(content["description"]):
        yield _Field(1, DESCRIPTION_NOUNS, language, text)
    yield _Field(1, 0, "und", content["brand"] or "")
    yield _Field(1, 0, "und", attributes)


def _terms(text: str, language: str, found: Sequence[str]) -> Iterable[str]:
    """Return the terms of a text, whose chunks were found, each as often as the text says it."""
    said = chain.from_iterable(map(_terms_of, found))
    if text.isascii() and language in _UNSTEMMED:
        return said
    return chain(said, _other_spelling(text, found), _stems(found, language))


def _names(content: Content) -> Iterator[str]:
    """Iterate over the terms of identity, in titles of each word with its number (`iphone15` finds iPhone 15), of words
    that are often written as one, and of dimensions."""
    yield from identity_terms(content["product_id"], content["gtin"])
    if content["brand"]:
        yield brand_term(content["brand"])
    for name, said in content["attributes"].items():
        if (kind := attribute_kind(name)) is not None:
            yield from {attribute_term(kind, brand_key(value)): None for value in attribute_values(said)}
    for _, text in _distinct(content["title"]):
        found = chunks_of(text)
        yield title_term_of(found)
        for one, other in pairwise(found):
            if (term := run_together(one, other)) is not None:
                yield term
            elif one[-1] == "x":
                yield from dimensions((one, other))


def _distinct(texts: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """Return each text with its language; of those that say the same, such as both Chinese scripts, the first."""
    if len(texts) < 2:
        return texts.items()
    return {folded(texts[language]): (language, texts[language]) for language in sorted(texts, reverse=True)}.values()


def _stems(found: Iterable[str], language: str) -> Iterator[str]:
    if (base := language.split("-")[0]) in SNOWBALL:
        yield from (stem(chunk, base) for chunk in found if chunk.isalpha())


def _other_spelling(text: str, found: Iterable[str]) -> Iterator[str]:
    """Iterate over the terms of words with umlauts, as those type them whose keyboard has none."""
    known = set(found)
    for chunk in chunks(spelled_out(text) or ""):
        if chunk not in known:
            yield from _terms_of(chunk)
