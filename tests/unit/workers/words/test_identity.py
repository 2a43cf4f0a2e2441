"""An id or a GTIN in a query is known by its form, and the same however it is typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.words.identity import IDENTIFIERS_MAX, id_term, identifiers


@pytest.mark.parametrize(
    ("typed", "product_id"),
    [
        ("12345678", "0012345678"),
        ("0012345678", "12345678"),
        ("a-1234", "A1234"),
        ("A 1234", "a-1234"),
        ("000", "0"),
        ("００１２", "12"),
    ],
)
def test_an_id_is_the_same_however_it_is_typed(typed: str, product_id: str) -> None:
    assert id_term(typed) == id_term(product_id)


@pytest.mark.parametrize(("one", "other"), [("A0012", "A12"), ("0", "1"), ("10", "1"), ("00x1", "x1")])
def test_zeros_within_an_id_count(one: str, other: str) -> None:
    assert id_term(one) != id_term(other)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("lamp A-1234", ["A-1234"]),
        ("lamp ab123", ["ab123"]),
        ("rtx 2060", []),
        ("milk 500ml", []),
        ("milk 1500ml 4890008100309", ["4890008100309"]),
        ("usb-c hub", []),
        ("lamp 12345678", ["12345678"]),
        ("lamp a1", []),
    ],
)
def test_a_word_of_a_longer_query_may_be_an_id_by_its_form(query: str, named: list[str]) -> None:
    assert identifiers(query) == [query, *named]


def test_of_a_page_of_part_numbers_the_first_ones_are_looked_up() -> None:
    assert len(identifiers(" ".join(f"ab{number:06}" for number in range(500)))) == IDENTIFIERS_MAX + 1


@given(st.text(max_size=40))
def test_no_identifier_is_empty(query: str) -> None:
    assert all(id_term(each) != "#" for each in identifiers(query))
