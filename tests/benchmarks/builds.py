"""A build of Freshline, this one or that of another checkout, asked over HTTP alone: on a Qdrant server, for one.

The model costs nothing here, since the vectors of `fake` are made in no time. So the figures are those of the path of
events and of searches, and any release can be measured in turns with another one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import httpx
import numpy as np

from schemas.errors import FreshlineError
from schemas.tokens import Token
from stream.runtime.ports import free_port
from tests.benchmarks.catalogue import first
from tests.benchmarks.figures import Figure
from tests.benchmarks.peers.contestants import HERE, Freshline
from tests.benchmarks.peers.measure import Sender, at_rate, flood
from tests.benchmarks.peers.staging import load_products, new_workload, queries, staged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.peers.contestants import Running
    from tests.benchmarks.peers.measure import AtRate, Flood
    from tests.benchmarks.peers.workload import Workload

SERVER_URL = os.environ.get("FRESHLINE_TEST_QDRANT_URL")
"""The URL of a real Qdrant server; None for the front of qdrant-client's local mode."""
ITEMS = 500
"""Every item is read after each step, and each read of local mode goes through all of its points."""
PER_SECOND, SECONDS = 50.0, 12.0
SEARCHES_PER_SECOND = 1.0
"""More would be a measurement of local mode, which answers one request at a time."""
TOKENS = 40
FAKE = {"FRESHLINE_EMBEDDER": "fake", "FRESHLINE_CANARY_SECONDS": "0"}
LISTEN_SECONDS_MAX = 60.0
LOOK_INTERVAL_S = 0.1


def on_server(tree: Path = HERE) -> tuple[list[Figure], dict[str, Any]]:
    """Return the figures of a build on a Qdrant server."""
    with _qdrant() as url:
        env = {"FRESHLINE_QDRANT_URL": url, "FRESHLINE_COLLECTION": f"bench-{uuid.uuid4().hex}"}
        figures, details = _measured(tree, **env)
    return figures, details | {"server": SERVER_URL or "the tests' own front of qdrant-client's local mode"}


def on_edge(tree: Path = HERE) -> tuple[list[Figure], dict[str, Any]]:
    """Return the same figures of a build on Qdrant Edge."""
    return _measured(tree)


class _Seen(NamedTuple):
    rate: AtRate
    flood: Flood
    token_ms: list[float]


def _measured(tree: Path, **env: str) -> tuple[list[Figure], dict[str, Any]]:
    build = Freshline(str(tree), tree, **FAKE, **env)
    with TemporaryDirectory(prefix="freshline-bench-") as folder:
        os.environ["XDG_STATE_HOME"] = folder  # The last `up` that the commands know stays the user's own.
        with staged(build, Path(folder)) as running:
            running.start()
            workload = new_workload(first(ITEMS))
            load_products(running, workload)
            seen = _seen(running, workload)
    details = {"at_rate": seen.rate._asdict(), "flood": seen.flood._asdict()}
    return _figures(seen), details


def _seen(running: Running, workload: Workload) -> _Seen:
    mix = workload.mix(round(PER_SECOND * SECONDS))
    rate = at_rate(running, workload, mix, workload.price, queries(), PER_SECOND, SECONDS, SEARCHES_PER_SECOND)
    token_ms = _token_waits(running, workload)
    prices = flood(running, workload, workload.prices())
    if wrong := rate.wrong or prices.wrong:
        raise FreshlineError(f"the index is not the fold, so its figures say nothing: {wrong}")
    return _Seen(rate, prices, token_ms)


def _token_waits(running: Running, workload: Workload) -> list[float]:
    """Return the ms from before the sending of a price to the answer of a search `after` it."""
    sender, took = Sender(running.place.kafka), []
    with running.asking() as ask:
        for product_id in workload.probed[:TOKENS]:
            began = time.perf_counter()
            token = Token(*sender.send_now(workload.price(product_id)))
            status, _ = ask(f"/search?q=cake&wait_ms=30000&after={quote(str(token))}")
            took.append(1000 * (time.perf_counter() - began))
            if status != httpx.codes.OK:
                raise FreshlineError(f"a search after {token} is answered with {status}")
    sender.close()
    return took


def _figures(seen: _Seen) -> list[Figure]:
    return [
        Figure("price at 50 events/s, p50", seen.rate.fresh_p50_ms, "ms"),
        Figure("price at 50 events/s, p99", seen.rate.fresh_p99_ms, "ms"),
        Figure("search meanwhile, p50", seen.rate.search_p50_ms, "ms"),
        Figure("wait for a token, p50", float(np.percentile(seen.token_ms, 50)), "ms"),
        Figure("prices at once", seen.flood.per_second, "/s"),
        Figure("processor seconds per 1,000 prices at once", seen.flood.processor_seconds_per_1000, "s"),
        Figure("load", seen.flood.load, ""),
    ]


@contextmanager
def _qdrant() -> Iterator[str]:
    """Yield the URL of the server that is named, or of a front that lives as long as the block."""
    if SERVER_URL is not None:
        yield SERVER_URL
        return
    port = free_port()
    with subprocess.Popen([sys.executable, "-m", "tests.qdrant_front", "--port", str(port)]) as front:
        try:
            yield _listening(f"http://127.0.0.1:{port}")
        finally:
            front.kill()


def _listening(url: str) -> str:
    until_s = time.monotonic() + LISTEN_SECONDS_MAX
    while time.monotonic() < until_s:
        try:
            httpx.get(url)
        except httpx.TransportError:
            time.sleep(LOOK_INTERVAL_S)
        else:
            return url
    raise FreshlineError(f"nothing answers at {url}")
