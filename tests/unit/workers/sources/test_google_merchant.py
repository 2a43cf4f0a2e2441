"""Rows of a Google Merchant feed, in the words of its specification with other values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InvalidEvent
from tests.support.sources import events, message
from workers.sources.google_merchant import google_merchant
from workers.sources.shapes import shape_of_json

GOOGLE = google_merchant()
ROW = {
    "id": "TV-55",
    "title": "Television 55 inch",
    "description": "<b>Sharp</b> picture",
    "brand": "Lumen",
    "link": "https://shop.example.com/tv",
    "image_link": "https://shop.example.com/tv.png",
    "gtin": "4006381333931",
    "availability": "in stock",
    "price": "499.00 EUR",
    "item_group_id": "TV",
    "color": "black",
    "condition": "new",
    "product_type": "Electronics > Video > Televisions",
    "shipping": "DE:::5.00 EUR",
    "sale_price": "",
}


def test_a_row_is_a_product_and_its_price_and_shipping_is_left_alone() -> None:
    [item, price] = events(GOOGLE, message("products", ROW))
    assert item.facts == {
        "title/und": "Television 55 inch",
        "description/und": "Sharp picture",
        "brand": "Lumen",
        "gtin": "4006381333931",
        "link": "https://shop.example.com/tv",
        "image_link": "https://shop.example.com/tv.png",
        "item_group_id": "TV",
        "availability": "in_stock",
        "category": ["Electronics", "Video", "Televisions"],
        "attributes/color": "black",
        "attributes/condition": "new",
    }
    assert (price.topic, price.facts) == ("prices", {"price": 499.0, "currency": "EUR"})


def test_names_with_a_namespace_or_blanks_are_the_same() -> None:
    other = {f"g:{name.replace('_', ' ')}": value for name, value in ROW.items()}
    assert [e.facts for e in events(GOOGLE, message("products", other))] == [
        e.facts for e in events(GOOGLE, message("products", ROW))
    ]


def test_a_remark_behind_the_availability_is_left_alone() -> None:
    row = ROW | {"availability": "Out of stock - back in 3 days"}
    assert events(GOOGLE, message("products", row))[0].facts["availability"] == "out_of_stock"


@pytest.mark.parametrize("word", ["out of stock", "out_of_stock", "Out of Stock"])
def test_availability_has_both_spellings(word: str) -> None:
    assert events(GOOGLE, message("products", ROW | {"availability": word}))[0].facts["availability"] == "out_of_stock"


@pytest.mark.parametrize(
    "text",
    ["15.00 USD", "15 USD", "USD 15.00", "15,00 USD", "15.00USD", "15.0000 usd", " 15. USD", "015.000 USD"],
)
def test_a_price_has_its_currency(text: str) -> None:
    assert events(GOOGLE, message("products", ROW | {"price": text}))[1].facts == {"price": 15.0, "currency": "USD"}


@pytest.mark.parametrize(
    ("text", "price", "currency"),
    [
        *(("15 €", 15.0, "EUR"), ("€15,00", 15.0, "EUR"), ("1.299,00 €", 1299.0, "EUR"), ("£ 9.99", 9.99, "GBP")),
        *(
            ("US$15", 15.0, "USD"),
            ("HK$ 1,299.50", 1299.5, "HKD"),
            ("₩1,299", 1299.0, "KRW"),
            ("15,- EUR", 15.0, "EUR"),
        ),
        *(("CHF 15.–", 15.0, "CHF"), ("15.-€", 15.0, "EUR")),
        *(("\u200f1,299.00\xa0\u200f₪", 1299.0, "ILS"), ("\u200f1,299.00\xa0AED", 1299.0, "AED")),
    ],
)
def test_a_sign_that_means_one_currency_is_that_currency(text: str, price: float, currency: str) -> None:
    facts = events(GOOGLE, message("products", ROW | {"price": text}))[1].facts
    assert (facts["price"], facts["currency"]) == (price, currency)


@pytest.mark.parametrize(
    "text",
    [
        *("$15.00", "¥1500", "15.00 C A$", "1,299 €", "-€5", "15 € / kg", "€15 USD", "15-20 €"),
        "15.00",
        "1,23,4.00 USD",
        "1,234,00 USD",
        "-5 USD",
        "15 USD 3",
        "1,299 USD",
        "USD 1,299",
        "1.299 EUR",
        "1,299 KWD",
    ],
)
def test_a_price_that_could_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(InvalidEvent, match=r"price: .*15\.00 USD"):
        events(GOOGLE, message("products", ROW | {"price": text}))


def test_a_sale_has_its_window() -> None:
    window = "2026-11-24T11:07+0100 / 2026-11-29T23:07+0100"
    sale = {"sale_price": "450.00 EUR", "sale_price_effective_date": window}
    price = events(GOOGLE, message("products", ROW | sale))[1]
    assert price.facts == {
        "price": 499.0,
        "currency": "EUR",
        "sale_price": 450.0,
        "sale_starts_at_ms": 1_795_514_820_000,
        "sale_ends_at_ms": 1_795_990_020_000,
    }


@pytest.mark.parametrize(
    ("sale", "reason"),
    [
        ({"sale_price": "1 USD"}, "is in USD and the price in EUR"),
        ({"sale_price": "1 EUR", "sale_price_effective_date": "2026-11-24T11:07+0100"}, "has no start and end"),
        ({"sale_price": "1 EUR", "sale_price_effective_date": "2026-11-24/"}, "has no start and end"),
        ({"sale_price": "1 EUR", "sale_price_effective_date": "2026-11-24/soon"}, "is no time"),
    ],
)
def test_a_sale_that_is_wrong_is_refused_with_its_field(sale: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidEvent, match=reason):
        events(GOOGLE, message("products", ROW | sale))


def test_a_sale_price_above_the_price_is_no_sale() -> None:
    assert events(GOOGLE, message("products", ROW | {"sale_price": "600 EUR"}))[1].facts == {
        "price": 499.0,
        "currency": "EUR",
    }


def test_three_decimals_are_those_of_a_currency_that_has_them() -> None:
    assert events(GOOGLE, message("products", ROW | {"price": "1.299 KWD"}))[1].facts["price"] == 1.299


@pytest.mark.parametrize("text", ["1,299 JPY", "1.299 JPY", "KRW 1,299", "1299 JPY", "1,299.00 JPY"])
def test_three_digits_are_thousands_in_a_currency_without_decimals(text: str) -> None:
    assert events(GOOGLE, message("products", ROW | {"price": text}))[1].facts["price"] == 1299


def test_a_row_that_lost_its_price_is_no_offer() -> None:
    [item, offer] = events(GOOGLE, message("products", ROW | {"price": ""}))
    assert (item.op, offer.topic, offer.op) == ("upsert", "prices", "delete")


def test_columns_that_name_their_parts_are_left_alone_as_well() -> None:
    given = ROW | {"shipping(country:price)": "DE:5 EUR", "tax(rate)": "19", "color(a)": "black"}
    facts = events(GOOGLE, message("products", given))[0].facts
    assert [name for name in facts if "(" in name] == ["attributes/color(a)"]


@pytest.mark.parametrize(
    "text",
    [
        "1,299.50 USD",
        "1.299,50 USD",
        "1 299,50 USD",
        "1\u00a0299.50 USD",
        "1\u202f299,50 USD",
        "1'299.50 USD",
        "USD 1299.500",
    ],
)
def test_digits_in_groups_are_read_where_there_is_no_doubt(text: str) -> None:
    assert events(GOOGLE, message("products", ROW | {"price": text}))[1].facts["price"] == 1299.5


@given(st.integers(0, 10**11), st.sampled_from((",", ".", " ", "'")), st.sampled_from((0, 2)))
def test_a_number_in_groups_is_the_number_or_refused_where_it_could_be_another(
    whole: int, group: str, decimals: int
) -> None:
    point = "," if group == "." else "."
    text = f"{whole:,}".replace(",", group) + (f"{point}25" if decimals else "") + " USD"
    if 1_000 <= whole < 10**6 and group in ",." and not decimals:
        with pytest.raises(InvalidEvent, match="may be in thousands or not"):
            events(GOOGLE, message("products", ROW | {"price": text}))
    else:
        price = events(GOOGLE, message("products", ROW | {"price": text}))[1].facts["price"]
        assert price == whole + (0.25 if decimals else 0)


@pytest.mark.parametrize(
    ("window", "whole"),
    [
        ("2026-11-24T11:07/2026-11-29T23:07", "2026-11-24T11:07+0000/2026-11-29T23:07Z"),
        ("2026-11-24/2026-11-29", "2026-11-24T00:00Z/2026-11-30T00:00Z"),
        ("20261124/20261129", "2026-11-24T00:00Z/2026-11-30T00:00Z"),
        ("20261124T11/20261129T23", "2026-11-24T11:00Z/2026-11-29T23:00Z"),
        ("2026-11-24 11:07:00/2026-11-29 23:07:00", "2026-11-24T11:07Z/2026-11-29T23:07Z"),
    ],
)
def test_a_window_without_offsets_is_in_utc_and_its_last_day_counts_whole(window: str, whole: str) -> None:
    def facts(text: str) -> dict[str, Any]:
        sale = {"sale_price": "450.00 EUR", "sale_price_effective_date": text}
        return events(GOOGLE, message("products", ROW | sale))[1].facts

    assert facts(window) == facts(whole) and "sale_starts_at_ms" in facts(whole)


def test_a_window_that_ends_before_it_begins_is_no_sale() -> None:
    window = "2026-11-29T11:07+0100/2026-11-24T23:07+0100"
    price = events(GOOGLE, message("products", ROW | {"sale_price": "1 EUR", "sale_price_effective_date": window}))[1]
    assert price.facts == {"price": 499.0, "currency": "EUR"}


def test_cells_of_blanks_are_empty() -> None:
    blank = {"sale_price": " ", "sale_price_effective_date": "\t", "brand": "\u00a0"}
    assert [e.facts for e in events(GOOGLE, message("products", ROW | blank))] == [
        e.facts for e in events(GOOGLE, message("products", {**ROW, "brand": ""}))
    ]


def test_texts_that_were_escaped_twice_are_read() -> None:
    row = ROW | {"title": "AT&amp;T phone", "brand": "M&amp;M", "product_type": "Home &gt; Lamps"}
    facts = events(GOOGLE, message("products", row))[0].facts
    assert (facts["title/und"], facts["brand"], facts["category"]) == ("AT&T phone", "M&M", ["Home", "Lamps"])


def test_a_number_of_googles_taxonomy_is_no_category_and_of_several_types_the_first_counts() -> None:
    numbered = {**ROW, "product_type": "", "google_product_category": "2271"}
    assert "category" not in events(GOOGLE, message("products", numbered))[0].facts
    several = ROW | {"product_type": ["Home > Lamps", "Gifts"]}
    assert events(GOOGLE, message("products", several))[0].facts["category"] == ["Home", "Lamps"]


def test_levels_beyond_those_that_are_kept_refuse_no_product() -> None:
    deep = ROW | {"product_type": " > ".join("abcdefghijk")}
    assert events(GOOGLE, message("products", deep))[0].facts["category"] == [*"abcdefgh"]


@pytest.mark.parametrize("nought", ["0 EUR", "0.00 EUR", "EUR 0", "0,00 EUR", "0.00 USD"])
def test_a_sale_price_of_nought_is_no_sale(nought: str) -> None:
    facts = events(GOOGLE, message("products", ROW | {"sale_price": nought}))[1].facts
    assert facts == {"price": 499.0, "currency": "EUR"}


@pytest.mark.parametrize(
    "product",
    [
        {"kind": "content#product", "price": {"value": "15.00", "currency": "USD"}, "id": "online:en:US:a1"},
        {"channel": "ONLINE", "contentLanguage": "en", "feedLabel": "US", "attributes": {"title": "Lamp"}},
        {"feedLabel": "US", "productAttributes": {"price": {"amountMicros": "15000000", "currencyCode": "USD"}}},
    ],
)
def test_a_product_of_googles_apis_is_refused_by_its_name(product: dict[str, Any]) -> None:
    body = {"offerId": "a1", "title": "Lamp", **product}
    with pytest.raises(InvalidEvent, match="of Google's Content API or Merchant API"):
        events(GOOGLE, message("products", body))
    shape = shape_of_json(body)
    assert shape is not None and "Google's Content API" in shape.sentence


@pytest.mark.parametrize("number", ["2271", "2271.0", 2271, 2271.0])
def test_the_number_of_a_category_is_none_also_where_a_table_made_decimals_of_it(number: object) -> None:
    numbered = {**ROW, "product_type": "", "google_product_category": number}
    assert "category" not in events(GOOGLE, message("products", numbered))[0].facts


@pytest.mark.parametrize("field", ["gtin", "item_group_id"])
def test_a_name_that_a_spreadsheet_shortened_is_refused_in_every_field(field: str) -> None:
    """Products of many groups would be one group, of which search shows one."""
    with pytest.raises(InvalidEvent, match=rf"{field}: '4\.00638E\+12' is what a spreadsheet made of a long number"):
        events(GOOGLE, message("products", ROW | {field: "4.00638E+12"}))
