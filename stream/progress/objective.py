"""The freshness objective: the share of events that search shows within so many seconds, and the error budget left."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

WINDOWS_S = {"5m": 300, "1h": 3_600, "1d": 86_400}
"""The windows that shares are given for, in seconds."""
SLOT_S = 15
"""Events are counted in slots of so many seconds, and so windows begin at a slot."""
SLOTS_MAX = WINDOWS_S["1d"] // SLOT_S


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
        self._slots: dict[str, deque[list[int]]] = defaultdict(lambda: deque(maxlen=SLOTS_MAX + 1))

    def observe(self, topic: str, at_s: float, seconds: float, events: int) -> None:
        """Count events that became searchable together, the first of them after so many seconds."""
        slots, slot = self._slots[topic], int(at_s) // SLOT_S
        if not slots or slots[-1][0] != slot:
            slots.append([slot, 0, 0])
        slots[-1][1] += events
        if seconds <= self.objective.seconds:
            slots[-1][2] += events

    def shares(self, now_s: float) -> Mapping[str, Mapping[str, WindowShare]]:
        """Return the share of each window by topic, and under "all" of all topics together."""
        by_topic = {topic: _windows(slots, now_s) for topic, slots in self._slots.items()}
        together = {
            name: WindowShare(
                sum(each[name].events for each in by_topic.values()),
                sum(each[name].within for each in by_topic.values()),
            )
            for name in WINDOWS_S
        }
        return {"all": together, **by_topic}


def _windows(slots: deque[list[int]], now_s: float) -> dict[str, WindowShare]:
    """Return the share of each window, from one pass over the slots, newest first."""
    counted, events, within, newest = {}, 0, 0, iter(reversed(slots))
    slot = next(newest, None)
    for name, window_s in WINDOWS_S.items():
        first = int(now_s - window_s) // SLOT_S
        while slot is not None and slot[0] > first:
            events, within, slot = events + slot[1], within + slot[2], next(newest, None)
        counted[name] = WindowShare(events, within)
    return counted
