"""Words are found in the text as it was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.words.chunks import chunks
from workers.words.folding import folded
from workers.words.surface import folded_in_place, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Brass Desk-Lamp", ["Brass", "Desk-Lamp"]),
        ("Café Crème", ["Café", "Crème"]),
        ("Cafe\u0301 noir", ["Cafe\u0301", "noir"]),
        ("iPhone™ 15", ["iPhone", "15"]),
        ("嘉頓 巧克力蛋糕", ["嘉頓", "巧克力蛋糕"]),
        ("Straße æther", ["Straße", "æther"]),
        ("ﬁne Ⅷ", ["ﬁne", "Ⅷ"]),
        ("ｶﾞﾗｽ", ["ｶﾞﾗｽ"]),
        ("soft\u00adware", ["soft\u00adware"]),
        ("", []),
    ],
)
def test_a_word_stands_where_it_was_written(text: str, found: list[str]) -> None:
    assert [text[word.start : word.end].strip("™") for word in words(text)] == found


@given(st.text())
def test_folding_in_place_gives_the_folded_text_or_nothing(text: str) -> None:
    found = folded_in_place(text)
    assert found.text in (folded(text), "")
    assert len(found.starts) == len(found.ends) == len(found.text)
    assert all(0 <= start < end <= len(text) for start, end in zip(found.starts, found.ends, strict=True))


@given(st.text(alphabet="aé 蛋糕ß-5ﬁ\u0301麵कि\u094d\u093cأ\u064e\u09c7\u09be", max_size=30))
def test_the_words_in_their_places_are_the_chunks_of_the_text(text: str) -> None:
    found = list(words(text))
    assert [word.chunk for word in found] in (chunks(folded(text)), [])
    assert all(folded(text[word.start : word.end]).strip() in folded(text) for word in found)
