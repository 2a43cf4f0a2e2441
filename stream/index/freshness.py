"""Freshness as measured here: percentiles over the last half minute, and up to when each topic is searchable."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stream.horizon import Horizon
    from stream.tracker import Partition

WINDOW_S = 30.0
OBSERVATIONS_MAX = 20_000
SNAPSHOTS_MAX = 2_400


class Observation(NamedTuple):
    """Events that became searchable together; `seconds` is that of the one that waited longest."""

    at_s: float
    seconds: float
    events: int


class Summary(NamedTuple):
    """Seconds; None where nothing was observed."""

    p50: float | None
    p99: float | None
    events: int


class RecentFreshness:
    """Observations of the last half minute, by facet."""

    def __init__(self) -> None:
        self._observed: dict[str, deque[Observation]] = defaultdict(lambda: deque(maxlen=OBSERVATIONS_MAX))

    def observe(self, facet: str, observation: Observation) -> None:
        """One more; the oldest leaves where there are too many."""
        self._observed[facet].append(observation)

    def summaries(self, now_s: float) -> dict[str, Summary]:
        """By facet."""
        return {
            facet: _summary([o for o in seen if o.at_s > now_s - WINDOW_S]) for facet, seen in self._observed.items()
        }


def _summary(observations: list[Observation]) -> Summary:
    ranked = sorted(observations, key=lambda o: o.seconds)
    events = sum(o.events for o in ranked)
    return Summary(_quantile(ranked, events, 0.5), _quantile(ranked, events, 0.99), events)


def _quantile(ranked: list[Observation], events: int, quantile: float) -> float | None:
    """Nearest rank, each observation as often as it has events."""
    below = 0
    for observation in ranked:
        below += observation.events
        if below >= quantile * events:
            return observation.seconds
    return None


class FreshAsOf:
    """By topic: the latest time at which everything that had arrived is searchable now."""

    def __init__(self, horizon: Horizon) -> None:
        self._horizon = horizon
        self._snapshots: dict[str, deque[tuple[int, dict[Partition, int]]]] = defaultdict(
            lambda: deque(maxlen=SNAPSHOTS_MAX)
        )
        self._as_of_ms: dict[str, int | None] = {}

    def snapshot(self, now_ms: int, ends: Mapping[Partition, int]) -> None:
        """The ends of all input partitions, asked for after `now_ms`."""
        by_topic: dict[str, dict[Partition, int]] = defaultdict(dict)
        for place, end in ends.items():
            by_topic[place.topic][place] = end
        for topic, topic_ends in by_topic.items():
            self._snapshots[topic].append((now_ms, topic_ends))
            self._as_of_ms.setdefault(topic, None)

    def times_ms(self) -> dict[str, int | None]:
        """None: nothing is known yet."""
        for topic, snapshots in self._snapshots.items():
            while snapshots and self._reached(snapshots[0][1]):
                self._as_of_ms[topic] = snapshots.popleft()[0]
        return dict(self._as_of_ms)

    def _reached(self, ends: Mapping[Partition, int]) -> bool:
        return all(self._horizon.searchable(place) >= end for place, end in ends.items())
