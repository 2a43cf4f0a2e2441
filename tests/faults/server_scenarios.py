"""Freshline on a Qdrant server, several workers of each kind, while the server and the workers fail.

    python -m tests.faults.server_scenarios [--short] [--seed N] [--broker embedded] [SCENARIO...]

After each scenario: wait for quiet, then the index equals the fold of the log, field by field, for every item; no
version went back; every API agrees; a token is answered by workers that do not own its partition.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import httpx

from .server_stack import PARTITIONS, ServerStack, how
from .server_traffic import Traffic
from .server_truth import differences, folded, indexed, older

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.points import Payload

RATE_PER_SECOND = 25
QUIET_SECONDS_MAX = 300
AWAY_SECONDS = 20
AWAY_AT_START_SECONDS = 45
"""A worker takes a while to its first question, most of it on a busy machine."""
FLOW_SECONDS = 10
SAMPLE = 40
SHORT = ["every third fails"]
SHORT_PACE = 0.4


class Run:
    """One stack, its traffic, and what was seen of it."""

    def __init__(self, stack: ServerStack, traffic: Traffic, seed: int, *, pace: float) -> None:
        """`pace`: how long changes flow, of what the scenarios ask for."""
        self._pace = pace
        self.stack = stack
        self.traffic = traffic
        self._rng = random.Random(seed)
        self._before: dict[str, Payload] = {}
        self._probes = 0

    def flow(self, seconds: float) -> None:
        """Changes for so long, and on until it is settled."""
        self.traffic.flow(RATE_PER_SECOND)
        time.sleep(seconds * self._pace)

    def settle(self) -> float:
        """Ends the traffic; seconds until every API says that nothing waits anywhere."""
        self.traffic.end()
        return self.stack.until(self._quiet, "nothing waits anywhere", QUIET_SECONDS_MAX)

    def check(self, *, wiped: bool = False) -> int:
        """How many items. Fails with the first differences."""
        wanted, stored = folded(self.stack.settings), indexed(self.stack.qdrant)
        wrong = differences(wanted, stored)
        assert not wrong, f"{len(wrong)} differences:\n  " + "\n  ".join(wrong[:10])
        back = [] if wiped else list(older(self._before, stored))
        assert not back, f"versions went back: {back[:10]}"
        self._before = stored
        self._every_api_agrees(stored)
        self._tokens_are_answered_everywhere()
        assert not self.stack.tracebacks(), f"tracebacks in the logs of {self.stack.tracebacks()}"
        return len(stored)

    def _quiet(self) -> bool:
        return all(self._lag(api) == 0 for api in self.stack.apis)

    def _lag(self, api: str) -> int | None:
        try:
            answer = self.stack.get(api, "/status")
        except httpx.TransportError:  # it ended, and is started again
            return None
        return answer.json()["lag_events"] if answer.status_code == 200 else None

    def _every_api_agrees(self, stored: dict[str, Payload]) -> None:
        for product_id in self._rng.sample(sorted(stored), min(SAMPLE, len(stored))):
            shown = [self.stack.get(api, f"/items/{product_id}").json() for api in self.stack.apis]
            assert all(each == shown[0] for each in shown), f"{product_id}: {shown}"
            assert shown[0]["indexed"]["version"] == stored[product_id]["version"]

    def _tokens_are_answered_everywhere(self) -> None:
        self._probes += 1
        for number in range(2 * PARTITIONS):
            product_id, price = f"probe-{number}", float(self._probes)
            self.traffic.send(("products", product_id, {"product_id": product_id, "title": "A probe"}))
            body = {"product_id": product_id, "price": price, "currency": "EUR"}
            token = self.traffic.send(("prices", product_id, body))
            after = f"{token.topic}:{token.partition}:{token.offset}"
            for api in self.stack.apis:
                answer = self.stack.get(api, "/progress", after=after, wait_ms=15_000).json()
                assert answer["searchable"], f"{api}: {answer}"
                shown = self.stack.get(api, f"/items/{product_id}").json()["indexed"]["price"]
                assert shown == price, f"{api} shows {shown} of {product_id} after {after}, should be {price}"


def one_more_and_one_less(run: Run) -> None:
    """A third index worker and a third items worker come and go, every 15 s, under changes."""
    run.traffic.flow(RATE_PER_SECOND)
    for _ in range(2):
        run.stack.start_index(2)
        run.stack.start_items(2)
        time.sleep(15)
        run.stack.indexers[2].stop()
        run.stack.items[2].stop()
        time.sleep(15)


def more_workers_than_partitions(run: Run) -> None:
    """One worker owns nothing: it answers all the same."""
    for slot in range(2, PARTITIONS + 1):
        run.stack.start_index(slot)
    run.stack.until_ready()
    run.flow(FLOW_SECONDS)
    run.settle()
    run.check()
    for slot in range(2, PARTITIONS + 1):
        run.stack.indexers[slot].stop()


def killed(run: Run) -> None:
    """SIGKILL of an index worker, then of an items worker; each is started again."""
    run.flow(5)
    run.stack.indexers[0].kill()
    time.sleep(5)
    run.stack.items[0].kill()
    time.sleep(10)


def away(run: Run) -> None:
    """Nobody listens at the server's port: /readyz says so, searches are refused with 503."""
    run.flow(5)
    run.stack.faults(away_seconds=AWAY_SECONDS)
    api = run.stack.apis[0]
    run.stack.until(lambda: run.stack.get(api, "/readyz").status_code == 503, "/readyz says that it is away")
    assert "Qdrant" in run.stack.get(api, "/readyz").json()["error"]["message"]
    answer = run.stack.get(api, "/search", q="cake")
    assert (answer.status_code, answer.headers.get("retry-after")) == (503, "1"), answer.text
    assert run.stack.get(api, "/livez").status_code == 200
    run.stack.until(lambda: run.stack.get(api, "/readyz").status_code == 200, "/readyz is well again")


def away_at_start(run: Run) -> None:
    """A worker that starts meanwhile ends with one line, and again until the server is there."""
    run.stack.indexers[1].stop()
    run.flow(2)
    run.stack.faults(away_seconds=AWAY_AT_START_SECONDS)
    run.stack.start_index(1)
    run.stack.until(lambda: any(e.name == "index-1" for e in run.stack.ended), "it ends")
    said = [e for e in run.stack.ended if e.name == "index-1"][-1]
    assert said.code == 1 and "Qdrant server" in said.said, said
    run.stack.until_ready()


def slow(run: Run) -> None:
    """Every answer takes 300 ms more."""
    run.stack.faults(delay_seconds=0.3)
    run.flow(20)
    run.stack.faults()


def every_third(run: Run) -> None:
    """Every third request fails, before, half way or after it was applied."""
    run.stack.faults(fail_every=3)
    run.flow(20)
    run.stack.faults()


def wiped(run: Run) -> None:
    """The server comes back with an empty disk, under changes."""
    run.flow(5)
    run.stack.wipe()
    time.sleep(FLOW_SECONDS)


def wiped_quiet(run: Run) -> None:
    """The same while nothing changes: no write finds out."""
    run.settle()
    run.stack.wipe()
    run.stack.until(lambda: len(run.stack.ended) > 0, "a worker finds out")


class Scenario(NamedTuple):
    """What happens, and whether the index begins anew by it."""

    happens: Callable[[Run], None]
    wipes: bool = False


SCENARIOS = {
    "workers come and go": Scenario(one_more_and_one_less),
    "more workers than partitions": Scenario(more_workers_than_partitions),
    "killed": Scenario(killed),
    "away": Scenario(away),
    "away at start": Scenario(away_at_start),
    "slow": Scenario(slow),
    "every third fails": Scenario(every_third),
    "wiped": Scenario(wiped, wipes=True),
    "wiped while quiet": Scenario(wiped_quiet, wipes=True),
}


def play(names: list[str], folder: Path, *, seed: int, kafka: bool, small: bool) -> None:
    """All of them on one stack; raises AssertionError."""
    began = time.monotonic()
    with ServerStack(folder, kafka=kafka) as stack:
        for slot in range(2):
            stack.start_items(slot)
            stack.start_index(slot)
        stack.until_ready()
        one_in, electronics_items = (16, 40) if small else (3, 200)
        with Traffic(stack.broker.address, seed, one_in=one_in, electronics_items=electronics_items) as traffic:
            run = Run(stack, traffic, seed, pace=SHORT_PACE if small else 1.0)
            events = traffic.catalogue()
            run.settle()
            items = run.check()
            tell(f"{events} events, {items} items indexed and equal, {time.monotonic() - began:.0f} s")
            for name in names:
                play_one(run, name)


def play_one(run: Run, name: str) -> None:
    """One scenario, its check, and a line about it."""
    run.stack.ended.clear()
    began = time.monotonic()
    SCENARIOS[name].happens(run)
    back_seconds = run.settle()
    items = run.check(wiped=SCENARIOS[name].wipes)
    ends = "; ".join(f"{e.name} {how(e.code)}: {e.said[:100]}" for e in run.stack.ended)
    seconds = time.monotonic() - began
    tell(f"{name}: {items} items equal, quiet after {back_seconds:.1f} s, {seconds:.0f} s in all. {ends}")


def tell(line: str) -> None:
    """To the person, at once."""
    print(line, flush=True)


def main() -> int:
    """Exit code 1 with what differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.server_scenarios", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a small catalogue and one scenario, at most 40 s")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--broker", choices=("kafka", "embedded"))
    parser.add_argument("--folder", type=Path, help="where the logs are left; else they go with the run")
    parser.add_argument("scenarios", nargs="*", help=", ".join(SCENARIOS))
    asked = parser.parse_args()
    kafka = asked.broker == "kafka" if asked.broker else "KAFKA_HOME" in os.environ and not asked.short
    names = asked.scenarios or (SHORT if asked.short else list(SCENARIOS))
    tell(f"seed {asked.seed}, on {'Apache Kafka' if kafka else 'the embedded broker'}")
    with tempfile.TemporaryDirectory(prefix="freshline-server-") as scratch:
        try:
            play(names, asked.folder or Path(scratch), seed=asked.seed, kafka=kafka, small=asked.short)
        except AssertionError as error:
            tell(f"failed with seed {asked.seed}: {error}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
