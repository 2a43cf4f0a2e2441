"""A batched histogram exposes what the one of prometheus_client would."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from stream.runtime.batched_histogram import UNCOUNTED_MAX, BatchedHistogram
from tests.support.exemplars import samples_with_exemplars, trace_of

BUCKETS = (0.005, 0.1, 1, 2.5)
OBSERVATIONS = st.lists(
    st.tuples(st.sampled_from(["prices", "products"]), st.floats(0, 5) | st.sampled_from(BUCKETS), st.integers(1, 3))
)


def exposed(registry: CollectorRegistry) -> dict[str, float]:
    lines = generate_latest(registry).decode().splitlines()
    values = (line.rpartition(" ") for line in lines if not line.startswith("#") and "_created" not in line)
    return {name: round(float(value), 6) for name, _, value in values}


@given(OBSERVATIONS)
def test_it_exposes_what_single_observations_would(observations: list[tuple[str, float, int]]) -> None:
    single, batched = CollectorRegistry(), CollectorRegistry()
    ours = BatchedHistogram("waits_seconds", "Waits", ["topic"], buckets=BUCKETS, registry=batched)
    theirs = Histogram("waits_seconds", "Waits", ["topic"], buckets=BUCKETS, registry=single)
    for topic, value, events in observations:
        ours.labels(topic).observe(value, events)
        for _ in range(events):
            theirs.labels(topic).observe(value)
    assert exposed(batched) == exposed(single)


def test_what_waits_to_be_counted_is_bounded_and_scraping_twice_counts_once() -> None:
    registry = CollectorRegistry()
    series = BatchedHistogram("waits_seconds", "Waits", ["topic"], buckets=BUCKETS, registry=registry).labels("prices")
    for _ in range(UNCOUNTED_MAX + 1):
        series.observe(0.05)
    assert len(series._uncounted) == 2
    assert exposed(registry) == exposed(registry)
    assert exposed(registry)['waits_seconds_count{topic="prices"}'] == UNCOUNTED_MAX + 1


def exemplars(registry: CollectorRegistry) -> dict[str, tuple[str, float]]:
    """Return the trace and value of each bucket that has an exemplar, by its bound."""
    found = samples_with_exemplars(registry)
    return {each.labels["le"]: (trace_of(each), each.exemplar.value) for each in found if each.exemplar}


def test_the_last_traced_event_of_each_bucket_is_its_exemplar() -> None:
    registry = CollectorRegistry()
    series = BatchedHistogram("waits_seconds", "Waits", ["topic"], buckets=BUCKETS, registry=registry).labels("prices")
    for value, trace_id in ((0.005, "a"), (0.05, "b"), (0.06, "c"), (0.07, None), (9, "d")):
        series.observe(value, 1, trace_id)
    assert exemplars(registry) == {"0.005": ("a", 0.005), "0.1": ("c", 0.06), "+Inf": ("d", 9.0)}
    assert exposed(registry)['waits_seconds_count{topic="prices"}'] == 5


def test_without_traced_events_openmetrics_says_what_the_text_format_says() -> None:
    registry = CollectorRegistry()
    histogram = BatchedHistogram("waits_seconds", "Waits", ["topic"], buckets=BUCKETS, registry=registry)
    histogram.labels("prices").observe(0.05)
    assert exemplars(registry) == {}
