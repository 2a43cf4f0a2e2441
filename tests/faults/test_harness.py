"""Tests of the harness itself: its oracle agrees with the product's fold, and its events have their stated meaning."""

from __future__ import annotations

import importlib
from itertools import islice
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from schemas.errors import InvalidEvent
from schemas.events import parse
from stream.items.partition import ItemPartition
from stream.kafka.headers import event_time_ms
from stream.kafka.partitions import Partition, partition_of
from tests.faults import queues
from tests.faults.__main__ import asked
from tests.faults.checks import of_another_text
from tests.faults.events import NEVER_COMES, Made, Source, bodies
from tests.faults.faults import SCENARIOS
from tests.faults.memory import Sample, growth
from tests.faults.oracle import differences, expected
from tests.faults.poison import KINDS
from tests.faults.queues import BEYOND, HELD_MAX
from tests.faults.scenario import Run, Scenario
from tests.faults.server_faults import SERVER_SCENARIOS
from tests.faults.view import LogView
from tests.faults.watch import Watch
from workers.search.hits import Shop, indexed_item
from workers.state.projection import content

if TYPE_CHECKING:
    from pathlib import Path

SEED = 20261124
PARTITIONS = 4
NOW_MS = 1_800_000_000_000


def made(seed: int = SEED, count: int = 6_000) -> list[Made]:
    source = Source(seed, PARTITIONS)
    return [*source.catalogue(), *islice(source.changes(), count)]


def folded(events: list[Made]) -> dict[str, dict[str, Any]]:
    """Return each item as GET /items would show it."""
    partition = ItemPartition(0, "harness")
    for each in events:
        if each.means is not None:
            time_ms = event_time_ms(each.headers)
            partition.fold(parse(each.topic, each.key, each.value, arrived_at_ms=NOW_MS, event_time_ms=time_ms))
    shown = {}
    for product_id, held in partition.items.items():
        item: Any = content(held.state, held.summary, partition=0, now_ms=NOW_MS, shop_currency=None)
        times = {"product": None, "price": None, "reviews": None}
        unset = {"version": 1, "fingerprint": None, "vector_fingerprint": None, "vector_failed": None}
        payload: Any = {**item, **unset, "searchable_at_ms": times}
        shown[product_id] = indexed_item(payload, Shop(None, ("en",)), NOW_MS).model_dump()
    return shown


def test_the_oracle_agrees_with_the_fold_on_disordered_events() -> None:
    events = made()
    shown = folded(events)
    wanted = expected(bodies(events), NOW_MS)
    assert [
        d for product_id, should in wanted.items() for d in differences(product_id, should, shown[product_id])
    ] == []
    statuses = [item["status"] for item in wanted.values()]
    assert {"visible", "delisted", "parked"} <= set(statuses)
    assert wanted[NEVER_COMES]["status"] == "parked"


def test_one_seed_gives_the_same_changes_however_often_it_was_looked_whether_events_are_fresh() -> None:
    def sent(probes: int) -> list[tuple[Any, ...]]:
        source, changes = Source(SEED, PARTITIONS), []
        for made in islice(source.changes(), 1_000):
            changes.append((made.topic, made.key, made.partition, made.headers != (), made.reason))
            for number in range(probes):
                source.probe(number)
        return changes

    assert sent(0) == sent(2)


def test_the_oracle_sees_an_event_that_is_missing() -> None:
    events = made()
    last = max(
        (each for each in events if each.topic == "prices" and each.means), key=lambda e: (e.means or {})["updated_at"]
    )
    without = folded([each for each in events if each.means != last.means])
    wanted = expected(bodies(events), NOW_MS)
    product_id = last.means["product_id"] if last.means else ""
    assert differences(product_id, wanted[product_id], without.get(product_id, {}))


def test_the_same_seed_gives_the_same_disorder() -> None:
    def events_of(seed: int) -> list[tuple[str, bytes | None, int]]:
        return [(each.topic, each.key, each.partition) for each in made(seed, 500)]

    assert events_of(1) == events_of(1) != events_of(2)


def test_the_events_are_disordered_doubled_misrouted_and_poisoned() -> None:
    events = made()
    changes = [each for each in events if each.means and "version" in each.means]
    versions = [each.means["version"] for each in changes if each.means]
    assert versions != sorted(versions)
    assert len({id(each) for each in events}) < len(events)
    assert any(each.means and each.partition != partition_of(each.key or b"", PARTITIONS) for each in events)
    assert any(each.value is None and each.means for each in events)
    reasons = {each.reason for each in events} - {None}
    assert reasons == {kind.reason for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.topic}: {kind.reason}")
def test_each_kind_of_poison_is_refused_with_its_reason(kind: Any) -> None:
    with pytest.raises(InvalidEvent, match="(?i)" + kind.reason):
        parse(kind.topic, kind.key, kind.value(), arrived_at_ms=NOW_MS - 10**11, event_time_ms=None)


def test_the_short_form_holds_both_controls_and_both_brokers() -> None:
    short = [scenario for scenario in SCENARIOS if scenario.short]
    assert {scenario.short for scenario in short} == {"embedded", "kafka"}
    assert {scenario.control for scenario in short if scenario.must_say} == {"acks-out-of-order", "take-batches"}


def test_a_queue_that_passed_its_bound_is_named_and_so_is_one_that_nobody_told_of(tmp_path: Path) -> None:
    (tmp_path / "index-most-7.number").write_text(str(HELD_MAX["index"] + BEYOND["index"]))
    assert queues.beyond_bounds(tmp_path, HELD_MAX) == [
        "events taken and not confirmed: nobody told how many there were"
    ]
    (tmp_path / "items-most-7.number").write_text("59")
    (tmp_path / "index-most-8.number").write_text(str(HELD_MAX["index"] + BEYOND["index"] + 1))
    assert queues.beyond_bounds(tmp_path, queues.BOUNDS) == []
    assert queues.beyond_bounds(tmp_path, HELD_MAX) == ["95 items in the lanes, above the bound of 94"]
    assert queues.below_bounds(tmp_path) == ["at most 59 events taken and not confirmed: never full at 60"]


def test_queues_of_workers_with_folders_of_their_own_are_looked_at_too(tmp_path: Path) -> None:
    for name in ("items", "index"):
        told = tmp_path / f"{name}-0" / "told"
        told.mkdir(parents=True)
        (told / f"{name}-most-7.number").write_text("5010")
    (beyond,) = queues.beyond_bounds(tmp_path, queues.BOUNDS)
    assert beyond == "5010 events taken and not confirmed, above the bound of 5002"


def test_what_was_held_before_is_forgotten_also_by_a_worker_that_runs_on(tmp_path: Path) -> None:
    most = queues.Most(tmp_path, "items")
    most.look(90)
    most.look(10)
    assert queues.most_held(tmp_path, "items") == 90
    queues.forget(tmp_path)
    assert queues.most_held(tmp_path, "items") is None
    most.look(20)
    assert queues.most_held(tmp_path, "items") == 20


def test_a_watch_that_saw_nothing_says_so() -> None:
    stack: Any = SimpleNamespace(http=SimpleNamespace(base_url="http://127.0.0.1:1"))
    watch = Watch(stack, SEED)
    assert watch.blind() == [f"the watch never saw any {kind}" for kind in ("versions", "commits", "memory")]
    watch.looks.update(versions=3, commits=1)
    assert watch.blind() == ["the watch never saw any memory"]
    watch.close()


def test_a_whole_name_asks_for_one_scenario_and_a_part_of_it_for_all_that_hold_it() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(set(names)) == len(names)
    assert [name for name in names if asked(name, "index killed")] == ["index killed"]
    assert len([name for name in names if asked(name, "server:")]) == len(SERVER_SCENARIOS)
    assert all(asked(name, "") for name in names)


def test_a_vector_that_is_not_of_its_text_is_found_unless_it_was_given_up() -> None:
    def item(current: bool, failed: str | None) -> dict[str, Any]:
        return {"vector_is_current": current, "vector_failed": failed}

    shown = {"a": item(True, None), "b": item(False, None), "c": item(False, "NaN"), "d": dict[str, Any]()}
    assert of_another_text(shown) == ["b"]


def test_a_process_that_grows_is_named_and_one_that_does_not_is_not() -> None:
    samples = [Sample(float(n), {"items": 100 << 20, "index": (300 << 20) + n * 30_000}) for n in range(1_000)]
    (line,) = growth(samples)
    assert line.startswith("index grows by 103 MB an hour")
    assert growth(samples[:5]) == ["its memory was looked at 5 times only"]


async def test_an_event_below_the_commit_without_effect_is_found() -> None:
    view, partition = LogView("127.0.0.1:1", PARTITIONS), Partition("prices", partition_of(b"P1", PARTITIONS))
    body = b'{"product_id":"P1","price":1,"currency":"EUR","updated_at":1700000000001}'
    event = parse("prices", b"P1", body, arrived_at_ms=NOW_MS, event_time_ms=None)
    view.unchecked[partition] += [(0, event), (1, None), (2, event)]
    assert view.lost({partition: 2}) == [
        f"prices:{partition.number}:{n} is committed and without effect" for n in (0, 1)
    ]
    assert view.lost({partition: 3}) == []
    await view.stop()


def test_a_scenario_that_falls_over_is_a_failure_that_says_where_and_the_next_one_can_be_played(tmp_path: Path) -> None:
    def suffer(_: Scenario) -> float:
        raise KeyError("no such process")

    stack: Any = lambda *_, **__: SimpleNamespace()  # noqa: E731
    run: Any = Run(stack, tmp_path, "embedded", SEED)
    run.feed, run._suffer = SimpleNamespace(sent=[]), suffer
    run.watch = SimpleNamespace(failures=[], memory=[], stop=lambda: None)
    verdict = run.play(Scenario("a fault", lambda _: None))
    assert verdict.outcome == "failed"
    assert "KeyError: 'no such process'" in str(verdict) and "suffer" in str(verdict)


def test_every_name_that_the_harness_replaces_in_a_worker_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A renamed function would not fail a run of the faults at once: the worker would never reach the point."""
    monkeypatch.setenv("UP_TEST_DIR", str(tmp_path))
    worker = importlib.import_module("tests.faults.worker")
    replaced = {(owner, name) for points in worker.POINTS.values() for owner, name, _ in points.values()}
    replaced |= {
        (importlib.import_module("stream.items.publisher"), "BOUNDS"),
        (importlib.import_module("stream.items.publisher").Publisher, "ack_after"),
        (importlib.import_module("stream.items.process"), "connect"),
        (importlib.import_module("stream.items.worker").ItemsWorker, "_fold"),
        (importlib.import_module("workers.lanes.lane_order"), "BOUNDS"),
        (importlib.import_module("workers.lanes.lane_order").PriorityQueues, "put_now"),
        (importlib.import_module("workers.lanes.lane_order").PriorityQueues, "put_texts"),
        (importlib.import_module("workers.state.fold"), "entity"),
    }
    assert [(owner, name) for owner, name in replaced if not hasattr(owner, name)] == []
