"""The cost of `freshline sync` of a full feed of 200,000 lines: to a state that has none of them, and once more."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import psutil

from tests.benchmarks.catalogue import catalogue
from tests.benchmarks.figures import Figure

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from tests.benchmarks.running import Running

SELLERS = 10
LOOK_INTERVAL_S = 0.05


class Synced(NamedTuple):
    """The work of one command, and its cost in time and memory."""

    seconds: float
    rss_mb: float
    """The most memory that its process held, in 10^6 bytes."""
    sent: int


def measure(stack: Running, _sender: Executor) -> tuple[list[Figure], dict[str, Any]]:
    """Sync ten new offers an item, then the same feed again."""
    with tempfile.TemporaryDirectory(prefix="freshline-bench-") as folder:
        feed = Path(folder) / "prices.jsonl"
        lines = _write(feed)
        first = _sync(feed, stack.kafka)
        searchable_seconds = stack.until_quiet(vectors=False)
        again = _sync(feed, stack.kafka)
    if again.sent:
        raise AssertionError(f"a feed of the same content published {again.sent} events")
    figures = [
        Figure(f"{lines:,} new lines, until all are sent", first.seconds, "s"),
        Figure("until all are searchable, besides", searchable_seconds, "s"),
        Figure("memory of the command", first.rss_mb, "MB"),
        Figure("the same feed again, nothing to send", again.seconds, "s"),
        Figure("memory of the command then", again.rss_mb, "MB"),
    ]
    return figures, {"sent": first.sent}


def _write(feed: Path) -> int:
    """Write all present offers, and those of ten more sellers; return the number of lines."""
    items, lines = catalogue(), 0
    with feed.open("wb") as file:
        for _, _, offer in items.offers:
            file.write(orjson.dumps(offer, option=orjson.OPT_APPEND_NEWLINE))
            lines += 1
        for number, product_id in enumerate(items.products):
            currency = items.currencies.get(product_id, "USD")
            for seller in range(SELLERS):
                offer = {"product_id": product_id, "seller": f"seller {seller}", "price": number + seller / 10 + 1}
                file.write(orjson.dumps(offer | {"currency": currency}, option=orjson.OPT_APPEND_NEWLINE))
                lines += 1
    return lines


def _sync(feed: Path, kafka: str) -> Synced:
    argv = ("sync", "prices", str(feed), "--execute", "--json", "--kafka", kafka)
    began = time.monotonic()
    with subprocess.Popen([sys.executable, "-m", "stream.commands", *argv], stdout=subprocess.PIPE) as process:
        rss_mb, seen = 0.0, psutil.Process(process.pid)
        while process.poll() is None:
            with contextlib.suppress(psutil.Error):
                rss_mb = max(rss_mb, seen.memory_info().rss / 1e6)
            time.sleep(LOOK_INTERVAL_S)
        assert process.stdout is not None
        told = process.stdout.read()
    if process.returncode:
        raise AssertionError(f"sync ended with {process.returncode}: {told.decode()}")
    return Synced(time.monotonic() - began, rss_mb, orjson.loads(told)["sent"])
