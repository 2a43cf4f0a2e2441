from __future__ import annotations

import re

import pytest

from workers.understanding.numerals import LARGE_NUMERAL, NUMERAL, NUMERAL_BEHIND_DIGITS, value_of


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *(("一千", 1_000), ("兩千", 2_000), ("一千五百", 1_500), ("一千五", 1_500), ("兩百五", 250), ("十", 10)),
        *(("一百零五", 105), ("五〇〇", 500), ("千", 1_000), ("百", 100), ("萬", 10_000), ("一萬二", 12_000)),
        *(("三萬五千", 35_000), ("五千五百五十五", 5_555), ("十五萬", 150_000), ("零", 0)),
        *(("1万5千", 15_000), ("1만 5천", 15_000), ("3万5000", 35_000), ("1萬5", 15_000), ("3천5백", 3_500)),
    ],
)
def test_a_number_in_characters_has_the_value_that_people_mean(written: str, value: float) -> None:
    assert re.fullmatch(f"{NUMERAL}|{NUMERAL_BEHIND_DIGITS}", written)
    assert value_of(written) == value


def test_a_number_in_characters_that_counts_no_hundreds_needs_a_currency() -> None:
    given = ("十", "二十", "百", "一千五", "三")
    assert [text for text in given if re.fullmatch(LARGE_NUMERAL, text)] == ["百", "一千五"]
