"""The verdicts on the events of a product agree with the state that the fold makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.events_strategy import item_events, parsed, review_events
from tests.support.folding import folded
from workers.state import reviews
from workers.state.outranking import WHOLE, Verdict, verdicts

if TYPE_CHECKING:
    from schemas.events import Event


Facts = dict[tuple[str | None, str], Any]


def winners(events: list[Event], topic: str) -> Facts:
    """Return the values that won, by part and field."""
    found = zip(events, verdicts(events), strict=True)
    return {
        (event.part, each.key): each.value
        for event, of_event in found
        if event.topic == topic
        for each in of_event
        if each.reason == "won" and each.key != WHOLE
    }


def said(facts: Facts) -> Facts:
    return {place: value for place, value in facts.items() if value is not None}


@given(st.lists(item_events, max_size=12))
def test_the_winners_are_the_facts_of_the_folded_state(events: list[Event]) -> None:
    state = folded(events)
    product: Facts = {(None, key): fact.value for key, fact in state.product.facts.items()}
    assert said(winners(events, "products")) == said(product)
    offers: Facts = {
        (seller, key): fact.value
        for seller, offer in state.offers.items()
        for key, fact in offer.facts.items()
        if fact.stamp.updated_at_ms > state.void_at_ms
    }
    assert said(winners(events, "prices")) == said(offers)


@given(st.lists(review_events, max_size=8))
def test_the_winners_of_reviews_are_the_facts_of_each_folded_review(events: list[Event]) -> None:
    by_review: dict[str | None, Any] = {}
    for event in events:
        delta = reviews.delta(event)
        known = by_review.get(event.part)
        by_review[event.part] = delta if known is None else reviews.join(known, delta)
    facts: Facts = {(part, key): fact.value for part, review in by_review.items() for key, fact in review.facts.items()}
    assert said(winners(events, "reviews")) == said(facts)


@given(st.lists(item_events, min_size=1, max_size=12))
def test_every_loser_names_an_event_that_is_there_and_not_itself(events: list[Event]) -> None:
    for place, of_event in enumerate(verdicts(events)):
        for each in of_event:
            assert (each.by is None) == (each.reason == "won")
            assert each.by is None or (0 <= each.by < len(events) and each.by != place)


def test_a_late_price_is_outranked_by_the_newer_one_and_a_second_copy_is_repeated() -> None:
    new = parsed("prices", {"price": 2, "currency": "EUR", "updated_at": 9})
    late = parsed("prices", {"op": "patch", "price": 1, "updated_at": 5})
    assert verdicts([new, late, new])[1:] == [
        [Verdict("price", late.facts["price"], "outranked", 0)],
        [Verdict(key, value, "repeated", 0) for key, value in new.facts.items()],
    ]


def test_an_offer_that_is_older_than_the_delete_of_its_product_is_void() -> None:
    price = parsed("prices", {"price": 2, "currency": "EUR", "updated_at": 5})
    delete = parsed("products", {"op": "delete", "updated_at": 7})
    assert {each.reason for each in verdicts([price, delete])[0]} == {"void"}


def test_a_delete_without_a_version_is_outranked_by_a_later_upsert_alone() -> None:
    delete = parsed("products", {"op": "delete", "updated_at": 7})
    again = parsed("products", {"title": "lamp", "updated_at": 8})
    patch = parsed("products", {"op": "patch", "title": "lamp", "updated_at": 9})
    assert verdicts([delete, again])[0] == [Verdict(WHOLE, "delete", "outranked", 1)]
    assert verdicts([delete, patch])[0][0].reason == "won"
