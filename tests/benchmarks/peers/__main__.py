"""`make bench-peers`: Freshline and its peers one after another, as JSON on stdout and a table on stderr."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from schemas.errors import FreshlineError
from stream.kafka.topics import ensure_topics
from stream.runtime.printing import print_json, say
from stream.runtime.settings import Settings
from tests.benchmarks import machine
from tests.benchmarks.catalogue import asked_queries, catalogue
from tests.benchmarks.peers.contestants import CONTESTANTS, Freshline, Running, new_place
from tests.benchmarks.peers.measure import Sender, at_rate, flood, until_right
from tests.benchmarks.peers.report import print_report
from tests.benchmarks.peers.start_state import fill_freshline, fill_shard
from tests.benchmarks.peers.workload import Workload
from tests.support.running_broker import new_broker
from workers.embedder.model_files import locate
from workers.embedder.sentence import SentenceEmbedder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.peers.contestants import Contestant
    from workers.embedder.interface import Embedder

RATES_PER_SECOND = (50.0, 500.0, 2_000.0)
SECONDS = 12.0
TEXTS, DISTURBED = 1_000, 10_000
SEED = 5
PLAIN_QUERIES = ("wireless mouse", "toner cartridge", "cake", "laptop 15 inch")
"""They are asked where the queries of the shared data are not at hand."""


def main() -> int:
    """Compare those that were asked for."""
    names = [contestant.name for contestant in CONTESTANTS]
    parser = argparse.ArgumentParser(prog="make bench-peers", description=__doc__)
    parser.add_argument("--python", required=True, help="the interpreter with the libraries of the peers")
    parser.add_argument("--only", action="append", help=f"by default all: {', '.join(names)}; a part of a name will do")
    asked = parser.parse_args()
    logging.getLogger("kafka").setLevel(logging.ERROR)
    embedder = SentenceEmbedder(threads=os.cpu_count() or 1)
    chosen = [each for each in CONTESTANTS if not asked.only or any(part in each.name for part in asked.only)]
    results = {each.name: _measured(each, embedder, asked.python) for each in chosen}
    found = {"machine": machine.facts(), "results": results}
    print_report(found)
    print_json(found, indent=True)
    return 0


def _measured(contestant: Contestant, embedder: SentenceEmbedder, python: str) -> dict[str, Any]:
    """Return all figures of one contestant, or why there are none."""
    say(f"bench-peers: {contestant.name}")
    with TemporaryDirectory(prefix="freshline-peers-") as folder:
        os.environ["XDG_STATE_HOME"] = folder  # The last `up` that the commands know stays the user's own.
        try:
            with _running(contestant, embedder, Path(folder), python) as running:
                return {"version": _version(contestant, python), **_figures(running)}
        except FreshlineError as error:
            return {"version": _version(contestant, python), "failed": str(error)}


@contextmanager
def _running(contestant: Contestant, embedder: SentenceEmbedder, folder: Path, python: str) -> Iterator[Running]:
    """Yield a contestant that has the catalogue, on a broker of its own."""
    broker = new_broker("kafka" if os.environ.get("KAFKA_HOME") else "embedded", folder).start()
    try:
        ensure_topics(broker.settings(data_dir=folder))
        dtype = embedder.precision.partition(",")[0]  # Peers do not pack the weights.
        place = new_place(broker.address, folder, str(locate(None)[1]), dtype, python)
        running = Running(contestant, place)
        _fill(running, embedder)
        running.start()
        try:
            _load(running)
            yield running
        finally:
            running.kill()
    finally:
        broker.kill()


def _fill(running: Running, embedder: Embedder) -> None:
    place = running.place
    if isinstance(running.contestant, Freshline):
        asyncio.run(fill_freshline(Settings(kafka=place.kafka, data_dir=place.directory), embedder))
    else:
        fill_shard(place.directory / "shard", embedder)


def _load(running: Running) -> None:
    """Send Freshline the products, since its item log does not have them yet; peers have them in their index."""
    if isinstance(running.contestant, Freshline):
        workload = _workload()
        sender = Sender(running.place.kafka)
        sender.send_all(workload.products())
        sender.close()
        if wrong := until_right(running, workload.expected):
            raise FreshlineError(f"{len(wrong)} products of the catalogue are not there")


def _figures(running: Running) -> dict[str, Any]:
    workload, queries = _workload(), list(asked_queries().values()) or PLAIN_QUERIES
    rates = []
    for per_second in RATES_PER_SECOND:
        rates.append(at_rate(running, workload, queries, per_second, SECONDS)._asdict())
        if until_right(running, workload.expected):
            break
    prices = flood(running, workload, workload.prices())
    texts = flood(running, workload, workload.texts(TEXTS))
    figures = {
        "rates": rates,
        "prices_at_once": prices._asdict(),
        "texts_at_once": texts._asdict(),
        "wrong": len(until_right(running, workload.expected)),
    }
    return figures | _disturbed(running, workload)


def _disturbed(running: Running, workload: Workload) -> dict[str, Any]:
    """Send disturbed events, kill the contestant in the middle, and start it again."""
    sender = Sender(running.place.kafka)
    sender.send_all(workload.disturbed(DISTURBED))
    wrong = len(until_right(running, workload.expected))
    sender.send_all(workload.mix(DISTURBED))
    sender.close()
    running.kill()
    began_s = time.monotonic()
    running.start()
    lost = len(until_right(running, workload.expected))
    return {
        "wrong_after_disorder": wrong,
        "wrong_after_kill": lost,
        "seconds_until_whole": round(time.monotonic() - began_s, 1),
    }


def _workload() -> Workload:
    return Workload(catalogue(), SEED, began_at_ms=time.time_ns() // 1_000_000 - 3_600_000)


def _version(contestant: Contestant, python: str) -> str:
    if contestant.package is None:
        return "this build"
    asked = f"import importlib.metadata as m; print(m.version({contestant.package!r}))"
    said = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=False)
    return f"{contestant.package} {said.stdout.strip() or 'is not installed'}"


if __name__ == "__main__":
    raise SystemExit(main())
