"""The text of offers in the embedded index gives back what it was made of, and is short where there are many."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.offer_columns import COLUMNS_FROM, OfferColumns
from workers.index.edge.offers_text import columns_in, offers_in, offers_text

TIMES = st.one_of(st.none(), st.integers(0, 2**52))
PRICES = st.floats(0, 1e9, allow_nan=False)
OFFERS: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {
        "seller": st.text(max_size=20),
        "price": PRICES,
        "currency": st.sampled_from(["EUR", "USD"]),
        "sale_price": st.one_of(st.none(), PRICES),
        "sale_starts_at_ms": TIMES,
        "sale_ends_at_ms": TIMES,
        "promotion": st.dictionaries(st.sampled_from(["en", "zh-Hant"]), st.text(max_size=9)),
        "updated_at_ms": st.integers(0, 2**52),
    }
)


def plain(number: int) -> dict[str, Any]:
    return {
        "seller": f"seller {number}", "price": number + 0.5, "currency": "EUR", "sale_price": None,
        "sale_starts_at_ms": None, "sale_ends_at_ms": None, "promotion": {}, "updated_at_ms": 1_800_000_000 + number,
    }  # fmt: skip


@given(st.lists(OFFERS, max_size=3), st.integers(0, 60))
def test_offers_are_read_as_they_were_written_be_they_few_or_many(others: list[Any], plain_ones: int) -> None:
    offers = [*map(plain, range(plain_ones)), *others]
    assert offers_in(offers_text(offers)) == offers
    by_field = OfferColumns.of(offers)
    assert columns_in(offers_text(offers)) == offers == (offers if by_field is None else by_field)


def test_offers_of_an_earlier_release_are_read() -> None:
    offers = list(map(plain, range(200)))
    assert offers_in(orjson.dumps(offers).decode()) == offers


def test_two_hundred_offers_take_a_tenth_of_what_they_take_as_objects() -> None:
    offers: Any = list(map(plain, range(200)))
    assert len(offers_text(offers)) < len(orjson.dumps(offers)) / 10


@pytest.mark.parametrize("odd", [{"seller": "A"}, {}, None, "A", 5])
def test_what_is_no_offer_stays_as_it_is(odd: Any) -> None:
    offers = [*map(plain, range(COLUMNS_FROM)), odd]
    assert offers_in(offers_text(offers)) == offers
