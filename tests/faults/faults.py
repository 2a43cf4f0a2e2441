"""The faults. Each is called while events flow: it strikes, and returns when the fault is over."""

from __future__ import annotations

import os
import shutil
import signal
import time
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

import httpx

from tests.faults import newer, queues
from tests.faults.api import Failed, wait_for
from tests.faults.controls import SLOW
from tests.faults.disk import disk_full
from tests.faults.embedding import each_as_it_should, texts_that_fail
from tests.faults.memory import growth
from tests.faults.scenario import FRESH_SECONDS, SETTLES_SECONDS, Scenario
from tests.faults.server_faults import SERVER_SCENARIOS
from tests.support.running_up import alive

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.scenario import Run
    from tests.faults.stack import Stack

CALLS_MAX = 30
BURST_EVENTS = 20_000
MEMORY_SECONDS = 1_800
MISSING_MAX = 200
"""The most item records of live events that are under way; a lost index lacks thousands."""
REFILL_SECONDS_MAX = 120.0
"""The longest that the index may take to be filled again. By then the item log of the shared stack has tens of
thousands of records, of a thousand items."""
BROKER_FROZEN_SECONDS = 12.0
"""The time is longer than a request may take, and longer than a session lasts."""


def killed(name: str, times: int = 1) -> Callable[[Run[Stack]], None]:
    """Send SIGKILL at random moments; `up` starts the process again."""

    def fault(run: Run[Stack]) -> None:
        for _ in range(times):
            run.pause(0.2, 1.5)
            run.stack.kill_process(name)

    return fault


def killed_while_slow(run: Run[Stack]) -> None:
    """Send SIGKILL to the items worker, twice, while it handles slow events; the first time surely after commits."""
    run.stack.instruct(SLOW)
    for least, most in ((4, 5.5), (2, 4)):
        run.pause(least, most)
        run.stack.kill_process("items")
    (run.stack.folder / SLOW).unlink()


def killed_at(name: str, *points: str) -> Callable[[Run[Stack]], None]:
    """Let the process send itself SIGKILL at a random call of each of these functions."""

    def fault(run: Run[Stack]) -> None:
        for point in points:
            run.stack.kill_at(name, point, run.rng.randint(1, CALLS_MAX if "commit" not in point else 3))

    return fault


def up_killed(run: Run[Stack]) -> None:
    """Kill `up`, and with it all its child processes."""
    run.stack.kill_process("up")
    run.stack.restart()


def broker_stopped(run: Run[Stack]) -> None:
    """Send SIGTERM to the broker: it ends in order, and `up` starts it again."""
    pid = run.stack.signal("broker", signal.SIGTERM)
    wait_for(lambda: not alive(pid), "the broker ends")
    run.stack.pid("broker")


def broker_frozen(run: Run[Stack]) -> None:
    """Freeze the broker, so that it answers nobody for a while."""
    with run.stack.frozen("broker"):
        time.sleep(BROKER_FROZEN_SECONDS)


def worker_frozen(run: Run[Stack]) -> None:
    """Freeze a worker until another has taken over its partitions, then wake it, unaware of the change.

    The other worker lives until the group has settled: on the embedded broker, a group whose leader dies while another
    worker joins waits for that leader forever.
    """
    with run.stack.second_worker():
        run.pause(0, 2)
        with run.stack.frozen("items"):
            run.until_taken_over(time.monotonic())
            run.pause(1, 2)
            assigned_before = run.stack.items_assigned()
        wait_for(lambda: run.stack.items_assigned() > assigned_before, "the thawed worker has partitions again")
        run.pause(*SETTLES_SECONDS[run.broker])


def workers_come_and_go(run: Run[Stack]) -> None:
    """Start and kill a second items worker, twice; wait each time until its session ends and the group has settled."""
    for _ in range(2):
        with run.stack.second_worker():
            run.pause(15, 20)
        run.pause(15, 20)


def two_releases(run: Run[Stack]) -> None:
    """Run a worker of a newer release beside this one, which then has to go on with the records of the newer one."""
    with run.stack.second_worker(newer.ARGUMENT):
        run.pause(20, 25)
    run.pause(15, 20)


def index_frozen(run: Run[Stack]) -> None:
    """Freeze the index worker until its session times out, then wake it."""
    with run.stack.frozen("index"):
        run.pause(10, 12)


def index_wiped(run: Run[Stack]) -> None:
    """Remove the index directory before the worker starts again."""
    run.stack.instruct("wipe-index")
    run.stack.kill_process("index")
    wait_for(lambda: not (run.stack.folder / "wipe-index").exists(), "the index worker starts again")
    run.watch.start(index_is_new=True)


def index_deleted(run: Run[Stack]) -> None:
    """Remove the index directory while the worker runs: the worker finds out by itself."""
    pid = run.stack.pid("index")
    shutil.rmtree(run.stack.data_dir / "index", ignore_errors=True)
    wait_for(lambda: not alive(pid), "the index worker notices that its directory is gone")
    run.watch.start(index_is_new=True)
    wait_for(lambda: _all_known(run), "it is known how fresh it is")


def _all_known(run: Run[Stack]) -> bool:
    """Return whether freshness is known for each topic; an API must not say too early that all of them are known."""
    try:
        status = run.stack.get("/status")
    except httpx.HTTPError:
        return False
    times, missing = list(status["fresh_as_of"].values()), status["lag"]["items"]
    if not all(times):
        return False
    seconds = time.time() - min(datetime.fromisoformat(each).timestamp() for each in times)
    if missing > MISSING_MAX and seconds < FRESH_SECONDS:
        raise Failed(f"all is called fresh {seconds:.1f} s ago while {missing:,} item records are not in the index")
    return True


def burst(run: Run[Stack]) -> None:
    """Send faster than the workers can handle: the queues fill to their bounds, and the input waits."""
    run.feed.send_all(islice(run.source.changes(), BURST_EVENTS))


def batches_fail(run: Run[Stack]) -> None:
    """Let batches fail in a worker that uses Faust's `take`; earlier, the catalogue would never reach the index."""
    run.stack.instruct("batches-fail")
    run.pause(6, 8)


def time_passes(run: Run[Stack]) -> None:
    """No fault: `DURATION` seconds of changes."""
    time.sleep(float(os.environ.get("DURATION", MEMORY_SECONDS)))


SCENARIOS = [
    Scenario("items killed", killed("items", 3)),
    Scenario("index killed", killed("index", 2)),
    Scenario("items killed in its work", killed_at("items", "after-fold", "after-write", "before-ack")),
    Scenario(
        "items killed between a review and its item, and at commit",
        killed_at("items", "between-review-and-item", "before-commit"),
        short="embedded",
    ),
    Scenario(
        "index killed within a write and before acks",
        killed_at("index", "within-write", "before-ack"),
        short="embedded",
    ),
    Scenario("index killed after a write and at commit", killed_at("index", "after-write", "before-commit")),
    Scenario(
        "index killed after embedding, between vector and debt, and at its positions",
        killed_at("index", "after-embed", "between-vector-and-debt", "after-positions"),
    ),
    Scenario("index frozen", index_frozen),
    Scenario("index wiped", index_wiped, loses_index=True, recovery_seconds_max=REFILL_SECONDS_MAX, short="embedded"),
    Scenario(
        "index deleted",
        index_deleted,
        loses_index=True,
        recovery_seconds_max=REFILL_SECONDS_MAX,
    ),
    Scenario("broker killed", killed("broker"), loses_log=True, short="kafka"),
    Scenario("broker stopped", broker_stopped, loses_log=True),
    Scenario("broker frozen", broker_frozen),
    Scenario("worker frozen, taken over, thawed", worker_frozen, short="kafka"),
    Scenario("a second worker comes and goes", workers_come_and_go),
    Scenario("an older and a newer worker at once", two_releases, after=newer.nothing_of_it_is_lost),
    Scenario("up killed", up_killed, loses_log=True),
    Scenario("a burst", burst, recovery_seconds_max=120, after=lambda run: queues.below_bounds(run.folder)),
    Scenario(
        "texts that the model cannot embed",
        texts_that_fail,
        env={"FRESHLINE_EMBEDDER": "model"},
        gives_up=True,
        after=each_as_it_should,
    ),
    Scenario("disk full", disk_full, small_disk=True),
    Scenario("events finished out of order", killed_while_slow, control="slow-folds"),
    Scenario(
        "control: acks out of order",
        killed_while_slow,
        control="acks-out-of-order",
        must_say="committed",
        short="embedded",
    ),
    Scenario(
        "control: take, with failing batches",
        batches_fail,
        recovery_seconds_max=10,
        control="take-batches",
        must_say="committed",
        short="embedded",
    ),
    Scenario(
        "memory over time",
        time_passes,
        brokers=("kafka",),
        alone=True,
        after=lambda run: growth(run.watch.memory),
    ),
    *SERVER_SCENARIOS,
]
"""The scenarios, ordered so that those that can share a stack stand together."""
