"""The limits whose order could matter: sellers beyond those that are kept, and room shared by how many came.

These tests prove docs/invariants.md#1.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.items import NO_REVIEWS, ItemRecord, Register
from schemas.state_codec import encode_item
from tests.support.events_strategy import parsed
from tests.support.examples import examples
from tests.support.folding import folded
from tests.support.item_records import decode_item
from workers.state import fold, limits

if TYPE_CHECKING:
    from schemas.events import Event

LONG = "a text of forty bytes, to be cut to less"


def offer(number: int, op: str, seller: str, field: str) -> Event:
    body: dict[str, Any] = {"price": 5, "currency": "EUR"} if op == "upsert" else {field: number}
    return parsed("prices", {"op": op, "seller": seller, "updated_at": number, **body})


def description(number: int, op: str, language: str, _: str) -> Event:
    body: dict[str, Any] = {"title": "lamp"} if op == "upsert" else {"description": {language: LONG}}
    return parsed("products", {"op": op, "updated_at": number, **body})


def promoted(number: int, op: str, seller: str, language: str) -> Event:
    body: dict[str, Any] = {"price": 5, "currency": "EUR"} if op == "upsert" else {}
    said = {} if op == "delete" else {"promotion": {language: LONG[:number], "de": LONG} if number % 2 else LONG}
    return parsed("prices", {"op": op, "seller": seller, "updated_at": number, **body, **said})


def shuffles(make: Any, parts: list[str]) -> st.SearchStrategy[tuple[list[Event], list[Event]]]:
    kinds = st.tuples(
        st.sampled_from(["patch", "patch", "upsert"]), st.sampled_from(parts), st.sampled_from(["price", "sale_price"])
    )
    lists = st.lists(kinds, min_size=3, max_size=6).map(lambda all_: [make(n, *kind) for n, kind in enumerate(all_)])
    return lists.flatmap(lambda events: st.tuples(st.just(events), st.permutations(events)))


@given(shuffles(offer, ["x", "y", "z"]))
@settings(max_examples=examples(200))
def test_the_sellers_that_are_kept_do_not_depend_on_the_order(case: tuple[list[Event], list[Event]]) -> None:
    with patch.object(limits, "SELLERS_MAX", 1):
        assert folded(case[0]) == folded(case[1])


@given(shuffles(description, ["en", "fr"]))
@settings(max_examples=examples(200))
def test_room_goes_by_the_languages_ever_seen(case: tuple[list[Event], list[Event]]) -> None:
    with patch.object(limits, "DESCRIPTION_BYTES", 30), patch.dict(limits.SHARE_BYTES_MIN, description=4):
        assert folded(case[0]) == folded(case[1])


promotions = st.lists(
    st.tuples(
        st.sampled_from(["patch", "patch", "upsert", "delete"]),
        st.sampled_from(["x", "y", "z"]),
        st.sampled_from(["en", "fr", "nl"]),
    ),
    min_size=3,
    max_size=8,
).map(lambda all_: [promoted(number, *each) for number, each in enumerate(all_)])


@given(promotions.flatmap(lambda events: st.tuples(st.just(events), st.permutations(events))))
@settings(max_examples=examples(300))
def test_the_room_of_promotions_goes_by_the_sellers_ever_seen(case: tuple[list[Event], list[Event]]) -> None:
    with patch.multiple(limits, PROMOTIONS_MAX=6, PROMOTIONS_BYTES=240, PROMOTION_BYTES_MIN=10):
        assert folded(case[0]) == folded(case[1])


@pytest.mark.parametrize("sellers", [1, 25, 113, 534, limits.SELLERS_MAX])
@pytest.mark.parametrize("parts", [1, max(limits.PARTS_MAX.values())])
def test_every_room_is_one_that_texts_can_be_cut_to_twice(sellers: int, parts: int) -> None:
    """A room of less than three bytes is none: a text that is cut to it twice is another than one that is cut once."""
    long, languages = "a" * 1_500, [f"l{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(parts)]
    said = {
        "title": dict.fromkeys(languages, long),
        "attributes": {f"k{n}": long for n in range(parts)},
    }
    product = fold.delta(parsed("products", {"op": "patch", **said})).product
    offer = fold.delta(parsed("prices", {"op": "patch", "promotion": {"en": long}})).offers["shop"]
    offers = {str(number): offer for number in range(sellers)}
    limited = limits.within_offer_limits(offers, {"0": offer})["0"]
    texts = [fact.value for fact in (*product.facts.values(), *limited.facts.values())]
    assert min(len(text) for text in texts) >= limits.PROMOTION_BYTES_MIN - 3


@given(
    st.permutations(range(4)),
    st.sampled_from(["products", "prices"]),
    st.sampled_from(["energy", "energy/en", "title/en"]),
)
@settings(max_examples=examples(100))
def test_what_a_later_release_knows_besides_is_kept_and_joined(order: list[int], topic: Any, key: str) -> None:
    said = {"title": {"en": "lamp"}} if topic == "products" else {"seller": "x", "price": 5, "currency": "EUR"}
    states = []
    for number in range(4):
        event = parsed(topic, {"op": "patch", "updated_at": number, **said})
        state = fold.delta(event)
        known = state.product if topic == "products" else state.offers["x"]
        if number == 2:
            known.facts[key] = Register(event.stamp, "A")
        states.append(state)
    joined = reduce(fold.join, (states[number] for number in order))
    decoded = decode_item(encode_item(ItemRecord("writer", joined, NO_REVIEWS, {}))).state
    assert decoded == joined
    facts = (decoded.product if topic == "products" else decoded.offers["x"]).facts
    assert facts[key].value == ("lamp" if key == "title/en" and topic == "products" else "A")
