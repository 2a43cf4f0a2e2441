from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.queries import Filters
from workers.understanding.guesses import BRAND, CHEAP, Known
from workers.understanding.prices import CURRENCIES_DIFFER, NOT_SOLD_IN
from workers.understanding.read import TEXT_CHARACTERS_MAX, may_name_seller, remaining, understand

if TYPE_CHECKING:
    from typing import Any

SELLERS = {"wellcome": "WELLCOME", "aeon style": "AEON Style"}
HONG_KONG = Known(("HKD",), SELLERS)
MANY = Known(("HKD", "EUR", "USD"), SELLERS, {"notebook", "cheap 500", "嘉顿"})

FRAGMENTS = (
    *("notebook", "手機", "嘉頓 蛋糕", "iphone 15", "under", "over", "between", "and", "to", "from", "by", "WELLCOME"),
    *("Aeon", "Style", "500", "20", "1,500.50", "2.000", "$", "€20", "HK$", "元", "dollars", "以下", "以上", "不超過"),
    *("四星", "4", "stars", "and up", "in stock", "現貨", "cheap", "便宜", "men", "ml", ",", "  ", "\n", "-", "<"),
    *("５００", "ß", "İ", "Ⅷ", "½", "\u200b"),
)
texts = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(FRAGMENTS), max_size=9).map(" ".join)) | st.lists(
    st.sampled_from(FRAGMENTS), max_size=9
).map("".join)
catalogues = st.sampled_from([Known(), HONG_KONG, MANY])


def filters(text: str, known: Known = HONG_KONG) -> tuple[str, dict[str, Any]]:
    """Return the words that remain, and the filters of all guesses that are used."""
    understood = understand(text, known)
    used = [guess for guess in understood.guesses if guess.dropped is None]
    return understood.text, {name: value for guess in used for name, value in guess.filters.items()}


@pytest.mark.parametrize(
    ("text", "rest", "asked"),
    [
        ("notebook under 500", "notebook", {"max_price": 500}),
        ("Notebook UNDER 500", "Notebook", {"max_price": 500}),
        ("over 100", "", {"min_price": 100}),
        ("lamp between 20 and 50", "lamp", {"min_price": 20, "max_price": 50}),
        ("lamp between 50 and 20", "lamp", {"min_price": 20, "max_price": 50}),
        ("lamp from 20 to 50 dollars", "lamp", {"min_price": 20, "max_price": 50}),
        ("$20-$50 lamp", "lamp", {"min_price": 20, "max_price": 50}),
        ("lamp under $1,500.50", "lamp", {"max_price": 1500.5}),
        ("lamp under 1.500 HKD", "lamp", {"max_price": 1500}),
        ("lamp < 30", "lamp", {"max_price": 30}),
        ("lamp 100 dollars or more", "lamp", {"min_price": 100}),
        ("laptop under 900, black", "laptop black", {"max_price": 900}),
        ("laptop under 900 with numpad", "laptop with numpad", {"max_price": 900}),
        ("laptop over 100 under 900", "laptop", {"min_price": 100, "max_price": 900}),
        ("手機 2000元以下", "手機", {"max_price": 2000}),
        ("嘉頓 蛋糕 20元以下", "嘉頓 蛋糕", {"max_price": 20}),
        ("嘉頓蛋糕20元以下", "嘉頓蛋糕", {"max_price": 20}),
        ("100元以上", "", {"min_price": 100}),
        ("100以上 蛋糕", "蛋糕", {"min_price": 100}),
        ("耳機 500元至1000元", "耳機", {"min_price": 500, "max_price": 1000}),
        ("耳機不超過500", "耳機", {"max_price": 500}),
        ("５００元以下", "", {"max_price": 500}),
        ("4 stars and up", "", {"min_rating": 4}),
        ("lamp rated 4.5 stars or more", "lamp", {"min_rating": 4.5}),
        ("lamp 4+ stars", "lamp", {"min_rating": 4}),
        ("四星以上", "", {"min_rating": 4}),
        ("蛋糕 4.5星或以上", "蛋糕", {"min_rating": 4.5}),
        ("lamp in stock", "lamp", {"availability": "in_stock"}),
        ("蛋糕 現貨", "蛋糕", {"availability": "in_stock"}),
        ("cake by wellcome", "cake", {"seller": "WELLCOME"}),
        ("cake sold by Aeon  Style under 20", "cake", {"seller": "AEON Style", "max_price": 20}),
        ("laptop under 20 in stock", "laptop", {"max_price": 20, "availability": "in_stock"}),
        ("lamp not over 50", "lamp", {"max_price": 50}),
        ("lamp not under 20", "lamp", {"min_price": 20}),
        ("Lampe nicht über 50", "Lampe", {"max_price": 50}),
        ("Lampe nicht unter 20", "Lampe", {"min_price": 20}),
        ("Lampe nicht mehr als 50", "Lampe", {"max_price": 50}),
        ("Lampe weniger als 50", "Lampe", {"max_price": 50}),
        ("lampe pas plus de 50", "lampe", {"max_price": 50}),
        ("lámpara no más de 50", "lámpara", {"max_price": 50}),
        ("lampada non più di 50", "lampada", {"max_price": 50}),
        ("lampada non meno di 20", "lampada", {"min_price": 20}),
        ("Lampe bis 50 HKD", "Lampe", {"max_price": 50}),
        ("Lampe ab $20", "Lampe", {"min_price": 20}),
        ("lampe moins de 1 299,50 HKD", "lampe", {"max_price": 1299.5}),
        ("laptop under 1 000 HKD 128 gb", "laptop 128 gb", {"max_price": 1000}),
        ("laptop between 1 000 HKD and 2 000 HKD", "laptop", {"min_price": 1000, "max_price": 2000}),
    ],
)
def test_words_become_the_filters_that_they_stand_for(text: str, rest: str, asked: dict[str, Any]) -> None:
    assert filters(text) == (rest, asked)


@pytest.mark.parametrize(
    "text",
    [
        *("iphone 15", "iphone 15 pro", "under armour", "size 42", "500 ml", "water under 500 ml", "tv over 55 inch"),
        *("ssd over 500gb", "multivitamin for men over 50", "toy 3 to 5 years", "玩具 3歲以上", "gift card 100元"),
        *("over 50s", "dumbbell under 20 pounds", "5 star hotel", "20-50", "cake by Garden", "by", "lamp from"),
        *("stocking", "under 5 minutes", "wh-1000xm5", "v1.5 over", "between 2 worlds", "100% cotton", "6x330ml"),
        *("under 0", "cheap", "現", "phone < 5g", "Splitter 1->2"),
        *("Schuhe bis 42", "Hose ab 50", "lampada da 20 HKD", "phone under 1 000"),
    ],
)
def test_model_names_sizes_and_ages_stay_words(text: str) -> None:
    assert filters(text) == (text, {})


@pytest.mark.parametrize(
    "text",
    [
        *("lamp not in stock", "Lampe nicht auf Lager", "lampe pas en stock", "lámpara no en stock", "沒有現貨 燈"),
        *("没现货 灯", "無現貨", "lamp not cheap", "Lampe nicht billig", "不便宜 燈"),
    ],
)
def test_what_is_denied_is_not_asked_for(text: str) -> None:
    assert understand(text, HONG_KONG).guesses == ()


def test_cheap_is_a_boost_and_no_filter() -> None:
    understood = understand("cheap lamp", HONG_KONG)
    assert (understood.text, [(guess.boost, guess.filters) for guess in understood.guesses]) == ("lamp", [(CHEAP, {})])


@pytest.mark.parametrize(
    ("text", "asked", "dropped"),
    [
        ("lamp under 500", {"max_price": 500}, CURRENCIES_DIFFER),
        ("lamp under $500", {"max_price": 500}, CURRENCIES_DIFFER),
        ("lamp under £500", {"max_price": 500}, NOT_SOLD_IN),
        ("lamp under HK$500", {"max_price": 500, "currency": "HKD"}, None),
        ("lamp under 500 euros", {"max_price": 500, "currency": "EUR"}, None),
    ],
)
def test_where_prices_are_in_several_currencies_a_bound_needs_one(
    text: str, asked: dict[str, Any], dropped: str
) -> None:
    understood = understand(text, MANY)
    (guess,) = understood.guesses
    assert (guess.filters, guess.dropped) == (asked, dropped)
    assert understood.text == (text if dropped else "lamp")


def test_a_sign_that_means_several_currencies_means_the_one_that_the_catalogue_has() -> None:
    assert filters("lamp under $500", Known(("EUR", "HKD"))) == ("lamp", {"max_price": 500, "currency": "HKD"})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Sony headphones under 50", ["Sony", "under 50"]),
        ("headphones under 50 sony", ["under 50", "sony"]),
        ("cheap monday jeans", ["cheap monday"]),
        ("嘉頓 蛋糕 20元以下", ["嘉頓", "20元以下"]),
        ("sony", []),
        ("sonys headphones", []),
    ],
)
def test_a_brand_beside_other_words_is_a_boost_and_its_words_stay(text: str, named: list[str]) -> None:
    understood = understand(text, Known(("HKD",), brands={"sony", "cheap monday", "嘉顿"}))
    assert [text[guess.start : guess.end] for guess in understood.guesses] == named
    assert all(text[guess.start : guess.end] in understood.text for guess in understood.guesses if guess.boost == BRAND)


def test_a_text_that_was_pasted_is_not_understood() -> None:
    text = "under 500 " * (TEXT_CHARACTERS_MAX // 10 + 1)
    assert filters(text) == (text, {}) and not may_name_seller(text)


@given(texts, catalogues)
def test_no_character_of_a_query_is_lost(text: str, known: Known) -> None:
    understood = understand(text, known)
    used = [guess for guess in understood.guesses if guess.takes_words]
    pieces = [text[guess.start : guess.end] for guess in used]
    kept = sorted("".join([understood.text, *pieces]))
    lost = [char for char in sorted(text) if char not in " \t\r\n,;"]
    assert [char for char in kept if char not in " \t\r\n,;"] == lost
    assert understood.text in (text, remaining(text, used))


@given(texts, catalogues)
def test_what_remains_is_not_understood_any_further(text: str, known: Known) -> None:
    once = understand(text, known)
    again = understand(once.text, known)
    assert again.text == once.text
    assert not any(guess.takes_words for guess in again.guesses) or once.text == text


@given(texts, catalogues)
def test_guesses_do_not_overlap_and_are_filters_that_a_search_accepts(text: str, known: Known) -> None:
    guesses = understand(text, known).guesses
    assert all(one.end <= other.start for one, other in pairwise(guesses))
    for guess in guesses:
        assert 0 <= guess.start < guess.end <= len(text)
        Filters(**guess.filters)
        assert guess.filters or guess.boost


@given(texts)
def test_a_catalogue_in_one_currency_never_needs_a_currency_filter(text: str) -> None:
    assert all("currency" not in guess.filters for guess in understand(text, HONG_KONG).guesses)
