"""Guesses at prices: which amounts of a query are bounds, and in which currency."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from workers.understanding.amounts import Amount, amount, meant, with_small_letters
from workers.understanding.guesses import Guess, Known
from workers.understanding.negation import negation_before
from workers.understanding.numerals import LARGE_NUMERAL, NUMERAL
from workers.understanding.phrases import (
    AFTER_A_BARE_NUMBER,
    AT_A_PRICE,
    GRADE_MAX,
    OF_A_PACK,
    PERSONS,
    RATINGS,
    SIZES,
    packs,
    price_between,
    price_least,
    price_most,
    rating_least,
    rating_less,
)
from workers.words.chunks import SIGN, is_unspaced

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

QUERIES_KNOWN_MAX = 256
CURRENCIES_DIFFER = "items have prices in several currencies, and the query names none"
NOT_SOLD_IN = "no item is offered in this currency"
DENIED = "the query denies it"
_MODEL = re.compile(r"[a-z]+\d", re.IGNORECASE)
"""The beginning of `RS550-775`, which is no range of prices."""
_LETTER = re.compile(rf"(?=\D){SIGN}[ -]?$")
_LIMIT = re.compile(rf"(?<!{SIGN})(?:m[aá]x|m[ií]n(?!der )|budget)|预算|預算", re.IGNORECASE)
"""A word for a bound itself: `no max $500` asks for no bound, and not for the opposite one."""
_NUMBER = re.compile(rf"\d|{LARGE_NUMERAL}|{NUMERAL}(?=\s?[元圓塊块蚊円원])")
_THOUSANDS = re.compile(r"(?<![.,\d])(\d+)k", re.IGNORECASE)
THOUSANDS_DIGITS_MAX = 3
RESOLUTIONS = frozenset(("2", "4", "5", "6", "8", "9", "10", "12", "14", "16", "18", "22", "24"))
"""The numbers before `k` of the resolutions of screens and the purities of gold, which people name as a least one."""
_OPPOSITE: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("max_price",): ("min_price",),
    ("min_price",): ("max_price",),
}
_NAMES = (price_between, ("min_price", "max_price")), (price_most, ("max_price",)), (price_least, ("min_price",))


def prepare() -> None:
    """Compile the patterns, so that the first query with a number need not wait for them, 0.3 s.

    They are not compiled when this module is imported, since a process that starts is to answer at once.
    """
    for patterns in (*(each for each, _ in _NAMES), packs, rating_least, rating_less):
        patterns()


def price_guesses(text: str, known: Known, starts: Collection[int]) -> Iterator[Guess]:
    """Iterate over the guesses at prices, some of which may overlap.

    `known`: the currencies of the catalogue. At `starts` other guesses begin, so a number that ends there has no unit.
    """
    if _NUMBER.search(text) is None:  # Most queries have no number, and need none of the patterns.
        return
    text = with_small_letters(text)
    matches = _bounds(text)
    begun = {*starts, *(each.start for each in matches)}
    for each in matches:
        if (guess := _guess(text, each, known, begun)) is not None:
            yield guess


class _Bound(NamedTuple):
    """A phrase that says a bound, or two."""

    found: re.Match[str]
    negation: int | None
    """The place where a negation of it begins."""
    names: tuple[str, ...]

    @property
    def start(self) -> int:
        return self.found.start() if self.negation is None else self.negation


@lru_cache(QUERIES_KNOWN_MAX)
def _bounds(text: str) -> tuple[_Bound, ...]:
    """Return the phrases that may say bounds. A search reads its query several times."""
    return tuple(
        _Bound(found, negation_before(text, found.start()), names)
        for patterns, names in _NAMES
        for pattern in patterns()
        for found in pattern.finditer(text)
    )


def _guess(text: str, bound: _Bound, known: Known, starts: Collection[int]) -> Guess | None:
    found, negation, names = bound
    amounts = [amount(written) for written in found.groupdict().values() if written is not None]
    read = [each for each in amounts if each is not None]
    if len(read) < len(names) or (len(read) == 2 and (_MODEL.match(found[0]) or _is_of_each(text, found, read))):
        return None
    named = next((each.currencies for each in read if each.currencies), ())
    if not named and not (_stands_alone(text, bound, starts) and _may_be_prices(text, bound, read)):
        return None
    if negation is not None:
        names = _OPPOSITE.get(names, names)
    guess = _in_currency((bound.start, found.end()), sorted(read), names, named, known)
    has_opposite = len(names) == 1 and _LIMIT.search(found[0]) is None
    return guess if negation is None or has_opposite else guess._replace(dropped=DENIED)


def _is_of_each(text: str, found: re.Match[str], read: Sequence[Amount]) -> bool:
    """Return whether two numbers say how many cost how much: a range begins with the lower sum."""
    if AT_A_PRICE.match(found[0]) is None:
        return False
    if read[0].value > read[1].value:
        return True
    return OF_A_PACK.match(found[0]) is not None and packs().search(text, 0, found.start()) is not None


def _in_currency(
    span: tuple[int, int], read: Sequence[Amount], names: Sequence[str], named: Sequence[str], known: Known
) -> Guess:
    """Return the guess, with the currency where the catalogue has prices in several, or offers in this one alone."""
    filters: dict[str, float | str] = {name: each.value for name, each in zip(names, read, strict=True)}
    start, end = span
    own = meant(named, known.currencies)
    if named and not (candidates := own or meant(named, known.offered)):
        return Guess(start, end, filters, dropped=NOT_SOLD_IN if known.currencies else None)
    if len(known.currencies) < 2 and (own or not named):
        return Guess(start, end, filters)
    if not named or len(candidates) > 1:
        return Guess(start, end, filters, dropped=CURRENCIES_DIFFER)
    return Guess(start, end, {**filters, "currency": candidates[0]})


def _may_be_prices(text: str, bound: _Bound, read: Sequence[Amount]) -> bool:
    """Return whether the word before numbers without a currency does not say that they are ages, sizes or grades."""
    if bound.found[0][0].isdigit() and bound.negation is None and _is_of_the_word_before(text, bound):
        return False
    if _is_no_sum(_THOUSANDS.findall(bound.found[0]), bound):
        return False
    is_grade = read[0].value <= GRADE_MAX and RATINGS.search(text, 0, bound.start) is not None
    return not is_grade and PERSONS.search(text, 0, bound.start) is None


def _is_no_sum(thousands: Sequence[str], bound: _Bound) -> bool:
    """Return whether numbers before `k` are kelvins, as in `2700k`, or a resolution or a purity, as in `4k and up`."""
    if any(len(each) > THOUSANDS_DIGITS_MAX for each in thousands):
        return True
    return bool(thousands) and RESOLUTIONS.issuperset(thousands) and bound.names != ("max_price",)


def _is_of_the_word_before(text: str, bound: _Bound) -> bool:
    """Return whether a number is that of the word before it: `size 10 or less`, `android 10 and up`, `SPF 50以上`."""
    if SIZES.search(text, 0, bound.start):
        return True
    return bound.names == ("min_price",) and _LETTER.search(text, 0, bound.start) is not None


def _stands_alone(text: str, bound: _Bound, starts: Collection[int]) -> bool:
    """Return whether a number without a currency has no unit beside it."""
    found = bound.found
    if found.lastgroup == "b" and not found[0][0].isalpha():
        return False  # `20-50` may be anything.
    if is_unspaced(found[0][-1]):
        return True  # The text after the number is `以下`, so the number has no unit.
    rest = len(text) - len(text[found.end() :].lstrip())
    return rest in starts or AFTER_A_BARE_NUMBER.match(text, found.end()) is not None
