"""Reads a query: which of its words stand for a filter, and which remain."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from schemas.texts import name_key
from workers.understanding.guesses import ATTRIBUTE, BRAND, CHEAP, Guess, Known, Understanding
from workers.understanding.joints import with_joints
from workers.understanding.negation import negation_before
from workers.understanding.phrases import CHEAP_WORDS, IN_STOCK, NAMES_RATING, SELLER, grade, rating_least, rating_less
from workers.understanding.prices import price_guesses
from workers.words.identity import COLOR, SIZE, attribute_kind, attribute_term, brand_term
from workers.words.surface import words

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from workers.words.surface import Word

SELLER_WORDS_MAX = 5
"""The most words of a seller's name that are looked up."""
BRAND_WORDS_MAX = 5
ATTRIBUTE_WORDS_MAX = 3
"""The most words of a colour or a size that are looked up."""
TEXT_CHARACTERS_MAX = 200
"""The longest query that is understood: nobody types a longer one."""
_JOINTS = " \t\r\n,;"


def understand(text: str, known: Known) -> Understanding:
    """Return the query as it is understood.

    Every character of the text is in a guess or in the remaining words, except blanks and commas beside a guess. The
    words of a guess that is dropped remain. The remaining words are not understood any further.
    """
    found = _guesses(text, known)
    used = [each for each in found if each.takes_words]
    if not used:
        return Understanding(text, found)
    rest = remaining(text, used)
    nothing_left = not rest and not any(each.filters for each in used)
    joined = any(each.takes_words for each in _guesses(rest, known))  # Of `under under 5 5` would `under 5` remain.
    return Understanding(text, ()) if nothing_left or joined else Understanding(rest, found)


def names_price(guesses: Iterable[Guess]) -> bool:
    """Return whether one of them is at a price, so that the currencies of the catalogue are needed."""
    return any({"min_price", "max_price"} & each.filters.keys() for each in guesses)


def may_name_seller(text: str) -> bool:
    """Return whether a seller may follow in the text, so that the sellers of the catalogue are needed."""
    return len(text) <= TEXT_CHARACTERS_MAX and SELLER.search(text) is not None


def remaining(text: str, guesses: Iterable[Guess]) -> str:
    """Return the text without the words of these guesses, which are in order and do not overlap."""
    pieces, at = [], 0
    for each in guesses:
        pieces.append(text[at : each.start])
        at = each.end
    kept = (piece.strip(_JOINTS) for piece in (*pieces, text[at:]))
    return " ".join(piece for piece in kept if piece)


def _guesses(text: str, known: Known) -> tuple[Guess, ...]:
    """Return the guesses in order; of those that overlap the first, and of those that begin together the longest."""
    if len(text) > TEXT_CHARACTERS_MAX:
        return ()
    said = list(words(text))
    others = [*_stock(text), *_cheap(text), *_sellers(text, known)]
    others += [*_brands(text, said, known), *_attributes(text, said, known)]
    others = [*_ratings(text), *(each for each in others if negation_before(text, each.start) is None)]
    prices = price_guesses(text, known, {each.start for each in others})
    chosen: list[Guess] = []
    for each in sorted([*others, *prices], key=lambda each: (each.start, -each.end)):
        if not chosen or each.start >= chosen[-1].end:
            chosen.append(each)
    return tuple(with_joints(text, chosen))


def _ratings(text: str) -> Iterator[Guess]:
    if NAMES_RATING.search(text) is None:
        return
    for patterns, is_least in ((rating_least(), True), (rating_less(), False)):
        for found in chain.from_iterable(pattern.finditer(text) for pattern in patterns):
            negation = negation_before(text, found.start())
            if (negation is None) == is_least:
                start = found.start() if negation is None else negation
                yield Guess(start, found.end(), {"min_rating": grade(found["a"])})


def _stock(text: str) -> Iterator[Guess]:
    for pattern in IN_STOCK:
        yield from (Guess(*found.span(), {"availability": "in_stock"}) for found in pattern.finditer(text))


def _cheap(text: str) -> Iterator[Guess]:
    for pattern in CHEAP_WORDS:
        yield from (Guess(*found.span(), {}, boost=CHEAP) for found in pattern.finditer(text))


def _sellers(text: str, known: Known) -> Iterator[Guess]:
    """Iterate over the sellers that the text names, each by the longest name that the catalogue has."""
    at = 0
    while known.sellers and (found := SELLER.search(text, at)) is not None:
        at = found.start("a")
        named = found["a"].split()[:SELLER_WORDS_MAX]
        for count in range(len(named), 0, -1):
            if (seller := known.sellers.get(name_key(" ".join(named[:count])))) is not None:
                yield Guess(found.start(), _end_of(text, at, named[:count]), {"seller": seller})
                break


def _brands(text: str, said: Sequence[Word], known: Known) -> Iterator[Guess]:
    """Iterate over the brands that the text names beside other words, each by its longest name."""
    at = 0
    while at < len(said):
        for end in range(min(at + BRAND_WORDS_MAX, len(said)), at, -1):
            if end - at < len(said) and " ".join(word.chunk for word in said[at:end]) in known.brands:
                start, stop = said[at].start, said[end - 1].end
                name = text[start:stop]
                yield Guess(start, stop, {"brand": name}, boost=BRAND, term=brand_term(name))
                at = end - 1
                break
        at += 1


def _attributes(text: str, said: Sequence[Word], known: Known) -> Iterator[Guess]:
    """Iterate over the colours and sizes that the text names beside other words, the longest first."""
    if not known.attributes:
        return
    for at in range(len(said)):
        first = at - 1 if at and attribute_kind(said[at - 1].chunk) == SIZE else at
        kinds = (COLOR, SIZE) if first < at or _says_size(said[at].chunk) else (COLOR,)
        for end in range(min(at + ATTRIBUTE_WORDS_MAX, len(said)), at, -1):
            key = " ".join([word.chunk for word in said[at:end]]) if end - at > 1 else said[at].chunk
            term = _known_term(kinds, key, known.attributes)
            if term is not None and end - first < len(said):
                start, stop = said[first].start, said[end - 1].end
                yield Guess(start, stop, {"attribute": known.attributes[term]}, boost=ATTRIBUTE, term=term)
                break


def _known_term(kinds: Iterable[str], key: str, known: Container[str]) -> str | None:
    for kind in kinds:
        if (term := attribute_term(kind, key)) in known:
            return term
    return None


def _says_size(word: str) -> bool:
    """Return whether a word may begin a size by itself: a number or a letter may be that of a model."""
    return len(word) > 1 and not any(map(str.isdigit, word))


def _end_of(text: str, at: int, named: Iterable[str]) -> int:
    """Return where these words, which follow each other from `at` on, end."""
    for word in named:
        at = text.index(word, at) + len(word)
    return at
