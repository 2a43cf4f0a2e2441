"""The exemplars of a registry, as a scraper of OpenMetrics sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.samples import Sample


def samples_with_exemplars(registry: CollectorRegistry) -> list[Sample]:
    """Return the samples that have an exemplar."""
    exposition = cast("bytes", generate_latest(registry)).decode()  # type: ignore[no-untyped-call]
    families = text_string_to_metric_families(exposition)  # type: ignore[no-untyped-call]
    return [each for family in families for each in family.samples if each.exemplar is not None]


def trace_of(sample: Sample) -> str:
    """Return the trace of the exemplar of a sample."""
    assert sample.exemplar is not None
    return sample.exemplar.labels["trace_id"]
