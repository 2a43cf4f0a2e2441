"""Computes the snapshot of the dashboard from what /status reports and what the pipeline counts. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from stream.api.dashboard.models import (
    ObjectiveReport,
    PartitionWait,
    PendingVectors,
    Share,
    Snapshot,
    TopicFlow,
)
from stream.api.models import Percentiles
from stream.kafka.topics import INPUTS
from stream.progress.recent_freshness import STAGES_WINDOW_S
from workers.lanes.stages import EMBED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stream.api.canary.models import CanaryReport
    from stream.api.drift.models import DriftReport
    from stream.api.models import StatusReport
    from stream.kafka.partitions import Partition
    from stream.progress.lag_by_partition import PartitionLag
    from stream.progress.objective import Objective, WindowShare
    from stream.progress.recent_freshness import FreshnessSummary
    from workers.embedder.interface import Spent

PARTITIONS_MAX = 24
"""The most partitions in a snapshot: a screen of them, and a bound on its size."""
STARTING_S = 60.0
"""The longest start of a process: workers that have not joined then are a fault, and their events are late."""
_COUNTERS = {
    "freshline_events_folded_total": "folded",
    "freshline_dead_letters_total": "dead_letters",
    "freshline_misrouted_events_total": "forwarded",
}
"""The counters of the items workers, by what they count in TopicFlow."""
_UNCHANGED = "freshline_events_unchanged_total"
"""The counter whose second label is what it counts in TopicFlow: stale, duplicate."""


class Measured(NamedTuple):
    """The measurements of the process, beside the report of /status."""

    at_ms: int
    objective: Objective
    counted_for_s: float
    shares: Mapping[str, Mapping[str, WindowShare]]
    stages: Mapping[tuple[str, str], FreshnessSummary]
    partitions: Mapping[Partition, PartitionLag]
    unreported: int
    """The partitions that no worker has reported since the log began."""
    counters: Mapping[str, Mapping[str, float]]
    """The counters of each items worker, by its name."""
    lanes: Mapping[str, int]
    oldest_vector_at_ms: int | None
    """The time since when the oldest pending embedding has waited; None where none waits."""
    index_bytes: int | None
    embedding: Spent
    """The texts that the serving model has embedded."""
    drift: DriftReport
    canary: CanaryReport


def snapshot(report: StatusReport, measured: Measured, before: Snapshot | None) -> Snapshot:
    """Return the snapshot of this moment; rates are those since the snapshot `before`."""
    waits = _waits(measured.partitions)
    return Snapshot(
        at_ms=measured.at_ms,
        ready=report.ready,
        reasons=report.reasons,
        failing=report.failing,
        objective=_objective(measured),
        freshness=_by_topic(measured.stages),
        oldest=report.oldest,
        starting=measured.unreported if measured.counted_for_s < STARTING_S else 0,
        flow=_flow(measured.counters, measured.at_ms, before),
        plans=report.plans,
        embeddings=report.embeddings,
        saved_seconds=_saved_seconds(report.embeddings.avoided, measured.embedding),
        lag=report.lag,
        lag_events=report.lag_events,
        partitions=waits[:PARTITIONS_MAX],
        partitions_left_out=max(0, len(waits) - PARTITIONS_MAX),
        lanes=dict(measured.lanes),
        vectors=_vectors(report.lag.vectors_due, measured),
        index=report.index,
        index_bytes=measured.index_bytes,
        log=report.log,
        dead_letters=report.dead_letters,
        fresh_as_of=report.fresh_as_of,
        drift=measured.drift,
        canary=measured.canary,
    )


def _saved_seconds(avoided: int, embedding: Spent) -> float | None:
    return round(avoided * embedding.processor_s / embedding.texts, 1) if embedding.texts else None


def _objective(measured: Measured) -> ObjectiveReport:
    objective = measured.objective
    windows = {
        topic: {
            name: Share(
                events=window.events,
                within=window.within,
                share=window.share,
                budget_left=window.budget_left(objective),
            )
            for name, window in by_window.items()
        }
        for topic, by_window in measured.shares.items()
    }
    return ObjectiveReport(
        seconds=objective.seconds,
        share=objective.share,
        counted_for_seconds=round(measured.counted_for_s, 1),
        windows=windows,
    )


def _by_topic(stages: Mapping[tuple[str, str], FreshnessSummary]) -> dict[str, dict[str, Percentiles]]:
    by_topic: dict[str, dict[str, Percentiles]] = defaultdict(dict)
    for (topic, stage), summary in stages.items():
        by_topic[topic][stage] = Percentiles(**{name: _rounded(value) for name, value in summary._asdict().items()})
    return dict(by_topic)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 5)


def _waits(partitions: Mapping[Partition, PartitionLag]) -> list[PartitionWait]:
    """Return the partitions, those that wait longest first."""
    ranked = sorted(partitions.items(), key=lambda each: (-each[1].seconds, -each[1].events, each[0]))
    return [
        PartitionWait(topic=partition.topic, partition=partition.number, events=lag.events, seconds=lag.seconds)
        for partition, lag in ranked
    ]


def _flow(counters: Mapping[str, Mapping[str, float]], at_ms: int, before: Snapshot | None) -> dict[str, TopicFlow]:
    """Return the fates of the events of each topic, summed over all workers."""
    counted: dict[str, dict[str, int]] = {topic: defaultdict(int) for topic in INPUTS}
    for of_worker in counters.values():
        for sample, value in of_worker.items():
            name, topic, *rest = (*sample.split("/"), "")
            counts = rest[0] if name == _UNCHANGED else _COUNTERS.get(name)
            if counts and topic in counted:
                counted[topic][counts] += int(value)
    return {
        topic: TopicFlow(**sums, per_second=_rate(sums["folded"], topic, at_ms, before))
        for topic, sums in counted.items()
    }


def _rate(folded: int, topic: str, at_ms: int, before: Snapshot | None) -> float | None:
    """Return events a second since the snapshot before; None without one, or where a worker counts from zero again."""
    if before is None or at_ms <= before.at_ms:
        return None
    more = folded - before.flow[topic].folded
    return round(more / (at_ms - before.at_ms) * 1000, 1) if more >= 0 else None


def _vectors(pending: int, measured: Measured) -> PendingVectors:
    written = measured.stages.get(("products", EMBED))
    per_second = written.events / STAGES_WINDOW_S if written else 0.0
    since_ms = measured.oldest_vector_at_ms
    return PendingVectors(
        pending=pending,
        per_second=round(per_second, 2),
        seconds_left=0.0 if not pending else round(pending / per_second, 1) if per_second else None,
        oldest_seconds=None if since_ms is None else max(0, measured.at_ms - since_ms) / 1000,
    )
