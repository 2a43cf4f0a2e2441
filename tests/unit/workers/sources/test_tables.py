from __future__ import annotations

import pytest

from schemas.errors import InvalidEvent
from tests.support.sources import events, message
from workers.sources.google_merchant import google_merchant
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
