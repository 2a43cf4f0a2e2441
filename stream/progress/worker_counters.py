"""Counters of other processes, in the API's own metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

    from stream.progress.monitor import PipelineMonitor


class WorkerCounters:
    """The counters that other workers report on `progress`, with a label for the worker."""

    def __init__(self, monitor: PipelineMonitor) -> None:
        self._monitor = monitor

    def collect(self) -> Iterator[Metric]:
        """Yield the counters, as a Prometheus collector does."""
        families: dict[str, CounterMetricFamily] = {}
        for worker, counters in self._monitor.counters.items():
            for sample, value in counters.items():
                name, *labels = sample.split("/")
                family = families.setdefault(
                    name, CounterMetricFamily(name, "Reported by a worker", labels=["worker", "what"])
                )
                family.add_metric([worker, "/".join(labels)], value)
        yield from families.values()
