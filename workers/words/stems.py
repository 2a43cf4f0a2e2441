"""Stems: the forms of a word that a search takes for one another."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import Stemmer

if TYPE_CHECKING:
    from collections.abc import Sequence

SNOWBALL = {
    "da": "danish",
    "de": "german",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nb": "norwegian",
    "nl": "dutch",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}
"""The stemmer by language. English has none: Snowball takes stockings for stock and important for import."""
STEM_MARK = "~"
"""The sign between a stem and its language in the term of it. No word has it."""
LETTERS_MIN = 4
_SINGULAR_TOO = ("ss", "us", "is")
_IRREGULAR = {
    "men": "man", "women": "woman", "children": "child", "mice": "mouse", "feet": "foot", "teeth": "tooth",
    "knives": "knife", "leaves": "leaf", "loaves": "loaf", "scarves": "scarf", "shelves": "shelf", "halves": "half",
    "quizzes": "quiz", "mens": "man", "womens": "woman", "childrens": "child",
}  # fmt: skip
"""Plurals that have no s, or another form, and those that are written with an s for the lack of an apostrophe."""
_ENDING_IN_S = (
    *("atlas", "bias", "bonus", "bus", "cactus", "campus", "canvas", "circus", "gas", "iris", "lens", "minibus"),
    *("octopus", "virus", "walrus"),
)
"""Words of which the s is no plural: without them `canvases` would be canvase, and `lens` len."""
_ENDING_IN_S_FORMS = {f"{word}es": word for word in _ENDING_IN_S} | {word: word for word in _ENDING_IN_S}
_IN_U_AND_I = (
    *("emu", "guru", "menu", "tofu", "tutu", "bikini", "bonsai", "broccoli", "khaki", "kiwi", "martini", "panini"),
    *("safari", "sari", "ski", "taxi", "zucchini"),
)
_PLURALS_IN_US_AND_IS = frozenset(f"{word}s" for word in _IN_U_AND_I)
"""Plurals of words whose last letter is u or i, where other words in -us and -is are singulars."""
_KEEPING_E = frozenset(("aloes", "canoes", "does", "foes", "hoes", "oboes", "tiptoes", "toes"))
"""Plurals in -oes of words in -oe, as those of shoes are. Of other words they are those of potato, mango and hero."""


def singular(word: str) -> str:
    """Return the form by which an English word and its plural are compared; most other words stay as they are.

    It is the S-stemmer of Harman (JASIS 1991), and more: the most frequent plurals that have no s, or another form, and
    the singulars that end as their plurals do without the s: cookie and cookies are `cooky`, size and sizes `siz`.

    It is applied to every word, since a query does not say its language; other languages lose next to nothing by it.
    """
    one = _IRREGULAR.get(word) or _ENDING_IN_S_FORMS.get(word) or _without_s(word)
    if len(one) <= LETTERS_MIN - 1:
        return one
    if one.endswith("ie") and len(one) > LETTERS_MIN:
        return f"{one[:-2]}y"
    return one[:-1] if one.endswith(("xe", "che", "ze", "sse")) else one


def _without_s(word: str) -> str:
    if len(word) < LETTERS_MIN or word[-1] != "s":
        return word
    if word.endswith(_SINGULAR_TOO):
        return word[:-1] if word in _PLURALS_IN_US_AND_IS else word
    if word.endswith("oes") and word not in _KEEPING_E and not word.endswith("shoes"):
        return word[:-2]
    return word[:-2] if word.endswith(("shes", "sses")) else word[:-1]


def stem(word: str, language: str) -> str:
    """Return the term of a word's stem in a language of `SNOWBALL`. No word is the same term."""
    return f"{_stemmer(language).stemWord(word)}{STEM_MARK}{language}"


def language_of_all(languages: Sequence[str]) -> str | None:
    """Return the language of texts that name none, where a shop has only one and that is one of `SNOWBALL`."""
    bases = {language.split("-")[0] for language in languages}
    only = bases.pop() if len(bases) == 1 else None
    return only if only in SNOWBALL else None


@cache
def _stemmer(language: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(SNOWBALL[language])
