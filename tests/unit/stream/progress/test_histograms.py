"""Percentiles that the benchmark takes from a histogram's buckets."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from stream.progress.histograms import BucketCounts, read_freshness, since
from stream.runtime.metrics import IndexMetrics

BOUNDS = (0.01, 0.02, 0.05, 0.1, 1.0)
SECONDS = st.lists(st.floats(0.0001, 2.0), min_size=1, max_size=50)


def _page(histogram: Histogram, registry: CollectorRegistry, seconds: list[float]) -> str:
    for each in seconds:
        histogram.labels("prices", "searchable").observe(each)
    return generate_latest(registry).decode()


@given(before=SECONDS, phase=SECONDS, quantile=st.floats(0.01, 1.0))
def test_a_quantile_of_a_phase_lies_in_the_bucket_of_the_true_one(
    before: list[float], phase: list[float], quantile: float
) -> None:
    """Given observations before a phase and in it, then those before it do not count."""
    registry = CollectorRegistry()
    histogram = Histogram("freshline_freshness_seconds", "-", ["topic", "stage"], buckets=BOUNDS, registry=registry)
    at_start = read_freshness(_page(histogram, registry, before))
    at_end = read_freshness(_page(histogram, registry, phase))
    counts = since(at_end, at_start)["price"]
    true = sorted(phase)[math.ceil(quantile * len(phase)) - 1]
    high = next((bound for bound in BOUNDS if true <= bound), math.inf)
    low = max((bound for bound in BOUNDS if bound < true), default=0.0)
    assert counts.observations == len(phase)
    assert low <= counts.quantile(quantile) <= high


def test_a_facet_that_came_up_in_the_phase_is_all_of_it() -> None:
    counts = BucketCounts((0.1, math.inf), (3, 4))
    assert since({"price": counts}, {}) == {"price": counts}


def test_a_process_that_started_anew_counts_from_zero() -> None:
    anew = BucketCounts((0.1, math.inf), (1, 2))
    assert anew.since(BucketCounts((0.1, math.inf), (3, 4))) == anew


def test_no_observations_have_no_quantile() -> None:
    assert math.isnan(BucketCounts((0.1, math.inf), (0, 0)).quantile(0.5))


def test_freshness_is_read_by_facet_whatever_topic_and_stage_it_is_stored_under() -> None:
    registry = CollectorRegistry()
    metrics = IndexMetrics(registry)
    metrics.freshness.labels("prices", "searchable").observe(0.02)
    metrics.freshness.labels("products", "vector").observe(0.2)
    found = read_freshness(generate_latest(registry).decode())
    assert {facet: counts.observations for facet, counts in found.items()} == {"price": 1, "vector": 1}
