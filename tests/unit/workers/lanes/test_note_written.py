"""A write of several items tells the sinks the same numbers as writes of each item, in fewer events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.items import NO_REVIEWS, Change, ItemRecord, ItemState
from schemas.logged_item import LoggedItem
from schemas.state_codec import encode_item
from workers.index.writes import Patch
from workers.lanes.item_planner import Decided
from workers.lanes.note_written import note_written
from workers.lanes.pending_item import PendingItem
from workers.lanes.sinks import Planned, Searchable
from workers.lanes.stages import StageTimes
from workers.point.plan import Action, PointPlan

if TYPE_CHECKING:
    from workers.lanes.sinks import LaneEvent

TIMES = StageTimes(2, 3, 4)


class Heard:
    def __init__(self) -> None:
        self.events: list[LaneEvent] = []

    def note(self, event: LaneEvent) -> None:
        self.events.append(event)


def written(product_id: str, change: Change, action: Action = Action.PATCH) -> Decided:
    record = LoggedItem(encode_item(ItemRecord("me", ItemState(product_id), NO_REVIEWS, {})))
    pending = PendingItem(record, 0, 1, [], {"price": change}, times=TIMES)
    return Decided(pending, PointPlan(action, Patch(product_id, 0, 1, {}), ("price",)), None)


def heard(*decided: Decided) -> list[LaneEvent]:
    sink = Heard()
    note_written(sink, decided, 9)
    return sink.events


def test_items_with_one_plan_and_events_with_the_same_times_are_told_once_with_their_number() -> None:
    assert heard(written("a", Change(1, 2)), written("b", Change(1, 3))) == [
        Planned(Action.PATCH, 2),
        Searchable("price", Change(1, 5), 9, TIMES),
    ]


def test_items_with_other_plans_and_events_that_arrived_at_other_times_are_told_apart() -> None:
    assert heard(written("a", Change(1, 2)), written("b", Change(2, 3), Action.UPSERT)) == [
        Planned(Action.PATCH, 1),
        Planned(Action.UPSERT, 1),
        Searchable("price", Change(1, 2), 9, TIMES),
        Searchable("price", Change(2, 3), 9, TIMES),
    ]


def test_a_canary_is_in_no_count_of_plans() -> None:
    assert not any(isinstance(each, Planned) for each in heard(written("freshline-canary-0", Change(1, 1))))
