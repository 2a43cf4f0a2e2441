"""Amounts as people read them: all decimals of the price, at least those of the currency."""

from __future__ import annotations

import pytest

from stream.runtime.printing import best_offers, money


@pytest.mark.parametrize(
    ("price", "currency", "shown"),
    [
        (0.125, "KWD", "0.125 KWD"),
        (12.0, "KWD", "12.000 KWD"),
        (0.0005, "EUR", "0.0005 EUR"),
        (0.000001, "EUR", "0.000001 EUR"),
        (1500.0, "JPY", "1,500 JPY"),
        (12.345, "JPY", "12.345 JPY"),
        (8.5, "HKD", "8.50 HKD"),
        (1e11, "EUR", "100,000,000,000.00 EUR"),
        (0.0, "EUR", "0.00 EUR"),
        (3, None, "3.00"),
        (None, None, ""),
    ],
)
def test_a_price_is_shown_with_all_its_decimals(price: float | None, currency: str | None, shown: str) -> None:
    assert money(price, currency) == shown


def test_an_offer_is_shown_with_the_decimals_of_its_currency() -> None:
    offers = [{"seller": "a", "price": 0.125, "currency": "KWD"}, {"seller": "b", "price": 1500, "currency": "JPY"}]
    assert best_offers({"currency": "KWD", "offers": offers}) == "a 0.125\nb 1,500 JPY"
