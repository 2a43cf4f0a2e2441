"""Negations are looked for in a bounded part of the text before a phrase."""

from __future__ import annotations

import pytest

from workers.understanding.negation import CHARACTERS_BEFORE, negation_before


@pytest.mark.parametrize("negation", ["not ", "不"])
def test_the_time_to_look_for_a_negation_does_not_grow_with_the_text(negation: str) -> None:
    near, far = (f"lamp {negation}{' ' * blanks}over 5" for blanks in (2, CHARACTERS_BEFORE))
    assert negation_before(near, near.index("over")) == 5
    assert negation_before(far, far.index("over")) is None


def test_a_negation_is_no_end_of_a_word_where_the_looked_at_part_begins() -> None:
    text = "piano " + " " * (CHARACTERS_BEFORE - 3) + "over 5"
    assert negation_before(text, text.index("over")) is None
