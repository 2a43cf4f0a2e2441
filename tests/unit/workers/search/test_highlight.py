"""A hit shows the words by which it was found, whatever its texts hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.answers import Hit
from tests.support.contents import content
from tests.support.standing_in import shown
from workers.plain_text import plain
from workers.search.highlight import EXCERPT_CHARACTERS, TextSpan, fragments, highlights, matches
from workers.words.item import item_words
from workers.words.query import FUNCTION_WEIGHT, query_terms
from workers.words.synonyms import read_synonyms

PIECES = (
    "brass",
    "lamp",
    "lamps",
    "500 ml",
    "嘉頓",
    "蛋糕",
    "é",
    "ß",
    "<b>",
    "&amp;",
    "iPhone",
    "15",
    "\u200b",
    "wi-fi",
    " ",
    "😀",
)


def marked(text: str, query: str, language: str = "und") -> list[str]:
    """Return the parts of a text that match a query."""
    return [text[span.start : span.end] for span in matches(text, language, query_terms(query))]


def hit(title: str, description: str = "", **more: Any) -> Hit:
    return Hit(**shown("a", title, description=description, **more), score=1.0)


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("Brass Desk Lamps", "lamp desk", ["Desk", "Lamps"]),
        ("Milk 500 ml carton", "0.5 l", ["500 ml"]),
        ("Café Crème", "cafe", ["Café"]),
        ("嘉頓巧克力蛋糕", "蛋糕", ["蛋糕"]),
        ("嘉頓巧克力蛋糕", "嘉顿", ["嘉頓"]),
        ("嘉頓巧克力蛋糕", "巧克力", ["巧克力"]),
        ("Apple iPhone 15 Pro", "iphone15", ["iPhone", "15"]),
        ("T Shirt green", "tshirts", ["T", "Shirt"]),
        ("USB C hub", "usb-c", ["USB", "C"]),
        ("ゴミ袋 45L", "ごみ袋", ["ゴミ袋"]),
        ("Brass pipe 1½ inch", "1 1/2", ["1½"]),
        ("Sony WH-1000XM5", "wh1000xm5", ["WH-1000XM5"]),
        ("Notebook", "note book", ["Notebook"]),
        ("Müller Milch", "mueller", ["Müller"]),
        ("Lamp for the desk", "lamp for desk", ["Lamp", "desk"]),
        ("Brass lamp", "zebra", []),
        ("", "lamp", []),
    ],
)
def test_the_words_that_match_are_those_that_find_the_item(text: str, query: str, found: list[str]) -> None:
    assert marked(text, query) == found


def test_a_stem_matches_in_the_language_of_the_text_alone() -> None:
    assert marked("Lampen aus Messing", "Lampe", "de") == ["Lampen"]
    assert marked("Lampen aus Messing", "Lampe", "und") == []


def test_each_word_of_a_long_synonym_is_marked_and_a_function_word_is_not() -> None:
    rules = read_synonyms("synonyms: [[phone, 智能手提電話], [tee, shirt for a warm day]]", "synonyms.yaml")
    wanted = rules.terms("phone for tee")
    assert max(wanted[term] for term in ("智能", "手提", "电话")) < FUNCTION_WEIGHT
    title = "黑色智能手提電話 for a warm shirt"
    spans = matches(title, "und", wanted)
    assert [title[span.start : span.end] for span in spans] == ["智能手提電話", "a", "warm", "shirt"]


def test_a_long_description_is_shown_where_most_of_it_matches() -> None:
    description = f"{'word ' * 100}a brass lamp, the lamp of brass {'word ' * 100}lamp"
    shown_part = highlights(hit("x", description), query_terms("brass lamp")).description
    text = "".join(each.text for each in shown_part)
    assert text in description and len(text) <= EXCERPT_CHARACTERS
    assert [each.text for each in shown_part if each.matched] == ["brass", "lamp", "lamp", "brass"]


def test_a_description_without_a_match_and_a_missing_title_show_nothing() -> None:
    found = highlights(hit("Lamp", "nothing here"), query_terms("lamp"))
    assert found.description == [] and [each.text for each in found.title] == ["Lamp"]
    assert highlights(Hit(**shown("a", "x") | {"title": None}, score=1.0), query_terms("x")).title == []


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=80), st.sampled_from(PIECES))
def test_the_fragments_are_the_title_and_a_part_of_the_plain_description(text: str, query: str) -> None:
    found = highlights(hit(text, text), query_terms(query))
    assert "".join(each.text for each in found.title) == text
    assert "".join(each.text for each in found.description) in plain(text)


@given(st.text(alphabet="ab蛋糕 é5-", max_size=30), st.text(alphabet="ab蛋糕 é5-", max_size=10))
def test_a_title_without_a_match_is_one_that_the_query_does_not_find_by_a_word_of_weight(
    title: str, query: str
) -> None:
    said = item_words(content(title={"und": title}, category=[], product_id="#")).counts
    wanted = {term: weight for term, weight in query_terms(query).items() if not term.startswith("=")}
    if matches(title, "und", wanted):
        assert said.keys() & wanted.keys()


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=4))
def test_fragments_lose_no_character(text: str, places: list[tuple[int, int]]) -> None:
    at, spans = 0, []
    for start, end in sorted(places):
        if at <= start < end <= len(text):
            spans.append(TextSpan(start, end))
            at = end
    assert "".join(each.text for each in fragments(text, TextSpan(0, len(text)), spans)) == text
