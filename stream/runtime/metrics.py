"""Every metric there is. Labels are few and bounded; times are in seconds, sizes in bytes."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS_MS = (5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 300, 500)
FRESHNESS_BUCKETS = (*(bound / 1000 for bound in _BUCKETS_MS), 1, 2, 5, 10, 30, 60, 300)
"""Finest where the goals lie, each of which is a bound."""
SEARCH_BUCKETS = (0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 0.5, 1, 2)


class ItemsMetrics:
    """Of an items worker; reported through the topic `progress` and shown by the API."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.events = Counter("freshline_events_folded", "Input events folded", ["topic"], registry=registry)
        self.unchanged = Counter(
            "freshline_events_unchanged", "Stale or repeated input events", ["topic"], registry=registry
        )
        self.dead_letters = Counter(
            "freshline_dead_letters", "Events sent to the dead letters", ["topic", "error"], registry=registry
        )
        self.misrouted = Counter(
            "freshline_misrouted_events", "Events forwarded to the right partition", ["topic"], registry=registry
        )
        self.bugs = Counter("freshline_bugs", "Exceptions of pure stages: alert on any", ["stage"], registry=registry)
        self.evicted = Counter(
            "freshline_displaced_parts", "Offers, attributes and languages beyond an item's limits", registry=registry
        )
        self.joined = Counter(
            "freshline_foreign_records", "Item records of other writers that were joined", registry=registry
        )


class IndexMetrics:
    """Of an index worker and its API."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.freshness = Histogram(
            "freshline_freshness_seconds",
            "From the timestamp of an event's record to the moment search can show it",
            ["facet"],
            buckets=FRESHNESS_BUCKETS,
            registry=registry,
        )
        self.plans = Counter("freshline_plans", "What was done with item records", ["action"], registry=registry)
        self.embedded = Counter("freshline_embeddings_computed", "Texts that went through the model", registry=registry)
        self.cached = Counter("freshline_embeddings_cached", "Vectors at hand for the same text", registry=registry)
        self.avoided = Counter(
            "freshline_embeddings_avoided", "Changes made searchable with the vector unchanged", registry=registry
        )
        self.embedding_failures = Counter(
            "freshline_embeddings_failed", "Texts that could not be embedded", registry=registry
        )
        self.bugs = Counter(
            "freshline_index_bugs", "Item records that a pure stage failed on: alert on any", registry=registry
        )
        self.repriced = Counter(
            "freshline_sale_boundaries", "Prices changed by their sale window, without an event", registry=registry
        )
        self.retries = Counter(
            "freshline_index_retries", "Writes repeated because the index was away", registry=registry
        )
        self.searches = Histogram(
            "freshline_search_seconds",
            "Time to answer a search",
            ["by"],
            buckets=SEARCH_BUCKETS,
            registry=registry,
        )
        self.pending = Gauge("freshline_pending_items", "Item records in the lanes", registry=registry)
        self.lag = Gauge("freshline_lag_events", "What search does not show yet", ["stage"], registry=registry)
        self.log_bytes = Gauge(
            "freshline_log_bytes", "Memory of the embedded broker, which holds the log", registry=registry
        )
