"""The freshness that a demo reports is that of its latest changes alone."""

from __future__ import annotations

from stream.demo.summary import SAMPLES_MAX, WINDOW_REPORTS, DemoSummary, FreshnessWindow
from stream.progress.histograms import BucketCounts


def histograms(events: int, slow: int = 0) -> dict[str, BucketCounts]:
    """Return histograms with this many events of the facet price up to now, and so many of them slower than 0.1 s."""
    return {"price": BucketCounts((0.1, 1.0, float("inf")), (events - slow, events, events))}


def test_events_from_before_the_first_look_are_not_counted() -> None:
    window = FreshnessWindow()
    assert not window
    assert window.add(histograms(9_000, slow=9_000)) == {}
    seen = window.add(histograms(9_100, slow=9_000))["price"]
    assert window and seen["events"] == 100 and seen["p99"] <= 0.1


def test_events_from_before_the_window_are_not_counted() -> None:
    window = FreshnessWindow()
    window.add(histograms(0))
    window.add(histograms(50, slow=50))
    for report in range(1, WINDOW_REPORTS + 1):
        seen = window.add(histograms(50 + report, slow=50))
    assert seen["price"]["events"] == WINDOW_REPORTS and seen["price"]["p99"] <= 0.1


def test_a_summary_keeps_the_last_samples() -> None:
    summary = DemoSummary()
    for number in range(SAMPLES_MAX + 2):
        summary.add_sample({"ms": number})
    assert [sample["ms"] for sample in summary.as_json()["samples"]] == list(range(2, SAMPLES_MAX + 2))
