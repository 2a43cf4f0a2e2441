"""An event that changes nothing is stale, or a duplicate of one that was folded before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.events_strategy import item_events, parsed
from tests.support.folding import folded
from workers.state import fold, staleness

if TYPE_CHECKING:
    from schemas.events import Event

PRICE = {"price": 2, "currency": "EUR"}
"""An upsert of an offer."""


@given(st.lists(item_events, max_size=12), item_events)
def test_only_an_event_that_was_folded_before_is_a_duplicate(events: list[Event], event: Event) -> None:
    state = folded(events)
    stamps = {(each.topic, each.part, each.stamp) for each in events}
    unversioned = event.op == "delete" and event.topic == "products" and event.stamp.version < 0
    if staleness.repeats(state, event):
        times = {each.stamp.updated_at_ms for each in events if each.op == "delete"}
        assert (event.stamp.updated_at_ms in times) if unversioned else (event.topic, event.part, event.stamp) in stamps


@given(item_events)
def test_the_first_event_of_an_item_said_again_is_a_duplicate_if_it_says_anything(event: Event) -> None:
    state = folded([event])
    assert fold.fold(state, event) is state
    assert staleness.repeats(state, event) or (event.op == "patch" and not event.facts)


@pytest.mark.parametrize(
    ("topic", "newer", "older"),
    [
        ("prices", {**PRICE, "updated_at": 9}, {**PRICE, "updated_at": 5}),
        ("prices", {**PRICE, "updated_at": 1, "version": 3}, {**PRICE, "updated_at": 0, "version": 2}),
        ("products", {"title": "Lamp", "updated_at": 9}, {"title": "Lamp", "updated_at": 5}),
        ("products", {"op": "delete", "updated_at": 9}, {"op": "delete", "updated_at": 5}),
        ("products", {"op": "delete", "updated_at": 9, "version": 2}, {"op": "delete", "updated_at": 5, "version": 1}),
    ],
)
def test_an_older_event_is_stale_and_the_newer_one_again_a_duplicate(
    topic: str, newer: dict[str, Any], older: dict[str, Any]
) -> None:
    won, late = parsed(topic, newer), parsed(topic, older)
    state = folded([won])
    assert fold.fold(state, late) is state and not staleness.repeats(state, late)
    assert fold.fold(state, won) is state and staleness.repeats(state, won)
