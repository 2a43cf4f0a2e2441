"""One property for all rules: the fold does not depend on order, duplication or how the work is divided.

These tests prove docs/invariants.md#1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.items import NO_REVIEWS, ItemState
from tests.support.events_strategy import item_events
from tests.support.examples import examples
from tests.support.folding import folded
from workers.state import fold, limits
from workers.state.projection import content

if TYPE_CHECKING:
    from schemas.events import Event
    from schemas.points import Content


def shown(state: ItemState) -> list[Content]:
    return [content(state, NO_REVIEWS, partition=0, now_ms=now, shop_currency=None) for now in range(0, 14, 3)]


lists = st.lists(item_events, max_size=14)


@st.composite
def shuffles(draw: st.DrawFn) -> tuple[list[Event], list[Event]]:
    events = draw(lists)
    doubled = events + (draw(st.lists(st.sampled_from(events), max_size=6)) if events else [])
    return events, draw(st.permutations(doubled))


@given(shuffles())
@settings(max_examples=examples(200))
def test_any_order_with_any_duplicates_folds_to_the_same_state(case: tuple[list[Event], list[Event]]) -> None:
    events, shuffled = case
    assert folded(events) == folded(shuffled)
    assert shown(folded(events)) == shown(folded(shuffled))


@given(shuffles())
@settings(max_examples=examples(200))
def test_any_order_folds_to_the_same_state_also_at_the_limits(case: tuple[list[Event], list[Event]]) -> None:
    events, shuffled = case
    parts_max = {"title": 2, "description": 2, "attributes": 1, "promotion": 3}
    with (
        patch.object(limits, "SELLERS_MAX", 2),
        patch.object(limits, "PARTS_MAX", parts_max),
        patch.object(limits, "TITLE_BYTES", 40),
        patch.object(limits, "DESCRIPTION_BYTES", 60),
        patch.object(limits, "ATTRIBUTES_BYTES", 12),
        patch.object(limits, "SHARE_BYTES_MIN", {"title": 4, "description": 4, "attributes": 4}),
        patch.object(limits, "PROMOTIONS_BYTES", 96),
        patch.object(limits, "PROMOTION_BYTES_MIN", 4),
        patch.object(limits, "PROMOTIONS_MAX", 4),
    ):
        assert folded(events) == folded(shuffled)


@given(lists, lists)
@settings(max_examples=examples(200))
def test_folding_two_halves_and_joining_equals_folding_all(first: list[Event], second: list[Event]) -> None:
    halves = folded(first), folded(second)
    assert fold.join(*halves) == fold.join(*reversed(halves)) == folded(first + second)


@given(lists, lists)
def test_joining_what_is_known_returns_the_same_object(first: list[Event], second: list[Event]) -> None:
    everything = folded(first + second)
    assert fold.join(everything, folded(first)) is everything
    assert fold.join(everything, everything) is everything
    assert all(fold.fold(everything, event) is everything for event in first)
