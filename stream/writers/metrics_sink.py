"""The metrics sink: turns events of the lanes into metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.items import FACETS, TOPIC_OF_FACET
from stream.progress.freshness import TOTAL, Observation, RecentFreshness, Turned
from workers.lanes.sinks import (
    Embedded,
    Planned,
    Refused,
    Repriced,
    Retried,
    Searchable,
    TextGivenUp,
    VectorSearchable,
)
from workers.lanes.stages import EMBED, STAGES, stage_seconds
from workers.point.plan import Action

if TYPE_CHECKING:
    from schemas.items import Change
    from stream.runtime.metrics import IndexMetrics
    from stream.writers.attached import AttachedWriters
    from workers.clock import Clock
    from workers.lanes.sinks import Event
    from workers.lanes.stages import StageTimes

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

    def note(self, event: Event) -> None:
        """Count the event."""
        match event:
            case Embedded(texts):
                self._metrics.embedded.inc(texts)
            case Retried():
                self._metrics.retries.inc()
            case Refused():
                self._metrics.bugs.inc()
            case _ if self._attached.serves(self._collection):
                self._note_shown(event)

    def _note_shown(self, event: Event) -> None:
        match event:
            case Planned(action):
                self._count_plan(action)
            case Searchable(facet, change, now_ms, times):
                self._observe(facet, now_ms - change.first_arrived_at_ms, change.events)
                self._observe_stages(TOPIC_OF_FACET[facet], change, now_ms, times)
            case VectorSearchable(due_at_ms, now_ms, words_at_ms):
                self._observe(VECTOR, now_ms - (due_at_ms or now_ms), 1)
                self._observe_stage("products", EMBED, max(0, now_ms - (words_at_ms or now_ms)) / 1000, 1)
            case TextGivenUp():
                self._metrics.embedding_failures.inc()
            case Repriced(items, turned, now_ms):
                self._metrics.repriced.inc(items)
                self._recent.turned.extend(Turned(product_id, at_ms, now_ms) for product_id, at_ms in turned)

    def _count_plan(self, action: Action) -> None:
        self._plans[action].inc()
        if action is Action.PATCH:
            self._metrics.avoided.inc()
        elif action is Action.UPSERT:
            self._metrics.cached.inc()

    def _observe(self, facet: str, milliseconds: int, events: int) -> None:
        seconds = max(0, milliseconds) / 1000
        histogram = self._freshness[facet]
        for _ in range(events):
            histogram.observe(seconds)
        self._recent.observe(facet, Observation(self._clock.monotonic_s(), seconds, events))

    def _observe_stages(self, topic: str, change: Change, now_ms: int, times: StageTimes | None) -> None:
        """Observe the whole way, and the part of it that each stage took where that is known."""
        arrived_at_ms = change.first_arrived_at_ms
        total = Observation(self._clock.monotonic_s(), max(0, now_ms - arrived_at_ms) / 1000, change.events)
        self._recent.observe_stage(topic, TOTAL, total)
        if times is not None:
            for stage, seconds in zip(STAGES, stage_seconds(arrived_at_ms, times, now_ms), strict=True):
                self._observe_stage(topic, stage, seconds, change.events)

    def _observe_stage(self, topic: str, stage: str, seconds: float, events: int) -> None:
        histogram = self._stages[topic, stage]
        for _ in range(events):
            histogram.observe(seconds)
        self._recent.observe_stage(topic, stage, Observation(self._clock.monotonic_s(), seconds, events))
