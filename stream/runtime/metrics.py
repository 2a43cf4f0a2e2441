"""Every metric of Freshline. Labels are few and bounded; times are in seconds, sizes in bytes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

if TYPE_CHECKING:
    from stream.runtime.batched_histogram import BatchedHistogram

_BUCKETS_MS = (5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 300, 500)
FRESHNESS_BUCKETS = (*(bound / 1000 for bound in _BUCKETS_MS), 1, 2, 5, 10, 30, 60, 300)
"""The bounds of the buckets, in seconds. They are finest where the goals lie, and each goal is itself a bound."""
SEARCH_BUCKETS = (0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 0.5, 1, 2)
"""The bounds of the buckets, in seconds."""


class ItemsMetrics:
    """Metrics of an items worker. It reports them through the topic `progress`, and the API shows them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter = partial(Counter, registry=registry)
        self.events = counter(
            "freshline_events_folded", "Input events that were folded into the state of their item", ["topic"]
        )
        self.unchanged = counter(
            "freshline_events_unchanged",
            "Input events that changed nothing: something newer outranks them or the limits of their item leave no "
            "room (stale), or the very same event was folded before (duplicate)",
            ["topic", "reason"],
        )
        self.dead_letters = counter(
            "freshline_dead_letters", "Events that were sent to the dead letters", ["topic", "error"]
        )
        self.misrouted = counter(
            "freshline_misrouted_events",
            "Events of our own form in the wrong partition, which were forwarded to the right one",
            ["topic"],
        )
        self.bugs = counter(
            "freshline_bugs", "Exceptions in a pure stage, each of which is a bug: alert on any", ["stage"]
        )
        self.evicted = counter(
            "freshline_evicted_parts",
            "Offers, attributes and languages that were left out of a state because of its limits",
        )
        self.joined = counter(
            "freshline_foreign_records",
            "Items published again because their last record in the item log lacked part of their state",
        )


class CanaryMetrics:
    """The measurements of searches for hidden items, see `schemas.canaries`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.took = Histogram(
            "freshline_canary_seconds",
            "Seconds from a change of a hidden item, sent as any price is, until a search showed it",
            buckets=FRESHNESS_BUCKETS,
            registry=registry,
        )
        self.overdue = Gauge(
            "freshline_canary_overdue_seconds",
            "By how many seconds a change of a hidden item that search should show by now is late, in the partition "
            "that is furthest behind; 0 where the canary is off",
            registry=registry,
        )
        self.late = Counter(
            "freshline_canary_late",
            "Changes of hidden items that no search showed within 30 seconds",
            registry=registry,
        )


class WatchMetrics:
    """The counts of watches, alerts and their streams."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.watches = Gauge("freshline_watches", "Watches in force, of all owners", registry=registry)
        self.alerts = Counter("freshline_alerts_sent", "Alerts that the broker has", registry=registry)
        self.seconds = Histogram(
            "freshline_alert_seconds",
            "Seconds from the write that made an item match a watch until the broker had the alerts of the item",
            buckets=SEARCH_BUCKETS,
            registry=registry,
        )
        self.bugs = Counter(
            "freshline_watch_bugs",
            "Changes that could not be compared with the watches, each of which is a bug",
            registry=registry,
        )


class IndexMetrics:
    """Metrics of an index worker and its API."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter, gauge = partial(Counter, registry=registry), partial(Gauge, registry=registry)
        histogram = partial(Histogram, registry=registry)
        self.freshness, self.stages = _by_stage(registry)
        self.plans = counter("freshline_plans", "Item records, by what was done with them in the index", ["action"])
        self.embedded = counter("freshline_embeddings_computed", "Texts that were embedded by the model")
        self.embedding_seconds = counter(
            "freshline_embedding_seconds",
            "Seconds from handing texts to the model until their vectors came, the wait for its turn included",
        )
        self.cached = counter("freshline_embeddings_cached", "Texts whose vector was in the cache")
        self.avoided = counter("freshline_embeddings_avoided", "Changes that were made searchable without a new vector")
        self.embedding_failures = counter("freshline_embeddings_failed", "Texts that the model could not embed")
        self.bugs = counter(
            "freshline_index_bugs", "Item records on which a pure stage failed, each of which is a bug: alert on any"
        )
        self.repriced = counter(
            "freshline_sale_boundaries", "Prices that changed because a sale began or ended, without an event"
        )
        self.retries = counter("freshline_index_retries", "Writes that were repeated because the index was away")
        self.searches = histogram(
            "freshline_search_seconds", "Seconds that a search took to answer", ["by"], buckets=SEARCH_BUCKETS
        )
        self.left_out = counter(
            "freshline_hits_left_out",
            "Hits that were left out of answers because the index holds a value that cannot be shown: reconcile",
        )
        self.rules_refused = counter(
            "freshline_rules_refused", "Records of the topic rules that are no rules and are not in force: see /status"
        )
        self.drift = gauge(
            "freshline_drift_items",
            "Items whose point differed from the item log when their partition was last checked: reconcile",
        )
        self.canary = CanaryMetrics(registry)
        self.watching = WatchMetrics(registry)
        self.pending = gauge("freshline_pending_items", "Item records that wait in the lanes")
        self.lag = gauge("freshline_lag_events", "Events that search does not show yet", ["stage"])
        self.log_bytes = gauge("freshline_log_bytes", "Memory of the embedded broker, which holds its log there")


def _by_stage(registry: CollectorRegistry) -> tuple[BatchedHistogram, BatchedHistogram]:
    """Return the histograms of freshness, and of its stages."""
    # Imported here, because it brings numpy: 13 MB that an items worker does without.
    from stream.runtime.batched_histogram import BatchedHistogram

    by_stage = partial(BatchedHistogram, labels=["topic", "stage"], buckets=FRESHNESS_BUCKETS, registry=registry)
    freshness = by_stage(
        "freshline_freshness_seconds",
        "Seconds from the timestamp of an event's record until search can show it (stage searchable), or can find "
        "its new text by the vector (stage vector)",
    )
    stages = by_stage(
        "freshline_stage_seconds",
        "Seconds that events spent in a stage; log, fold, item_log and write add up to the stage searchable of "
        "freshline_freshness_seconds, and embed comes after them",
    )
    return freshness, stages


def total_of(counter: Counter) -> float:
    """Return the sum of a counter over all its labels."""
    samples = (sample for family in counter.collect() for sample in family.samples)
    return sum(sample.value for sample in samples if sample.name.endswith("_total"))
