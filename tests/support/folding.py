"""The state of one item after some events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.items import ItemState
from tests.support.events_strategy import ITEM
from workers.state import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.events import Event


def folded(events: Iterable[Event]) -> ItemState:
    """Return the state that the events lead to, in this order, from an empty one."""
    state = ItemState(ITEM)
    for event in events:
        state = fold.fold(state, event)
    return state
