"""The metrics sink: turns events of the lanes into metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.item_facets import FACETS, TOPIC_OF_FACET
from stream.progress.recent_freshness import TOTAL, Observation, RecentFreshness, Turned
from workers.lanes.sinks import (
    AlertsSent,
    Embedded,
    Planned,
    Refused,
    Repriced,
    Retried,
    Searchable,
    VectorFailed,
    VectorSearchable,
    WatchFailed,
)
from workers.lanes.stages import EMBED, STAGES, stage_seconds
from workers.point.plan import Action

if TYPE_CHECKING:
    from stream.runtime.metrics import IndexMetrics
    from stream.writers.attached import AttachedWriters
    from workers.clock import Clock
    from workers.lanes.sinks import LaneEvent

SEARCHABLE, VECTOR = "searchable", "vector"


class MetricsSink:
    """Counts the events of one collection.

    Searches see only the collection that serves, so for any other collection only the work is counted.
    """

    def __init__(
        self,
        metrics: IndexMetrics,
        recent: RecentFreshness,
        *,
        collection: str,
        attached: AttachedWriters,
        clock: Clock,
    ) -> None:
        self._metrics = metrics
        self._recent = recent
        self._collection = collection
        self._attached = attached
        self._clock = clock
        # A look-up by labels takes a lock and a tuple, for every item and facet.
        self._plans = {action: metrics.plans.labels(action.value) for action in Action}
        self._freshness = {facet: metrics.freshness.labels(TOPIC_OF_FACET[facet], SEARCHABLE) for facet in FACETS}
        self._freshness[VECTOR] = metrics.freshness.labels("products", VECTOR)
        self._stages = {
            (topic, stage): metrics.stages.labels(topic, stage) for topic in TOPIC_OF_FACET.values() for stage in STAGES
        }
        self._stages["products", EMBED] = metrics.stages.labels("products", EMBED)

    def note(self, event: LaneEvent) -> None:
        """Count the event."""
        match event:
            case Embedded(texts, seconds):
                self._metrics.embedded.inc(texts)
                self._metrics.embedding_seconds.inc(seconds)
            case Retried():
                self._metrics.retries.inc()
            case Refused():
                self._metrics.bugs.inc()
            case AlertsSent(alerts, seconds):
                self._metrics.watching.alerts.inc(alerts)
                self._metrics.watching.seconds.observe(seconds)
            case WatchFailed():
                self._metrics.watching.bugs.inc()
            case _ if self._attached.serves(self._collection):
                self._note_shown(event)

    def _note_shown(self, event: LaneEvent) -> None:
        match event:
            case Planned(action, items):
                self._count_plan(action, items)
            case Searchable():
                self._observe_searchable(event)
            case VectorSearchable():
                self._observe_vector(event)
            case VectorFailed():
                self._metrics.embedding_failures.inc()
            case Repriced(items, turned, now_ms):
                self._metrics.repriced.inc(items)
                self._recent.turned.extend(Turned(product_id, at_ms, now_ms) for product_id, at_ms in turned)

    def _count_plan(self, action: Action, items: int) -> None:
        self._plans[action].inc(items)
        if action is Action.PATCH:
            self._metrics.avoided.inc(items)
        elif action is Action.UPSERT:
            self._metrics.cached.inc(items)

    def _observe_vector(self, shown: VectorSearchable) -> None:
        at_s, now_ms = self._clock.monotonic_s(), shown.now_ms
        due = Observation(at_s, _seconds(now_ms - (shown.due_at_ms or now_ms)), 1)
        embedded = Observation(at_s, _seconds(now_ms - (shown.words_at_ms or now_ms)), 1)
        self._observe(VECTOR, due, shown.trace_id)
        self._observe_stage("products", EMBED, embedded, shown.trace_id)

    def _observe_searchable(self, shown: Searchable) -> None:
        """Observe the whole way, and the part of it that each stage took where that is known."""
        (arrived_at_ms, events), at_s = shown.change, self._clock.monotonic_s()
        total, topic = Observation(at_s, _seconds(shown.now_ms - arrived_at_ms), events), TOPIC_OF_FACET[shown.facet]
        self._observe(shown.facet, total, shown.trace_id)
        self._recent.observe_stage(topic, TOTAL, total)
        if shown.times is not None:
            for stage, seconds in zip(STAGES, stage_seconds(arrived_at_ms, shown.times, shown.now_ms), strict=True):
                self._observe_stage(topic, stage, Observation(at_s, seconds, events), shown.trace_id)

    def _observe(self, facet: str, observation: Observation, trace_id: str | None) -> None:
        self._freshness[facet].observe(observation.seconds, observation.events, trace_id)
        self._recent.observe(facet, observation)

    def _observe_stage(self, topic: str, stage: str, observation: Observation, trace_id: str | None) -> None:
        self._stages[topic, stage].observe(observation.seconds, observation.events, trace_id)
        self._recent.observe_stage(topic, stage, observation)


def _seconds(milliseconds: int) -> float:
    return max(0, milliseconds) / 1000
