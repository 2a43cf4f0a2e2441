from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InvalidEvent
from tests.support.sources import events, message
from workers.sources.google_merchant import google_merchant
from workers.sources.own import own
from workers.sources.tables import table


def test_cells_become_the_fields_that_the_header_names() -> None:
    row = {
        "product_id": "a",
        "title.en": "Cup",
        "title.de": "Tasse",
        "attributes.colour": "red",
        "category": "Home > Cups",
        "version": "7",
        "updated_at": "2026-11-10T08:00:00Z",
    }
    [event] = events(table(), message("products", row))
    assert event.stamp[:2] == (7, 1_794_297_600_000)
    assert event.facts == {
        "title/en": "Cup",
        "title/de": "Tasse",
        "attributes/colour": "red",
        "category": ["Home", "Cups"],
    }


def test_cells_of_json_and_of_counts_mean_what_columns_of_a_database_do() -> None:
    row = {
        "product_id": "a",
        "title": '{"en": "Cup", "de": "Tasse"}',
        "attributes": '{"colour": "red"}',
        "category": '["Home", "Cups"]',
        "availability": "0",
        "version": "7.0",
        "updated_at": "1794297600000.0",
    }
    [event] = events(table(), message("products", row))
    assert event.stamp[:2] == (7, 1_794_297_600_000)
    assert event.facts == {
        "title/en": "Cup",
        "title/de": "Tasse",
        "attributes/colour": "red",
        "category": ["Home", "Cups"],
        "availability": "out_of_stock",
    }


def test_a_price_and_a_review_are_read_from_text() -> None:
    [price] = events(table(), message("prices", {"product_id": "a", "price": "12.50", "currency": "EUR"}))
    assert price.facts == {"price": 12.5, "currency": "EUR"}
    row = {"product_id": "a", "review_id": "1", "rating": "4.5", "verified_purchase": "TRUE"}
    assert events(table(), message("reviews", row))[0].facts == {"rating": 450}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"sku": "a"}, "no such column, only sku"),
        ({"product_id": "a", "title": "x", "title.en": "y"}, "title: has a column of its own"),
        ({"product_id": "a", "title.en": "y", "title": "x"}, "title: has a column of its own"),
        ({"product_id": "a", "title": '{"en": "x"}', "title.de": "y"}, "title: has a column of its own"),
        ({"product_id": "a", "title": "x", "attributes": "red"}, "attributes: 'red' is no JSON object"),
    ],
)
def test_a_table_that_is_no_table_of_ours_is_refused(row: dict[str, str], reason: str) -> None:
    with pytest.raises(InvalidEvent, match=reason):
        events(table(), message("products", row))


@pytest.mark.parametrize("damaged", ["1.23E+11", "4,00638E+12", "6E+17", " 1.23E+11 "])
def test_an_id_that_a_spreadsheet_shortened_is_refused(damaged: str) -> None:
    rows = {
        "products": {"product_id": damaged, "title": "Cup"},
        "reviews": {"product_id": "a", "review_id": damaged, "rating": "4"},
        "prices": {"product_id": "a", "seller": damaged, "price": "4", "currency": "EUR"},
    }
    named = [("products", {"product_id": "a", "title": "Cup", name: damaged}) for name in ("gtin", "item_group_id")]
    for topic, row in [*rows.items(), *named]:
        with pytest.raises(InvalidEvent, match="is what a spreadsheet made of a long number"):
            events(table(), message(topic, row))
    with pytest.raises(InvalidEvent, match="is what a spreadsheet made of a long number"):
        google_merchant()(message("products", {"id": damaged, "title": "Cup"}))


@pytest.mark.parametrize("kept", ["1.23E-11", "E+11", "X1E+11", "12E+11", "1e+11", "00123", "1E+1"])
def test_an_id_that_only_looks_like_it_stays(kept: str) -> None:
    assert events(table(), message("products", {"product_id": kept, "title": "Cup"}))[0].product_id == kept


@pytest.mark.parametrize(
    "cell",
    [
        "2026-11-10 08:00:00+00",
        "2026-11-10T08:00:00.000000+0000",
        "2026-11-10 16:00:00+08",
        "2026-11-10 08:00:00 UTC",
        " 2026-11-10 08:00Z ",
    ],
)
def test_a_time_with_an_offset_is_read_in_the_form_of_every_database(cell: str) -> None:
    """psql, duckdb, polars and BigQuery write one in these forms."""
    row = {"product_id": "a", "price": "1", "currency": "EUR", "sale_ends_at": cell, "updated_at": cell}
    [event] = events(table(), message("prices", row))
    assert event.facts["sale_ends_at_ms"] == event.stamp.updated_at_ms == 1_794_297_600_000


def test_a_sale_may_end_at_infinity() -> None:
    row = {"product_id": "a", "price": "2", "sale_price": "1", "currency": "EUR"}
    [event] = events(table(), message("prices", row | {"sale_starts_at": "-infinity", "sale_ends_at": "infinity"}))
    assert (event.facts["sale_starts_at_ms"], event.facts["sale_ends_at_ms"]) == (0, 253_402_300_799_999)


@pytest.mark.parametrize("cell", ["2026-11-10 08:00:00", "2026-11-10", "20261110080000", "202611100800", "08:00+00"])
def test_a_time_without_an_offset_is_refused(cell: str) -> None:
    with pytest.raises(InvalidEvent, match=r"updated_at: .*offset|no RFC 3339|a date without signs"):
        events(table(), message("products", {"product_id": "a", "title": "Cup", "updated_at": cell}))


@given(st.integers(1, 10**8))
def test_a_price_that_a_program_computed_is_read_as_the_number_that_it_is(cents: int) -> None:
    """A double with all its digits is a price of whole cents in JSON, and so it is in a table."""
    computed = cents / 100 * 1.19 / 1.19
    prices = [
        events(adapt, message("prices", {"product_id": "a", "price": given, "currency": "EUR"}))[0].facts
        for adapt, given in ((table(), repr(computed)), (own(), computed))
    ]
    assert prices[0] == prices[1] == {"price": cents / 100, "currency": "EUR"}


def test_a_price_with_more_decimals_than_a_double_is_refused() -> None:
    with pytest.raises(InvalidEvent, match="too many decimals"):
        events(table(), message("prices", {"product_id": "a", "price": "1.12345678901234567890", "currency": "EUR"}))


@pytest.mark.parametrize(
    ("field", "cell"),
    [
        ("category", "['Home', 'Kitchen']"),
        ("category", "['Home']"),
        ("category", "[Home, Kitchen]"),
        ("category", '{Home,"Kitchen, small"}'),
        ("title", "{'en': 'Cup', 'de': 'Tasse'}"),
        ("title", "{'en':'Cup'}"),
        ("title", "{'en': Cup}"),
    ],
)
def test_a_list_or_an_object_as_a_program_prints_it_is_refused(field: str, cell: str) -> None:
    """pandas, duckdb, ClickHouse and PostgreSQL print lists and objects like this: it would be shown as it is."""
    row = {"product_id": "a", "title": "Cup", field: cell}
    with pytest.raises(InvalidEvent, match=f"{field}: .* as a program prints it: write"):
        events(table(), message("products", row))


@pytest.mark.parametrize(("cell", "meant"), [("t", "in_stock"), ("f", "out_of_stock"), ("True", "in_stock")])
def test_a_truth_value_of_a_database_is_an_availability(cell: str, meant: str) -> None:
    row = {"product_id": "a", "title": "Cup", "availability": cell}
    assert events(table(), message("products", row))[0].facts["availability"] == meant
