"""The prices of offers as searches compare them, against the dicts that they are made of."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.index.price_lists import lowest_by_seller, lowest_listed, price_list
from workers.state.prices import offers_by, offers_now

NOW_MS = 1_000
PRICES = st.integers(0, 30).map(float)
TIMES = st.one_of(st.none(), st.integers(998, 1_002))
OFFERS: st.SearchStrategy[Any] = st.lists(
    st.fixed_dictionaries(
        {
            "seller": st.sampled_from("ABC"),
            "currency": st.sampled_from(["EUR", "USD"]),
            "price": PRICES,
            "sale_price": st.one_of(st.none(), PRICES),
            "sale_starts_at_ms": TIMES,
            "sale_ends_at_ms": TIMES,
        }
    ),
    max_size=5,
)


@given(OFFERS, st.one_of(st.none(), st.sets(st.sampled_from("ABC"))), st.sampled_from(["EUR", "USD", None]))
def test_the_lowest_listed_price_is_that_of_the_offers(offers: Any, sellers: Any, currency: str | None) -> None:
    asked = offers_now(offers_by(offers, sellers), NOW_MS)
    lowest = min((pays for offer, pays in asked if offer["currency"] == currency), default=None)
    assert lowest_listed(price_list(offers), sellers, currency, NOW_MS) == lowest


@given(OFFERS, st.sampled_from(["EUR", "USD"]))
def test_the_prices_of_all_sellers_are_those_of_each(offers: Any, currency: str) -> None:
    listed = price_list(offers)
    each = {seller: lowest_listed(listed, (seller,), currency, NOW_MS) for seller in "ABC"}
    assert lowest_by_seller(listed, currency, NOW_MS) == {
        seller: price for seller, price in each.items() if price is not None
    }


@pytest.mark.parametrize(
    "wrong",
    [None, 7, [None], [{}], [{"price": "low"}], [{"seller": 3}], [{"sale_price": 1, "sale_starts_at_ms": "now"}]],
)
def test_offers_of_which_one_cannot_be_read_have_no_prices(wrong: Any) -> None:
    names = ("sale_price", "sale_starts_at_ms", "sale_ends_at_ms")
    offer: Any = {"seller": "A", "currency": "EUR", "price": 1.0, **dict.fromkeys(names)}
    offers = [offer, *({**offer, **each} if each else each for each in wrong)] if isinstance(wrong, list) else wrong
    assert price_list(offers) == () and price_list([offer]) != ()
