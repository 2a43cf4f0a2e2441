"""`make bench-peers`: Freshline and its peers one after another, as JSON on stdout and a table on stderr."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import subprocess
import time
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from stream.runtime.printing import print_json, say
from stream.runtime.settings import Settings
from tests.benchmarks import machine
from tests.benchmarks.catalogue import ITEMS, first
from tests.benchmarks.peers.contestants import CONTESTANTS, Freshline
from tests.benchmarks.peers.measure import Sender, at_rate, flood, until_settled
from tests.benchmarks.peers.report import markdown
from tests.benchmarks.peers.staging import broker_kind, load_products, new_workload, queries, staged
from tests.benchmarks.peers.start_state import fill_freshline, fill_shard
from workers.embedder.model_files import locate
from workers.embedder.sentence import SentenceEmbedder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.catalogue import Catalogue
    from tests.benchmarks.peers.contestants import Contestant, Running
    from tests.benchmarks.peers.workload import Workload
    from workers.embedder.interface import Embedder

TEXTS_PER_SECOND = 25.0
SECONDS = 12.0
BEHIND_SECONDS_MAX = 5.0
"""The delay beyond which a contestant is not offered a higher rate."""
FLOOD_SECONDS = 30.0
"""The slow get as many events at once as they take in so many seconds by the rates before."""


class Size(NamedTuple):
    """The size of a run: the items, events and rates that are offered."""

    items: int
    rates_per_second: tuple[float, ...]
    events: int
    """The events that come at once, for those that take them in the time above."""
    texts: int


WHOLE = Size(ITEMS, (50.0, 500.0, 2_000.0), 10_000, 1_000)
SHORT = Size(ITEMS // 20, (50.0, 200.0), 1_000, 100)
"""The size for a busy machine, and for the peer that somebody has just changed."""
NO_KAFKA = (
    "bench-peers: KAFKA_HOME is not set, so all run on the embedded broker. Freshline takes a broker that it did not "
    "start for Apache Kafka, and lets fetches wait that this one does not wake: how fresh it is here says nothing"
)


def main() -> int:
    """Compare those that were asked for."""
    names = [contestant.name for contestant in CONTESTANTS]
    parser = argparse.ArgumentParser(prog="make bench-peers", description=__doc__)
    parser.add_argument("--python", required=True, help="the interpreter with the libraries of the peers")
    parser.add_argument("--only", action="append", help=f"by default all: {', '.join(names)}; a part of a name will do")
    parser.add_argument("--short", action="store_true", help=f"{SHORT.items:,} items, and lower rates")
    asked = parser.parse_args()
    size = SHORT if asked.short else WHOLE
    if broker_kind() == "embedded":
        say(NO_KAFKA)
    logging.getLogger("kafka").setLevel(logging.ERROR)
    embedder = SentenceEmbedder(threads=os.cpu_count() or 1)
    chosen = [each for each in CONTESTANTS if not asked.only or any(part in each.name for part in asked.only)]
    results = {each.name: _measured(each, size, embedder, asked.python) for each in chosen}
    found = {"machine": machine.facts(), "broker": broker_kind(), "items": size.items, "results": results}
    say(markdown(found))
    print_json(found, indent=True)
    return 0


def _measured(contestant: Contestant, size: Size, embedder: SentenceEmbedder, python: str) -> dict[str, Any]:
    """Return the figures of one contestant, up to where it broke off, and why it did."""
    say(f"bench-peers: {contestant.name}")
    found: dict[str, Any] = {"version": _version(contestant, python)}
    with TemporaryDirectory(prefix="freshline-peers-") as folder:
        os.environ["XDG_STATE_HOME"] = folder  # The last `up` that the commands know stays the user's own.
        try:
            with _running(contestant, first(size.items), embedder, Path(folder), python) as (running, workload):
                for name, value in _figures(running, workload, size):
                    say(f"bench-peers: {contestant.name}: {name}: {value}")
                    found[name] = value
        except Exception as error:  # Whatever breaks in one of them, the others are still to be measured.
            logging.getLogger(__name__).debug("%s broke", contestant.name, exc_info=True)
            found["failed"] = f"{type(error).__name__}: {error}"
            say(f"bench-peers: {contestant.name}: {found['failed']}")
    return found


@contextmanager
def _running(
    contestant: Contestant, items: Catalogue, embedder: SentenceEmbedder, folder: Path, python: str
) -> Iterator[tuple[Running, Workload]]:
    """Yield a contestant that has the catalogue, and changes of it."""
    dtype = embedder.precision.partition(",")[0]  # Peers do not pack the weights.
    with staged(contestant, folder, model=str(locate(None)[1]), dtype=dtype, python=python) as running:
        _fill(running, items, embedder)
        running.start()
        workload = new_workload(items)
        if isinstance(contestant, Freshline):  # Its item log does not have the products yet; the index of peers has.
            load_products(running, workload)
        yield running, workload


def _fill(running: Running, items: Catalogue, embedder: Embedder) -> None:
    place = running.place
    if isinstance(running.contestant, Freshline):
        asyncio.run(fill_freshline(Settings(kafka=place.kafka, data_dir=place.directory), items, embedder))
    else:
        fill_shard(place.directory / "shard", items, embedder)


def _figures(running: Running, workload: Workload, size: Size) -> Iterator[tuple[str, Any]]:
    """Return each figure by its name, as soon as it is measured."""
    asked = queries()
    _warm(running, workload)
    rates, sustained = [], float("inf")
    for per_second in size.rates_per_second:
        mix = workload.mix(round(per_second * SECONDS))
        rates.append(at_rate(running, workload, mix, workload.price, asked, per_second, SECONDS))
        yield "rates", [rate._asdict() for rate in rates]
        sustained = per_second * SECONDS / (SECONDS + rates[-1].behind_seconds)
        if rates[-1].behind_seconds > BEHIND_SECONDS_MAX:
            break
    most = round(sustained * FLOOD_SECONDS)
    texts = workload.text_mix(min(round(TEXTS_PER_SECOND * SECONDS), most))
    text_rate = at_rate(running, workload, texts, workload.text, asked, TEXTS_PER_SECOND, SECONDS)
    yield "texts_at_rate", text_rate._asdict()
    yield "mix_at_once", flood(running, workload, workload.mix(min(size.events, most)))._asdict()
    yield "prices_at_once", flood(running, workload, islice(workload.prices(), most))._asdict()
    yield "texts_at_once", flood(running, workload, workload.texts(min(size.texts, most)))._asdict()
    yield "after_disorder", flood(running, workload, workload.disturbed(min(size.events, most)))._asdict()
    yield "after_kill", _after_kill(running, workload, min(size.events, most))


def _warm(running: Running, workload: Workload) -> None:
    """Let the contestant embed a text and answer a search, since some load their model when they are first asked."""
    with running.asking() as ask:
        ask("/search?q=cake")
    flood(running, workload, [workload.text(workload.probed[0])])


def _after_kill(running: Running, workload: Workload, events: int) -> dict[str, Any]:
    """Kill the contestant while half of the events are on their way, send the others, and start it again."""
    sender, mix = Sender(running.place.kafka), list(workload.mix(events))
    sender.send_all(mix[: events // 2])
    running.kill()
    sender.send_all(mix[events // 2 :])
    sender.close()
    workload.touched |= dict.fromkeys(workload.expected)
    began_s = time.monotonic()
    running.start()
    settled = until_settled(running, workload)
    return {"wrong": settled.wrong, "seconds_until_whole": round(settled.at_s - began_s, 1)}


def _version(contestant: Contestant, python: str) -> str:
    """Return the version of the library of a contestant, or why it is not installed."""
    if contestant.package is None:
        return "this build"
    asked = f"import importlib.metadata as m; print(m.version({contestant.package!r}))"
    said = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=False)
    if version := said.stdout.strip():
        return f"{contestant.package} {version}"
    errors = Path(python).parents[1] / "errors.json"
    known = orjson.loads(errors.read_bytes()) if errors.exists() else {}
    why = next((error for wanted, error in known.items() if wanted.startswith(contestant.package)), "")
    return f"{contestant.package} is not installed {why}".strip()


if __name__ == "__main__":
    raise SystemExit(main())
