"""Stems: the forms of a word that a search takes for one another."""

from __future__ import annotations

from functools import cache

import Stemmer

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
LETTERS_MIN = 4
_SINGULAR_TOO = ("ss", "us", "is")
_IRREGULAR = {
    "men": "man", "women": "woman", "children": "child", "mice": "mouse", "feet": "foot", "teeth": "tooth",
    "knives": "knife", "leaves": "leaf", "loaves": "loaf", "scarves": "scarf", "shelves": "shelf", "halves": "half",
}  # fmt: skip


def singular(word: str) -> str:
    """Return an English plural in the singular, and any other word as it is (the S-stemmer of Harman, JASIS 1991).

    The most frequent plurals without an s are known besides.

    It is applied to every word, since a query does not say its language; other languages lose next to nothing by it.
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < LETTERS_MIN or word[-1] != "s" or word.endswith(_SINGULAR_TOO):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y" if len(word) > LETTERS_MIN else word[:-1]
    return word[:-2] if word.endswith(("xes", "ches", "shes", "sses", "zes")) else word[:-1]


def stem(word: str, language: str) -> str:
    """Return the term of a word's stem in a language of `SNOWBALL`. No word is the same term."""
    return f"{_stemmer(language).stemWord(word)}~{language}"


@cache
def _stemmer(language: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(SNOWBALL[language])
