"""Words of scripts that write vowels as marks are whole words, and their vowels tell them apart."""

from __future__ import annotations

import pytest

from workers.words.chunks import chunks
from workers.words.folding import folded
from workers.words.surface import words


@pytest.mark.parametrize(
    "one_and_other",
    [
        "हिंदी हिन्दी",
        "चाँद चांद",
        "क़लम कलम",
        "محمد مُحَمَّد",
        "احذيه أحذية",
        "كيف کیف",
        "كتاب كـــتاب",
        "שוקולד שׁוֹקוֹלָד",
        "ফোৎ ফোত্",
        "ഫോൺ ഫോണ്\u200d",
        "ক\u09cb ক\u09c7\u09be",
        "١٢٫٥ 12.5",
        "١٬٥٠٠ 1,500",
    ],
)
def test_two_ways_to_write_a_word_are_one(one_and_other: str) -> None:
    one, other = one_and_other.split()
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    "one_and_other", ["दाल दिल", "चाय चीनी", "বই বউ", "தங்க தேங்க", "పాలు పూలు", "කිරි කර", "ഒരു ഓർ", "ફોન ફૉન"]
)
def test_another_vowel_makes_another_word(one_and_other: str) -> None:
    one, other = one_and_other.split()
    assert folded(one) != folded(other)


@pytest.mark.parametrize("text", ["मोबाइल कवर", "தேங்காய் எண்ணெய்", "حقيبة مدرسية", "שׁוֹקוֹלָד מריר", "ދިވެހި ބަސް"])
def test_a_word_with_marks_is_cut_nowhere_and_stands_where_it_was_written(text: str) -> None:
    assert all(chunk.isalpha() for chunk in chunks(folded(text)))
    assert [text[word.start : word.end] for word in words(text)] == text.split()


def test_a_stroke_that_ends_a_sentence_is_no_part_of_its_word() -> None:
    text = "यह दाल है। नया"
    assert [text[word.start : word.end] for word in words(text)] == ["यह", "दाल", "है", "नया"]
