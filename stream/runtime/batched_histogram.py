"""A histogram whose observations are counted many at a time.

One by one, by prometheus_client, those of an event took a tenth of what an index worker spends on it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar
from prometheus_client.utils import floatToGoString
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client import CollectorRegistry

UNCOUNTED_MAX = 2_000
"""The most observations of a series that wait to be counted together."""


class SeriesTotals(NamedTuple):
    """The totals that a series has counted so far."""

    events: list[int]
    """The number of events in each bucket, the last one without a bound."""
    total: float
    """The sum of their values."""
    exemplars: dict[int, Exemplar]
    """The last event of a trace in each bucket that had one."""


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

    def _family(self, counted: dict[tuple[str, ...], SeriesTotals]) -> HistogramMetricFamily:
        family = HistogramMetricFamily(self._name, self._documentation, labels=self._labelnames)
        bounds = [_shown(bound) for bound in (*self._buckets, float("inf"))]
        for values, (events, total, exemplars) in counted.items():
            below = zip(bounds, np.cumsum(events).tolist(), strict=True)
            buckets = [(*each, exemplars[place]) if place in exemplars else each for place, each in enumerate(below)]
            family.add_metric(values, buckets, total)
        return family


class Series:
    """The observations with the same labels."""

    def __init__(self, buckets: Sequence[float]) -> None:
        self._buckets = buckets
        self._bounds = np.array(buckets)
        self._events = np.zeros(len(buckets) + 1, dtype=np.int64)
        self._sum = 0.0
        self._uncounted = array("d")
        """Value and number of events of each observation, in turns."""
        self._exemplars: dict[int, Exemplar] = {}

    def observe(self, value: float, events: int = 1, trace_id: str | None = None) -> None:
        """Observe a value as often as there are events. The trace of one of them, if any, is the bucket's exemplar."""
        self._uncounted.extend((value, events))
        if trace_id is not None:
            self._exemplars[bisect_left(self._buckets, value)] = Exemplar({"trace_id": trace_id}, value)
        if len(self._uncounted) >= 2 * UNCOUNTED_MAX:
            self.count()

    def count(self) -> SeriesTotals:
        """Return the observations so far."""
        if self._uncounted:
            values, events = np.frombuffer(self._uncounted).reshape(-1, 2).T
            places = np.searchsorted(self._bounds, values)
            self._events += np.bincount(places, weights=events, minlength=len(self._events)).astype(np.int64)
            self._sum += float(values @ events)
            self._uncounted = array("d")
        return SeriesTotals(self._events.tolist(), self._sum, self._exemplars)


def _shown(bound: float) -> str:
    text: str = floatToGoString(bound)  # type: ignore[no-untyped-call]
    return text
