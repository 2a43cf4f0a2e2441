"""Times far ahead of now, which a wrong clock put into the item state, are brought back to now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.events import AHEAD_MS_MAX
from schemas.items import NO_REVIEWS, Entity, ItemRecord, ItemState
from schemas.stamps import Stamp
from schemas.state_times import item_with_past_times, review_with_past_times
from tests.support.events_strategy import ITEM, NOW_MS, T0_MS, item_events, parsed
from tests.support.folding import folded
from workers.state import fold
from workers.state.projection import content

FAR_MS = NOW_MS + 400 * 86_400_000


def record(state: ItemState) -> ItemRecord:
    return ItemRecord("w", state, replace(NO_REVIEWS, latest_ms=T0_MS), {})


def shown(state: ItemState) -> dict[str, Any]:
    """Return the content of an item, but for its times."""
    found = content(state, NO_REVIEWS, partition=0, now_ms=T0_MS, shop_currency=None)
    offers = [{**offer, "updated_at_ms": None} for offer in found["offers"]]
    return {**found, "offers": offers, "updated_at_ms": None}


def far(event: Any, ahead_ms: int) -> Any:
    """Return the event at its time, or as if it had come from a clock that is so far ahead."""
    stamp = event.stamp
    return event._replace(stamp=stamp._replace(updated_at_ms=stamp.updated_at_ms + ahead_ms))


@given(st.lists(st.tuples(item_events, st.sampled_from([0, 0, FAR_MS - T0_MS, 3_600_000])), max_size=10))
def test_an_item_shows_the_same_and_yields_to_what_comes_now(events: list[tuple[Any, int]]) -> None:
    state = folded([far(event, ahead_ms) for event, ahead_ms in events])
    past = item_with_past_times(record(state), NOW_MS).state
    assert shown(past) == shown(state)
    assert fold.join(past, past) is past and fold.join(ItemState(ITEM), past) == past
    if past == state:
        return
    later = {"updated_at": NOW_MS + 1, "version": 9}
    back = fold.fold(past, parsed("products", {"title": "Back again", **later}))
    assert shown(back)["title"] == {"und": "Back again"} and shown(back)["status"] == "visible"


def test_a_delete_from_a_wrong_clock_has_a_way_back() -> None:
    state = replace(folded([parsed("products", {"title": "Lamp", "updated_at": 1})]), deleted_unversioned_ms=FAR_MS)
    again = parsed("products", {"title": "Lamp", "updated_at": NOW_MS + 1})
    assert shown(fold.fold(state, again))["status"] == "delisted"
    past = item_with_past_times(record(state), NOW_MS).state
    assert shown(fold.fold(past, again))["status"] == "visible"


def test_times_that_an_event_may_have_stay() -> None:
    state = replace(ItemState(ITEM), deleted_unversioned_ms=NOW_MS + AHEAD_MS_MAX)
    whole = record(state)
    assert item_with_past_times(whole, NOW_MS) is whole
    review = Entity(floor=Stamp(-1, NOW_MS, "x"))
    assert review_with_past_times(review, NOW_MS) is review
