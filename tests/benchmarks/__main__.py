"""`make bench`: figures against their goals, as JSON on stdout and as a table on stderr."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from stream.commands.printing import print_json, say
from tests.benchmarks import backlog, embedding, freshness, load, machine, quality, reconcile, searching, throughput
from tests.benchmarks.catalogue import SHARED, asked_queries, catalogue
from tests.benchmarks.figures import Figure, Goal, print_table
from tests.benchmarks.prefilled import open_prefilled
from tests.benchmarks.running import data_dir, running
from workers.embedder.sentence import SentenceEmbedder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from concurrent.futures import Executor

    from stream.settings import Settings
    from tests.benchmarks.running import Memory, Running
    from workers.embedder.interface import Embedder
    from workers.index.interface import Index

MEMORY_GOAL = Goal(2_500.0)
"""Megabytes of 10^6, of all processes together."""
RATIO_GOAL, COSINE_GOAL = Goal(2.5, at_least=True), Goal(0.999, at_least=True)

STACK_PARTS = {
    "freshness": freshness.measure,
    "search": searching.measure,
    "throughput": throughput.measure,
    "backlog": backlog.measure,
}
"""In this order: only the last may leave many vectors owed."""
INDEX_PARTS = ("quality", *STACK_PARTS)
"""Those that need the catalogue in an index."""
PARTS = ("reconcile", "embedding", *INDEX_PARTS)
"""The first needs a process that has not used much memory yet."""


class Part(NamedTuple):
    """What one part found."""

    name: str
    figures: list[Figure]
    details: dict[str, Any]


def main() -> int:
    """Runs the parts that were asked for."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="by default all of them; may be repeated")
    asked = parser.parse_args().only or PARTS
    logging.getLogger("kafka").setLevel(logging.ERROR)
    began, of_machine = time.monotonic(), machine.facts()
    parts = list(_measured(asked))
    of_machine["seconds"] = round(time.monotonic() - began)
    print_table(_title(of_machine), [(part.name, part.figures) for part in parts])
    print_json({"machine": of_machine, "parts": {part.name: _as_json(part) for part in parts}}, indent=True)
    return 0


def _measured(asked: Collection[str]) -> Iterator[Part]:
    if "reconcile" in asked:
        yield _reconcile()
    if "embedding" in asked:
        yield _embedding()
    if not set(asked) & set(INDEX_PARTS):
        return
    with data_dir() as settings:
        yield from asyncio.run(_fill(settings, with_quality="quality" in asked))
        if names := [name for name in STACK_PARTS if name in asked]:
            with running(settings) as stack, load.sending() as sender:
                yield from _with_stack(names, stack, sender)


async def _fill(settings: Settings, *, with_quality: bool) -> list[Part]:
    """Vectors of the catalogue are made once, and kept for later runs."""
    say("bench: an index of the catalogue with its vectors (the first time some minutes)")
    embedder = SentenceEmbedder(threads=os.cpu_count() or 1)
    async with open_prefilled(settings, catalogue(), embedder) as index:
        return [await _quality(index, embedder)] if with_quality else []


def _with_stack(names: list[str], stack: Running, sender: Executor) -> Iterator[Part]:
    peak = []
    yield _load(stack, sender)
    for name in names:
        stack.until_quiet()
        say(f"bench: {name}")
        yield Part(name, *STACK_PARTS[name](stack, sender))
        peak.append(stack.memory())
    yield _memory(max(peak), stack)


def _load(stack: Running, sender: Executor) -> Part:
    """The catalogue, until all of it is found by its words.

    Offers after their products: where one came first the item would be parked, and lose the vector that it has.
    """
    say(f"bench: loads {catalogue().source}")
    began, events = time.monotonic(), 0
    for send in (load.send_products, load.send_offers):
        events += sender.submit(send, stack.kafka).result().events
        stack.until_quiet(vectors=False)
    seconds = time.monotonic() - began
    points = stack.status()["index"]["points"]
    figures = [Figure("items", points, ""), Figure("events of the catalogue", events / seconds, "/s")]
    return Part("load", figures, {"items": catalogue().source, "seconds": round(seconds, 1)})


def _memory(memory: Memory, stack: Running) -> Part:
    megabytes = [Figure("RSS, summed", memory.rss / 1e6, "MB", MEMORY_GOAL), Figure("PSS", memory.pss / 1e6, "MB")]
    by_process = {name: round(each.rss / 1e6) for name, each in stack.memory_by_process().items()}
    return Part("memory", megabytes, {"rss_mb_at_the_end": by_process})


def _reconcile() -> Part:
    """On a broker and an index of its own, with vectors that no model made."""
    say("bench: reconcile")
    found = reconcile.measure()
    figures = [
        Figure(f"{size['items']:,} items, {what}", size[name], unit)
        for size in found
        for what, name, unit in (
            ("in all", "seconds", "s"),
            ("memory above the start", "growth_mb", "MB"),
            ("the event loop waits, p99", "loop_wait_ms_p99", "ms"),
        )
    ]
    return Part("reconcile", figures, {"sizes": found})


def _embedding() -> Part:
    say("bench: embedding")
    found = embedding.measure()
    figures = [
        Figure("times plain float32 encode", found["ratio"], "", RATIO_GOAL, found["ratio_min"], found["ratio_max"]),
        Figure("mean cosine", found["mean_cosine"], "", COSINE_GOAL),
        Figure("new texts", found["texts_per_second"], "/s"),
        Figure("query, p50", found["query_p50_ms"], "ms"),
        Figure("query while documents embed, p95", found["query_under_backlog_p95_ms"], "ms"),
    ]
    return Part("embedding", figures, found)


async def _quality(index: Index, embedder: Embedder) -> Part:
    """Where the judged queries lie beside the repository."""
    if not asked_queries():
        return Part("quality", [], {"skipped": f"no judged queries in {SHARED}"})
    say("bench: quality")
    found = await quality.quality(index, embedder)
    return Part("quality", [Figure(f"nDCG@10, {leg}", value, "") for leg, value in found.items()], {})


def _title(of_machine: dict[str, object]) -> str:
    flags = " ".join(map(str, of_machine["flags"]))  # type: ignore[arg-type]
    return f"{of_machine['processor']}, {of_machine['cores']} cores, {flags}; load before: {of_machine['load_before']}"


def _as_json(part: Part) -> dict[str, Any]:
    return {"figures": [figure.as_json() for figure in part.figures], **part.details}


if __name__ == "__main__":
    sys.exit(main())
