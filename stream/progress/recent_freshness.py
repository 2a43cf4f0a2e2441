"""The freshness of the last half minute as percentiles, by facet, topic and stage."""

from __future__ import annotations

import math
from array import array
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stream.progress.objective import Objective, ObjectiveShares

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

WINDOW_S = 30
"""The length of the window that percentiles cover."""
STAGES_WINDOW_S = 60
"""The length of the window of the percentiles by topic and stage."""
TURNED_MAX = 1_000
"""The most prices that are remembered."""
TOTAL = "total"
"""The name of the whole way from the event to search, beside the stages that it is made of."""
SECONDS_MIN = 0.000_1
LOG_STEP = math.log(1.01)
"""Seconds are counted to within 1%, and so are the percentiles."""
UNCOUNTED_MAX = 2_000
"""The most observations that wait to be counted together."""


class Observation(NamedTuple):
    """Events that became searchable together; `seconds` is that of the one that waited longest."""

    at_s: float
    seconds: float
    events: int


class Turned(NamedTuple):
    """A price that changed without an event, because a sale window opened or closed."""

    product_id: str
    at_ms: int
    """The time at which the window turned, in milliseconds since the epoch."""
    shown_at_ms: int
    """The time at which search could show the price of the moment."""


class FreshnessSummary(NamedTuple):
    """Seconds; None where nothing was observed."""

    p50: float | None
    p95: float | None
    p99: float | None
    mean: float | None
    """Means of stages that follow each other add up to the mean of the whole way; percentiles do not."""
    events: int


class RecentFreshness:
    """Observations of the last half minute, by facet; those of a minute, by topic and stage; and the objective.

    An answer costs the same however many there are.
    """

    def __init__(self, objective: Objective | None = None, since_s: float = 0.0) -> None:
        """`since_s` is the monotonic time at which the counts begin."""
        self._windows: dict[str, _Window] = defaultdict(_Window)
        self._stages: dict[tuple[str, str], _Window] = defaultdict(lambda: _Window(STAGES_WINDOW_S))
        self.shares = ObjectiveShares(objective or Objective(), since_s)
        self.turned: deque[Turned] = deque(maxlen=TURNED_MAX)
        """The prices that changed last without an event, since a sale window turned."""

    def observe(self, facet: str, observation: Observation) -> None:
        """Add an observation of a facet."""
        self._windows[facet].add(observation)

    def observe_stage(self, topic: str, stage: str, observation: Observation) -> None:
        """Add the time that events of a topic spent in a stage, or in all of them (`TOTAL`)."""
        self._stages[topic, stage].add(observation)
        if stage == TOTAL:
            self.shares.observe(topic, *observation)

    def summaries(self, now_s: float) -> dict[str, FreshnessSummary]:
        """Return the percentiles of each facet over the window that ends now."""
        return {facet: window.summary(now_s) for facet, window in self._windows.items()}

    def stages(self, now_s: float) -> dict[tuple[str, str], FreshnessSummary]:
        """Return the percentiles and means of each topic and stage over the minute that ends now."""
        return {key: window.summary(now_s) for key, window in self._stages.items()}


@dataclass(slots=True)
class _Second:
    """The observations of one second: events by step, and the sum of their seconds."""

    second: int
    steps: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0


class _Window:
    """Events counted by how long they took, in steps of 1%, and by the second they were observed in.

    Observations are counted many at a time, since one by one they cost an index worker several percent.
    """

    def __init__(self, window_s: int = WINDOW_S) -> None:
        self._window_s = window_s
        self._uncounted = array("d")
        """The fields of the observations, one after the other."""
        self._by_second: deque[_Second] = deque()
        self._events: Counter[int] = Counter()

    def add(self, observation: Observation) -> None:
        self._uncounted.extend(observation)
        if len(self._uncounted) >= len(observation) * UNCOUNTED_MAX:
            self._count()

    def _count(self) -> None:
        if not self._uncounted:
            return
        at_s, seconds, events = np.frombuffer(self._uncounted).reshape(-1, 3).T
        at_seconds, steps = at_s.astype(np.int64), _steps(seconds)
        for second in np.unique(at_seconds).tolist():
            then = at_seconds == second
            self._add(second, _weighed(steps[then], events[then]), float(seconds[then] @ events[then]))
        self._uncounted = array("d")

    def _add(self, second: int, counted: Mapping[int, int], seconds: float) -> None:
        if not self._by_second or self._by_second[-1].second != second:
            self._forget(second)
            self._by_second.append(_Second(second))
        newest = self._by_second[-1]
        newest.steps.update(counted)
        newest.seconds += seconds
        self._events.update(counted)

    def summary(self, now_s: float) -> FreshnessSummary:
        self._count()
        self._forget(int(now_s))
        ranked = sorted(self._events.items())
        total = sum(events for _, events in ranked)
        p50, p95, p99 = (_quantile(ranked, total, quantile) for quantile in (0.5, 0.95, 0.99))
        mean = sum(each.seconds for each in self._by_second) / total if total else None
        return FreshnessSummary(p50, p95, p99, mean, total)

    def _forget(self, second: int) -> None:
        while self._by_second and self._by_second[0].second <= second - self._window_s:
            for step, events in self._by_second.popleft().steps.items():
                self._events[step] -= events
                if not self._events[step]:  # A summary sorts all that are there: after a day, every step ever seen.
                    del self._events[step]


def _steps(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.ceil(np.log(np.maximum(seconds, SECONDS_MIN)) / LOG_STEP).astype(np.int64)


def _weighed(steps: NDArray[np.int64], events: NDArray[np.float64]) -> dict[int, int]:
    """Return the number of events by step."""
    values, places = np.unique(steps, return_inverse=True)
    return dict(zip(values.tolist(), np.bincount(places, weights=events).astype(int).tolist(), strict=True))


def _quantile(ranked: list[tuple[int, int]], total: int, quantile: float) -> float | None:
    """Return the quantile by nearest rank, as the upper bound of its step; None where nothing was counted."""
    below = 0
    for step, events in ranked:
        below += events
        if below >= quantile * total:
            return math.exp(step * LOG_STEP)
    return None
