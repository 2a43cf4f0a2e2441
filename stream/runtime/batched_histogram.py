"""A histogram whose observations are counted many at a time.

One by one, by prometheus_client, those of an event took a tenth of what an index worker spends on it.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import numpy as np
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client import CollectorRegistry

UNCOUNTED_MAX = 2_000
"""The most observations of a series that wait to be counted together."""


class BatchedHistogram(Collector):
    """A histogram with labels, exposed as prometheus_client exposes its own."""

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: Sequence[str],
        *,
        buckets: Sequence[float],
        registry: CollectorRegistry,
    ) -> None:
        """`buckets`: the upper bounds, rising, without infinity."""
        self._name, self._documentation, self._buckets = name, documentation, buckets
        self._labelnames = tuple(labels)
        self._series: dict[tuple[str, ...], Series] = {}
        registry.register(self)

    def labels(self, *values: str) -> Series:
        """Return the series with these values of the labels."""
        return self._series.setdefault(values, Series(self._buckets))

    @override
    def collect(self) -> Iterator[HistogramMetricFamily]:
        yield self._family({values: series.count() for values, series in self._series.items()})

    def describe(self) -> Iterator[HistogramMetricFamily]:
        """Yield the family without series: a registry asks for its name."""
        yield self._family({})

    def _family(self, counted: dict[tuple[str, ...], tuple[list[int], float]]) -> HistogramMetricFamily:
        family = HistogramMetricFamily(self._name, self._documentation, labels=self._labelnames)
        bounds = [_shown(bound) for bound in (*self._buckets, float("inf"))]
        for values, (events, total) in counted.items():
            family.add_metric(values, list(zip(bounds, np.cumsum(events).tolist(), strict=True)), total)
        return family


class Series:
    """The observations with the same labels."""

    def __init__(self, buckets: Sequence[float]) -> None:
        self._bounds = np.array(buckets)
        self._events = np.zeros(len(buckets) + 1, dtype=np.int64)
        self._sum = 0.0
        self._uncounted = array("d")
        """Value and number of events of each observation, in turns."""

    def observe(self, value: float, events: int = 1) -> None:
        """Observe a value as often as there are events."""
        self._uncounted.extend((value, events))
        if len(self._uncounted) >= 2 * UNCOUNTED_MAX:
            self.count()

    def count(self) -> tuple[list[int], float]:
        """Return the number of events in each bucket, the last one without a bound, and the sum of their values."""
        if self._uncounted:
            values, events = np.frombuffer(self._uncounted).reshape(-1, 2).T
            places = np.searchsorted(self._bounds, values)
            self._events += np.bincount(places, weights=events, minlength=len(self._events)).astype(np.int64)
            self._sum += float(values @ events)
            self._uncounted = array("d")
        return self._events.tolist(), self._sum


def _shown(bound: float) -> str:
    text: str = floatToGoString(bound)  # type: ignore[no-untyped-call]
    return text
