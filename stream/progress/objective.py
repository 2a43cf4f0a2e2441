"""The freshness objective: the share of events that search shows within so many seconds, and the error budget left."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

WINDOWS_S = {"5m": 300, "1h": 3_600, "1d": 86_400}
"""The windows that shares are given for, in seconds."""
SLOT_S = 15
"""Events are counted in slots of so many seconds, and so windows begin at a slot."""


class Objective(NamedTuple):
    """The objective: this share of events is searchable within so many seconds."""

    seconds: float = 1.0
    share: float = 0.999


class WindowShare(NamedTuple):
    """The events of a window, and how many of them were searchable within the objective."""

    events: int
    within: int

    @property
    def share(self) -> float | None:
        """The share of events within the objective; None where there was no event."""
        return self.within / self.events if self.events else None

    def budget_left(self, objective: Objective) -> float | None:
        """Return the part of the error budget that is left: 1 where no event was late, below 0 once it is overspent.

        The budget is the number of events that may be late, (1 - share) x events. None where there was no event.
        """
        if not self.events:
            return None
        allowed = (1 - objective.share) * self.events
        late = self.events - self.within
        return 1 - late / allowed if allowed else float(late == 0)


class ObjectiveShares:
    """Counts the events of each topic that were searchable within the objective, over the last day.

    The counts begin with the process: `since_s` says when.
    """

    def __init__(self, objective: Objective, since_s: float = 0.0) -> None:
        self.objective = objective
        self.since_s = since_s
        self._topics: dict[str, _TopicCounts] = defaultdict(_TopicCounts)

    def observe(self, topic: str, at_s: float, seconds: float, events: int) -> None:
        """Count events that became searchable together, the first of them after so many seconds."""
        counts, slot = self._topics[topic], int(at_s) // SLOT_S
        if counts.newest.slot != slot:
            counts.begin(slot)
        counts.newest.events += events
        if seconds <= self.objective.seconds:
            counts.newest.within += events

    def shares(self, now_s: float) -> Mapping[str, Mapping[str, WindowShare]]:
        """Return the share of each window by topic, and under "all" of all topics together."""
        by_topic = {topic: counts.shares(now_s) for topic, counts in self._topics.items()}
        together = {
            name: WindowShare(
                sum(each[name].events for each in by_topic.values()),
                sum(each[name].within for each in by_topic.values()),
            )
            for name in WINDOWS_S
        }
        return {"all": together, **by_topic}


@dataclass(slots=True)
class _Slot:
    """The events of one slot, and those of them that were within the objective."""

    slot: int
    events: int = 0
    within: int = 0


class _TopicCounts:
    """The slots of one topic, with the sums of each window: a snapshot a second must not add up a day."""

    def __init__(self) -> None:
        self.newest = _Slot(-1)
        """The slot that events are counted in. It is in no window yet."""
        self._windows = {name: _Window(window_s) for name, window_s in WINDOWS_S.items()}

    def begin(self, slot: int) -> None:
        """Begin a slot, and add the one before to all windows."""
        for window in self._windows.values():
            window.add(self.newest)
            window.forget(slot * SLOT_S)
        self.newest = _Slot(slot)

    def shares(self, now_s: float) -> dict[str, WindowShare]:
        """Return the share of each window that ends now."""
        return {name: window.share(self.newest, now_s) for name, window in self._windows.items()}


class _Window:
    """The slots of one window but the newest one, the oldest first, and their sums."""

    def __init__(self, window_s: int) -> None:
        self._window_s = window_s
        self._slots: deque[_Slot] = deque()
        self._events = self._within = 0

    def add(self, slot: _Slot) -> None:
        self._slots.append(slot)
        self._events += slot.events
        self._within += slot.within

    def forget(self, now_s: float) -> int:
        """Drop the slots that are older than the window; return the last slot that is."""
        last = int(now_s - self._window_s) // SLOT_S
        while self._slots and self._slots[0].slot <= last:
            gone = self._slots.popleft()
            self._events -= gone.events
            self._within -= gone.within
        return last

    def share(self, newest: _Slot, now_s: float) -> WindowShare:
        if newest.slot <= self.forget(now_s):
            return WindowShare(self._events, self._within)
        return WindowShare(self._events + newest.events, self._within + newest.within)
