"""An id or a GTIN in a query is known by its form, and the same however it is typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.words.identity import IDENTIFIERS_MAX, gtin_term, id_term, identifiers, identity_terms


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


@pytest.mark.parametrize(
    ("typed", "product_id"),
    [
        *(("1/2", "12"), ("2+1", "21"), ("24/7", "247"), ("3.5", "35"), ('27"', "27"), ("10%", "10"), ("c++", "C")),
        *(("c#", "c"), ("$12", "12"), ("12 €", "12"), ("1/2", "1-2"), ("1,299", "1299")),
    ],
)
def test_the_signs_of_a_short_id_count(typed: str, product_id: str) -> None:
    assert id_term(typed) not in identity_terms(product_id, None)


@pytest.mark.parametrize(
    ("typed", "product_id"),
    [
        *(("12", "12"), ("#12", "12"), ("12?", "12"), ("(12)", "12"), ('"12"', "12"), ("1-2", "12"), ("1 2", "1_2")),
        *(("12", "1/2"), ("1/2", "1/2"), ("1 / 2", "1/2"), ("c++", "C++"), ("c", "C++"), ("-7", "7")),
        *(("ABC-1234/X", "abc1234x"), ("12.345.678", "12345678"), ("É-5", "e5")),
    ],
)
def test_an_item_has_the_term_of_its_id_with_its_signs_and_without(typed: str, product_id: str) -> None:
    assert id_term(typed) in identity_terms(product_id, None)


@pytest.mark.parametrize("none", ["0", "000", "-", "", None])
def test_a_gtin_without_digits_is_none(none: str | None) -> None:
    assert list(identity_terms("a", none)) == ["#a"]
    assert gtin_term("0012345678905") in identity_terms("a", "12345678905")


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
        ("kettle 4 006381 333931", ["4006381333931"]),
        ("4 eggs 10 cm 12 12", []),
        ("P000002300,AB-1234/5", ["P000002300", "AB-1234/5"]),
        ("EAN:4006381333931", ["4006381333931"]),
        ("水壺P000002300", ["P000002300"]),
        ("4006381333931보온병", ["4006381333931"]),
        ("条码：4006381333931", ["4006381333931"]),
    ],
)
def test_a_word_of_a_longer_query_may_be_an_id_by_its_form(query: str, named: list[str]) -> None:
    assert identifiers(query) == [query, *named]


def test_of_a_page_of_part_numbers_the_first_ones_are_looked_up() -> None:
    assert len(identifiers(" ".join(f"ab{number:06}" for number in range(500)))) == IDENTIFIERS_MAX + 1


@given(st.text(max_size=40))
def test_no_identifier_is_empty(query: str) -> None:
    assert all(id_term(each) != "#" for each in identifiers(query))
