"""The stems of words, which an index keeps for as long as it is not made again."""

from __future__ import annotations

import pytest

from workers.words.folding import folded
from workers.words.stems import SNOWBALL, STEM_MARK, stem

STEMS = {
    "da": ("lamper cykler bøger bukser", "lamp cykl bog buks"),
    "de": ("lampen stühle lehrerinnen schlüsseln", "lamp stuhl lehr schlussel"),
    "es": ("lámparas sillas luces cojines", "lamp sill luc cojin"),
    "fi": ("lamput tuolit kirjat kengät", "lampu tuoli kirj keng"),
    "fr": ("lampes couteaux travaux châteaux", "lamp couteau traval chateau"),
    "hu": ("lámpák székek könyvek cipők", "lamp szek konyv cip"),
    "it": ("lampade sedie tavoli libri", "lampad sed tavol libr"),
    "nb": ("lamper sykler bøker bukser", "lamp sykl bok buks"),
    "nl": ("lampen glazen brieven tassen", "lamp glaas brief tas"),
    "pt": ("lâmpadas cadeiras livros bolsas", "lamp cadeir livr bols"),
    "ro": ("lămpi scaune cărți pantofi", "lamp scaun cart pantof"),
    "ru": ("лампы стулья книги сумки", "ламп стул книг сумк"),
    "sv": ("lampor cyklar böcker byxor", "lamp cykl bock byx"),
    "tr": ("lambalar sandalyeler kitaplar çantalar", "lamba sandalye kitap canta"),
}
"""Words of each language, and the stems that the present version of the analysis has for them."""


def test_each_language_with_a_stemmer_has_words_here() -> None:
    assert STEMS.keys() == SNOWBALL.keys()


@pytest.mark.parametrize("language", STEMS)
def test_the_stems_of_a_language_are_those_of_this_version_of_the_analysis(language: str) -> None:
    """Snowball's Dutch changed between two releases of PyStemmer: raise ANALYSIS_VERSION with the stems here."""
    words, stems = STEMS[language]
    found = [stem(folded(word), language) for word in words.split()]
    assert found == [f"{one}{STEM_MARK}{language}" for one in stems.split()]
