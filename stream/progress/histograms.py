"""Percentiles of a phase of a running stack: the difference of a Prometheus histogram before and after it."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from schemas.item_facets import FACET_OF_TOPIC


class BucketCounts(NamedTuple):
    """Observations at most as large as each bound, cumulative."""

    bounds: tuple[float, ...]
    below: tuple[float, ...]

    @property
    def observations(self) -> int:
        """The number of observations."""
        return int(self.below[-1]) if self.below else 0

    def since(self, before: BucketCounts | None) -> BucketCounts:
        """Return the observations after `before`; all of them if a restarted process counts from zero again."""
        if before is None or before.observations > self.observations:
            return self
        return BucketCounts(self.bounds, tuple(now - then for now, then in zip(self.below, before.below, strict=True)))

    def quantile(self, quantile: float) -> float:
        """Return a quantile as Prometheus' histogram_quantile does, which is linear inside a bucket.

        Its bucket is exact. NaN without observations, infinite above the last bound.
        """
        wanted = quantile * self.observations
        low, below_low = 0.0, 0.0
        for bound, below in zip(self.bounds, self.below, strict=True):
            if below >= wanted and below > below_low:
                inside = (wanted - below_low) / (below - below_low)
                return bound if math.isinf(bound) else low + inside * (bound - low)
            low, below_low = bound, below
        return math.nan


Histograms = dict[str, BucketCounts]
"""A histogram for each facet."""


def read_freshness(exposition: str) -> Histograms:
    """Return the freshness of all events so far in an answer of GET /metrics, by facet: product, price, reviews, and
    vector."""
    buckets: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            if sample.name == "freshline_freshness_seconds_bucket":
                buckets[_facet(sample.labels)].append((float(sample.labels["le"]), sample.value))
    return {facet: BucketCounts(*zip(*sorted(found), strict=True)) for facet, found in buckets.items()}


def _facet(labels: dict[str, str]) -> str:
    return FACET_OF_TOPIC[labels["topic"]] if labels["stage"] == "searchable" else labels["stage"]


def since(after: Histograms, before: Histograms) -> Histograms:
    """Return the observations between two answers, by facet."""
    return {value: counts.since(before.get(value)) for value, counts in after.items()}
