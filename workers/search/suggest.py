"""Suggestions while a shopper types: queries from the catalogue's own words, and products as the index has them now."""

from __future__ import annotations

from collections import Counter
from itertools import chain, pairwise
from typing import TYPE_CHECKING, NamedTuple

from schemas.queries import Filters
from schemas.suggestions import SuggestedProduct
from workers.plain_text import plain
from workers.point.payload import is_visible
from workers.vocabulary.words import is_word
from workers.words.chunks import chunks, is_quantity, is_unspaced, terms
from workers.words.folding import folded
from workers.words.surface import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from schemas.points import Payload
    from schemas.suggestions import SuggestRequest
    from workers.index.interface import Index
    from workers.vocabulary.vocabulary import Vocabulary

COMPLETIONS_MAX = 16
"""The completions of the last word with which products are looked for."""
POINTS_READ = 32
"""The points whose titles are read, some 1.5 ms of them."""
COMPLETION_WEIGHTS = 0.5, 0.02
"""The weight of a completion beside a word that was typed whole, and where no title is found so: several completions,
or a rare one, go before the whole words of `canon eos 5` with the first one, and not with the second."""


class Suggested(NamedTuple):
    """The queries and products that are suggested."""

    queries: list[str]
    products: list[SuggestedProduct]


class Typed(NamedTuple):
    """The typed text: whole words, and the one that may go on."""

    before: str
    """The text before the last word, as typed."""
    whole: tuple[str, ...]
    """The chunks before it."""
    last: str
    """The last chunk, folded; empty after a blank."""


def typed(text: str) -> Typed:
    """Return the parts of the text that was typed so far."""
    found = list(words(text))
    if not found:
        return Typed(text, (), "")
    chunks_typed, last = tuple(word.chunk for word in found), found[-1]
    if text[last.end :].isspace():
        return Typed(f"{text.rstrip()} ", chunks_typed, "")
    return Typed(text[: last.start], chunks_typed[:-1], last.chunk)


async def suggest(index: Index, vocabulary: Vocabulary, request: SuggestRequest, languages: Sequence[str]) -> Suggested:
    """Return suggestions for what was typed. Raises Unavailable.

    Products are read from the index, so a delisted one is never among them. `languages` are those of the shop.
    """
    asked = typed(request.q)
    completions = vocabulary.completions(asked.last, COMPLETIONS_MAX) if asked.last else []
    titles: list[tuple[Payload, str]] = []
    shown: list[Payload] = []
    for weight in COMPLETION_WEIGHTS if asked.whole and asked.last else COMPLETION_WEIGHTS[:1]:
        shown = await _candidates(index, asked, completions, weight)
        if titles := _titled(shown, asked, languages, by_category=False):
            break
    named = titles or _titled(shown, asked, languages, by_category=True)
    products = [SuggestedProduct(product_id=payload["product_id"], title=title) for payload, title in named]
    queries = _queries(asked, completions, (title for _, title in titles), vocabulary)
    return Suggested(queries[: request.limit], products[: request.limit])


async def _candidates(index: Index, asked: Typed, completions: Iterable[str], weight: float) -> list[Payload]:
    """Return the best items for the typed words and the completions of the last one. `weight`: that of a completion."""
    wanted = dict.fromkeys(chain.from_iterable(map(_terms, asked.whole)), 1.0)
    for word in (*completions, asked.last):
        wanted |= {term: weight for term in _terms(word) if term not in wanted}
    found = await index.search_terms(wanted, Filters(), POINTS_READ)
    payloads = await index.payloads([point.point_id for point in found])
    return [payloads[point.point_id] for point in found if point.point_id in payloads]


def _queries(asked: Typed, completions: Iterable[str], titles: Iterable[str], vocabulary: Vocabulary) -> list[str]:
    """Return whole queries: the first word completed by all of the catalogue, then by two words of the titles; a later
    word by the titles that have the words before it."""
    counts: Counter[str] = Counter()
    for title in titles:
        counts.update(set(_continuations(asked, title)))
    frequent = sorted(counts, key=lambda words: (-counts[words], words))
    alone = [] if asked.whole else map(vocabulary.written, completions)
    return [asked.before + words for words in dict.fromkeys((*alone, *frequent))]


def _continuations(asked: Typed, title: str) -> Iterator[str]:
    """Iterate over the completions in a title of the last word, in lower case; after a blank, over the next word. Where
    nothing was typed before, a completion is followed by one more word. A number is completed only behind the word that
    was typed before it, as in `iphone 15`: elsewhere titles have too many numbers that mean something else."""
    text = plain(title)
    found = [word for word in words(text) if word.chunk not in asked.whole[:-1]]
    for one, other in pairwise(found):
        if asked.last and not asked.whole and one.chunk.startswith(asked.last) and is_word(other.chunk):
            yield text[one.start : other.end].lower()
        if not asked.last and one.chunk == asked.whole[-1] and is_word(other.chunk):
            yield text[other.start : other.end].lower()
    if asked.last and asked.whole:
        for before, word in zip(("", *(word.chunk for word in found)), found, strict=False):
            is_number = asked.last[0].isdigit() and before == asked.whole[-1]
            begun = word.chunk.startswith(asked.last) and word.chunk not in asked.whole
            if begun and (is_number or is_word(word.chunk)):
                yield text[word.start : word.end].lower()


def _titled(
    shown: Iterable[Payload], asked: Typed, languages: Sequence[str], *, by_category: bool
) -> list[tuple[Payload, str]]:
    """Return the items with the title that has every whole word and one that begins with the last; `by_category`: the
    title together with the category."""
    found = ((payload, _title(payload, asked, languages, by_category=by_category)) for payload in shown)
    return [(payload, title) for payload, title in found if title is not None]


def _title(payload: Payload, asked: Typed, languages: Sequence[str], *, by_category: bool) -> str | None:
    """Return the title of an item that is to be shown; None if it has none that fits, or is hidden."""
    if not is_visible(payload):
        return None
    by_language = payload["title"]
    beside = [payload["brand"] or "", *(payload["category"] if by_category else ())]
    preferred = sorted(by_language, key=lambda tag: (_rank(tag, languages), tag))
    return next((by_language[tag] for tag in preferred if _has(by_language[tag], beside, asked)), None)


def _rank(tag: str, languages: Sequence[str]) -> int:
    """Return the index of a language in the shop's list; `zh` in the list also matches `zh-Hant`."""
    ranks = (n for n, each in enumerate(languages) if tag == each or tag.startswith(f"{each}-"))
    return next(ranks, len(languages))


def _has(title: str, beside: Iterable[str], asked: Typed) -> bool:
    found = chunks(folded(" | ".join([plain(title), *beside])))
    if asked.whole:
        said = set(chain.from_iterable(map(_terms, found)))
        if not all(said.issuperset(terms(chunk).whole) for chunk in asked.whole):
            return False
    if not asked.last:
        return True
    others = _others(found, asked.whole)
    if is_unspaced(asked.last):
        return any(asked.last in chunk for chunk in others)
    return any(form.startswith(asked.last) for chunk in others for form in _forms(chunk))


def _others(found: Iterable[str], whole: Iterable[str]) -> list[str]:
    """Return the chunks that are left once each whole word has taken one: a title may say a word twice."""
    taken, others = Counter(whole), list[str]()
    for chunk in found:
        if taken[chunk]:
            taken[chunk] -= 1
        else:
            others.append(chunk)
    return others


def _forms(chunk: str) -> Iterator[str]:
    """Iterate over the beginnings by which a word is typed: `usb-c` as `usb-c`, `usbc` and, behind `usb`, `c`."""
    yield chunk
    if not is_quantity(chunk):
        yield from _terms(chunk)


def _terms(chunk: str) -> Iterator[str]:
    return chain(*terms(chunk)) if chunk else iter(())
