"""Amounts and durations as people read them: all decimals of a price, at least those of the currency."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from schemas.answers import ShownItem
from stream.runtime.printing import LINE_CHARACTERS_MAX, ago, best_offers, duration, money, shortened
from tests.support.standing_in import shown


@pytest.mark.parametrize(
    ("price", "currency", "text"),
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
def test_a_price_is_shown_with_all_its_decimals(price: float | None, currency: str | None, text: str) -> None:
    assert money(price, currency) == text


def test_an_offer_is_shown_with_the_decimals_of_its_currency() -> None:
    [offer] = shown("P1", "Lamp")["offers"]
    offers = [
        offer.model_copy(update={"seller": seller, "price": price, "currency": currency})
        for seller, price, currency in (("a", 0.125, "KWD"), ("b", 1500, "JPY"))
    ]
    item = ShownItem(**shown("P1", "Lamp", currency="KWD", offers=offers))
    assert best_offers(item) == "a 0.125\nb 1,500 JPY"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0 ms"), (0.017, "17 ms"), (2.54, "2.5 s"), (147.683, "2.5 min"), (5_400, "1.5 h")]
)
def test_a_duration_is_shown_in_a_unit_that_a_person_can_imagine(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds_ago", "text"),
    [(180, "3 min ago"), (0, "0 s ago"), (-50, "0 s ago"), (-330, "5 min ahead"), (-14_500, "4 h ahead")],
)
def test_a_time_that_a_wrong_clock_gave_is_told_from_now(seconds_ago: int, text: str) -> None:
    assert ago((datetime.now(UTC) - timedelta(seconds=seconds_ago)).isoformat()) == text


def test_a_long_text_is_one_line_of_a_table() -> None:
    assert shortened("a\n b") == "a b"
    assert len(shortened("x" * 500)) == LINE_CHARACTERS_MAX and shortened("x" * 500).endswith("…")
