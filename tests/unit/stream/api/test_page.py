"""The page shows whatever a feed may hold."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.answers import Hit, SearchableAt, SearchAnswer, ShownOffer
from stream.api.page import OFFERS_AT_FIRST, PageParameters, render_page, web_link

RIGHT_TO_LEFT = "\u202e"


def hit(**fields: Any) -> Hit:
    whole = dict.fromkeys(Hit.model_fields) | {"product_id": "p-1", "titles": {}, "category": [], "attributes": {}}
    whole |= {
        "review_count": 0,
        "rating_histogram": [],
        "offers": [],
        "left_out": [],
        "score": 1.0,
        "discount_percent": 0,
    }
    whole |= {"searchable_at": SearchableAt(product=None, price=None, reviews=None), "vector_is_current": True}
    return Hit.model_validate(whole | fields)


def offer(seller: str, price: float, currency: str = "EUR") -> ShownOffer:
    named = {"seller": seller, "price": price, "regular_price": price, "currency": currency, "sale_ends_at": None}
    return ShownOffer(**named, discount_percent=0, promotion={}, updated_at="")


def page(*hits: Hit) -> str:
    answer = SearchAnswer(
        query="x", hits=list(hits), total=len(hits), total_is_exact=True, took_ms=1, by="words", fresh_as_of={}
    )
    return render_page(PageParameters(q="x"), answer)


@pytest.mark.parametrize("link", ["http://[bad", "https://[::1", "javascript:alert(1)", "//[", "", None, "ftp://x"])
def test_a_link_that_is_no_address_of_the_web_is_no_link(link: str | None) -> None:
    assert web_link(link) is None


def test_an_item_without_title_price_and_offers_is_shown_by_its_id() -> None:
    shown = page(hit())
    assert "<bdi>p-1</bdi>" in shown and "<table" not in shown and 'class="price"' not in shown


def test_the_link_to_why_has_the_whole_search() -> None:
    asked = PageParameters(q="a & b", understand=False, brand=("Oak & Co", "Elm"), max_price=5)
    answer = SearchAnswer(query="x", hits=[hit()], total=1, total_is_exact=True, took_ms=1, by="words", fresh_as_of={})
    link = re.search(r'href="(/\?product=[^"]*)"', render_page(asked, answer))
    assert link is not None
    assert parse_qs(urlsplit(unescape(link[1])).query) == {
        "product": ["p-1"],
        "q": ["a & b"],
        "understand": ["false"],
        "brand": ["Oak & Co", "Elm"],
        "max_price": ["5.0"],
    }


@pytest.mark.parametrize(
    ("as_of", "said"),
    [
        ({"products": "2020-01-01T00:00:00Z", "prices": "2020-01-01T00:00:01Z"}, r"Complete up to \d+ d ago\.</p>"),
        (
            {"products": "2020-01-01T00:00:00Z", "prices": None},
            r"Complete up to: products \d+ d ago, prices not known yet\.</p>",
        ),
        ({"products": None, "prices": None}, r"products not known yet, prices not known yet\.</p>"),
        ({}, r"in 1 ms\.</p>"),
    ],
)
def test_up_to_when_an_answer_is_complete_is_said_once_where_all_topics_are_alike(
    as_of: dict[str, str | None], said: str
) -> None:
    answer = SearchAnswer(query="x", hits=[], total=0, total_is_exact=True, took_ms=1, by="words", fresh_as_of=as_of)
    assert re.search(said, render_page(PageParameters(q="x"), answer))


def test_what_a_limit_leaves_out_is_told() -> None:
    assert "A limit leaves out some of its description, offers." in page(hit(left_out=["description", "offers"]))
    assert "limit" not in page(hit())


@pytest.mark.parametrize("link", [None, "https://shop.example"])
def test_a_mark_of_direction_in_a_text_turns_nothing_beside_it(link: str | None) -> None:
    text = f"Tea{RIGHT_TO_LEFT}pot"
    shown = page(hit(title=text, brand=text, link=link, price=1, currency="EUR", offers=[offer(text, 1)]))
    for part in shown.split("</bdi>")[:-1]:
        assert part.count("<bdi>") == 1
        shown = shown.replace(part.partition("<bdi>")[2], "")
    assert RIGHT_TO_LEFT not in shown


def test_of_many_offers_the_cheapest_in_the_currency_of_the_item_are_open_and_the_others_folded() -> None:
    offers = [offer(f"s{number:03}", 1_000 - number) for number in range(199)] + [offer("abroad", 1, "JPY")]
    at_first, folded = page(hit(price=802, currency="EUR", offers=offers)).split("<details>")
    assert at_first.count("<tr>") == OFFERS_AT_FIRST and "<bdi>s198</bdi>" in at_first and "abroad" not in at_first
    assert folded.count("<tr>") == 200 - OFFERS_AT_FIRST and "195 more offers" in folded and "abroad" in folded
    assert "<details>" not in page(hit(price=802, currency="EUR", offers=offers[:OFFERS_AT_FIRST]))


@given(st.text(max_size=40) | st.just("x" * 10_000) | st.just("<b>" * 3_000))
def test_whatever_a_text_holds_the_page_shows_it_as_text(text: str) -> None:
    shown = page(hit(title=text, brand=text, category=[text], link=text, image_link=text, offers=[offer(text, 0)]))
    assert escape(text, quote=False) in shown.replace("&#34;", '"').replace("&#39;", "'")
    assert shown.count("<script") == 1 and "<b>" not in shown and "<img" not in shown
