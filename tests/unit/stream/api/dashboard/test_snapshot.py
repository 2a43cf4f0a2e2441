"""The dashboard shows what /status reports and what the pipeline counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stream.api.dashboard.snapshot import PARTITIONS_MAX, Measured, snapshot
from stream.api.models import Embeddings, IndexStatus, LogStatus, StatusReport
from stream.kafka.partitions import Partition
from stream.progress.lag import Lag
from stream.progress.lag_by_partition import PartitionLag
from stream.progress.objective import Objective, WindowShare
from stream.progress.recent_freshness import TOTAL, FreshnessSummary, Observation, RecentFreshness
from tests.support.snapshots import NO_CANARY, NO_DRIFT
from workers.embedder.interface import Spent

if TYPE_CHECKING:
    from stream.api.dashboard.models import Snapshot

NOTHING: dict[str, Any] = {
    "at_ms": 100_000,
    "objective": Objective(1.0, 0.9),
    "counted_for_s": 60.0,
    "shares": {},
    "stages": {},
    "partitions": {},
    "unreported": 0,
    "counters": {},
    "lanes": {},
    "oldest_vector_at_ms": None,
    "index_bytes": None,
    "embedding": Spent(),
    "drift": NO_DRIFT,
    "canary": NO_CANARY,
}


def shown(
    *, vectors_due: int = 0, before: Snapshot | None = None, embeddings: Embeddings | None = None, **measured: Any
) -> Snapshot:
    report = StatusReport(
        ready=True,
        embeddings=embeddings or Embeddings(),
        lag=Lag(vectors_due=vectors_due),
        log=LogStatus(kind="embedded", id="log", address=""),
        index=IndexStatus(backend="edge", collection="items-1"),
    )
    return snapshot(report, Measured(**{**NOTHING, **measured}), before)


def test_the_processor_time_of_avoided_embeddings_is_counted_by_that_of_texts_that_were_embedded() -> None:
    assert shown().saved_seconds is None
    assert shown(embeddings=Embeddings(computed=7, avoided=300), embedding=Spent(10, 0.5)).saved_seconds == 15.0


def test_the_partitions_that_wait_longest_come_first() -> None:
    partitions = {
        Partition("prices", 0): PartitionLag(2, 4.0),
        Partition("prices", 1): PartitionLag(9, 1.0),
        Partition("items", 0): PartitionLag(3, 60.0),
    }
    made = shown(partitions=partitions)
    assert [(each.topic, each.partition) for each in made.partitions][:2] == [("items", 0), ("prices", 0)]


def test_partitions_without_a_worker_are_a_start_in_the_first_minute_and_a_fault_afterwards() -> None:
    assert shown(unreported=4, counted_for_s=6.0).starting == 4
    assert shown(unreported=0, counted_for_s=6.0).starting == 0
    assert shown(unreported=4, counted_for_s=61.0).starting == 0


def test_a_snapshot_has_a_bounded_number_of_partitions_and_says_how_many_more_there_are() -> None:
    made = shown(partitions={Partition("prices", number): PartitionLag(1, 1.0) for number in range(1_000)})
    assert len(made.partitions) == PARTITIONS_MAX and made.partitions_left_out == 1_000 - PARTITIONS_MAX
    assert len(made.model_dump_json()) < 10_000


def test_the_flow_is_summed_over_the_workers_by_topic_and_outcome() -> None:
    one = {
        "freshline_events_folded_total/prices": 7.0,
        "freshline_events_unchanged_total/prices/stale": 2.0,
        "freshline_events_unchanged_total/prices/duplicate": 1.0,
        "freshline_dead_letters_total/prices/InvalidEvent": 1.0,
        "freshline_dead_letters_total/prices/ZeroDivisionError": 1.0,
        "freshline_bugs_total/fold": 1.0,
    }
    prices = shown(counters={"items-0": one, "items-1": one}).flow["prices"]
    assert (prices.folded, prices.stale, prices.duplicate) == (14, 4, 2)
    assert (prices.dead_letters, prices.per_second) == (4, None)


@pytest.mark.parametrize(("folded", "per_second"), [(30, 10.0), (10, 0.0), (4, None)])
def test_a_rate_is_that_since_the_snapshot_before_and_unknown_where_a_worker_started_again(
    folded: int, per_second: float | None
) -> None:
    before = shown(counters={"items-0": {"freshline_events_folded_total/prices": 10.0}})
    counters = {"items-0": {"freshline_events_folded_total/prices": float(folded)}}
    assert shown(at_ms=102_000, counters=counters, before=before).flow["prices"].per_second == per_second


def test_vectors_are_paid_at_the_rate_of_the_last_minute() -> None:
    stages = {("products", "embed"): FreshnessSummary(0.1, 0.1, 0.1, 0.1, events=120)}
    vectors = shown(vectors_due=10, stages=stages, oldest_vector_at_ms=97_000).vectors
    assert (vectors.per_second, vectors.seconds_left, vectors.oldest_seconds) == (2.0, 5.0, 3.0)
    assert shown(vectors_due=10).vectors.seconds_left is None
    assert shown().vectors.seconds_left == 0.0


def test_the_share_of_a_window_comes_with_the_budget_that_is_left() -> None:
    share = shown(shares={"all": {"5m": WindowShare(100, 95)}}).objective.windows["all"]["5m"]
    assert share.share == 0.95 and share.budget_left == pytest.approx(0.5)


def test_means_of_the_stages_add_up_to_the_mean_of_the_whole_way() -> None:
    recent = RecentFreshness()
    for seconds in (0.01, 0.02, 0.3):
        for stage in ("log", "fold", "item_log", "write"):
            recent.observe_stage("prices", stage, Observation(10.0, seconds, 2))
        recent.observe_stage("prices", TOTAL, Observation(10.0, 4 * seconds, 2))
    by_stage = shown(stages=recent.stages(11.0)).freshness["prices"]
    total = by_stage.pop(TOTAL).mean
    assert total is not None
    assert sum(stage.mean or 0.0 for stage in by_stage.values()) == pytest.approx(total, abs=1e-4)
