"""A snapshot with nothing in it."""

from __future__ import annotations

from stream.api.canary.models import CanaryReport
from stream.api.dashboard.models import ObjectiveReport, PendingVectors, Snapshot
from stream.api.drift.models import DriftReport
from stream.api.models import Embeddings, IndexStatus, LogStatus
from stream.progress.lag import Lag

NO_DRIFT = DriftReport(checked=0, partitions=4, last_at=None, items=0, faults=0, examples=[])

NO_CANARY = CanaryReport(
    interval_seconds=0, last_seconds=None, median_seconds=None, overdue_seconds=0, overdue_partitions=[]
)


def empty_snapshot(at_ms: int) -> Snapshot:
    return Snapshot(
        at_ms=at_ms,
        ready=True,
        reasons=[],
        failing=[],
        objective=ObjectiveReport(seconds=1.0, share=0.999, counted_for_seconds=0.0, windows={}),
        freshness={},
        oldest=None,
        starting=0,
        flow={},
        plans={},
        embeddings=Embeddings(),
        saved_seconds=None,
        lag=Lag(),
        lag_events=0,
        lanes={},
        vectors=PendingVectors(pending=0, per_second=0.0, seconds_left=0.0, oldest_seconds=None),
        index=IndexStatus(backend="edge", collection="items-1"),
        index_bytes=None,
        log=LogStatus(kind="embedded", id="log", address=""),
        dead_letters={},
        fresh_as_of={},
        drift=NO_DRIFT,
        canary=NO_CANARY,
    )
