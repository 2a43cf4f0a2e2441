"""`make bench`: figures against their goals, as JSON on stdout and as a table on stderr."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stream.runtime.printing import print_json, say
from tests.benchmarks import (
    adapting,
    embedding,
    idling,
    machine,
    offering,
    quality,
    rebuilding,
    reconcile,
    scaling,
    stacks,
    starting,
    watching,
)
from tests.benchmarks.catalogue import SHARED, asked_queries, catalogue
from tests.benchmarks.figures import Figure, Goal, print_table
from tests.benchmarks.over_http import PARTS_OVER_HTTP
from tests.benchmarks.peers.contestants import HERE
from tests.benchmarks.prefilled import open_prefilled
from tests.benchmarks.running import data_dir
from tests.benchmarks.stacks import Part
from workers.embedder.sentence import SentenceEmbedder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from workers.embedder.interface import Embedder

RATIO_GOAL, COSINE_GOAL = Goal(2.5, at_least=True), Goal(0.999, at_least=True)

INDEX_PARTS = ("quality", *stacks.PARTS)
"""The parts that need the catalogue in an index; the first time, its vectors take some minutes."""
OWN_PARTS = {
    "idle": idling.measure,
    "offers": offering.measure,
    "rebuild": rebuilding.measure,
    "first-vector": starting.first_vector,
    "scale": scaling.measure,
    "adapters": adapting.measure,
    "watches": watching.measure,
}
"""The parts that start stacks of their own, or need none."""
PARTS = ("reconcile", "embedding", *OWN_PARTS, *PARTS_OVER_HTTP, *INDEX_PARTS)
"""All parts. `reconcile` is the first, because it needs a process that has not used much memory yet."""


def main() -> int:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="by default all of them; may be repeated")
    parser.add_argument(
        "--tree", type=Path, default=HERE, help=f"the checkout of which {', '.join(PARTS_OVER_HTTP)} are"
    )
    arguments = parser.parse_args()
    asked = arguments.only or PARTS
    logging.getLogger("kafka").setLevel(logging.ERROR)
    began, of_machine = time.monotonic(), machine.facts()
    parts = list(_measured(asked, arguments.tree))
    of_machine["seconds"] = round(time.monotonic() - began)
    print_table(_title(of_machine), [(part.name, part.figures) for part in parts])
    print_json({"machine": of_machine, "parts": {part.name: _as_json(part) for part in parts}}, indent=True)
    return 0


def _measured(asked: Collection[str], tree: Path) -> Iterator[Part]:
    if "reconcile" in asked:
        yield _reconcile()
    if "embedding" in asked:
        yield _embedding()
    for name in asked:
        if name in OWN_PARTS:
            say(f"bench: {name}")
            yield Part(name, *OWN_PARTS[name]())
        if name in PARTS_OVER_HTTP:
            say(f"bench: {name}, of {tree}")
            yield Part(name, *PARTS_OVER_HTTP[name](tree))
    if not set(asked) & set(INDEX_PARTS):
        return
    embedder = SentenceEmbedder(threads=os.cpu_count() or 1)
    if "quality" in asked:
        yield asyncio.run(_quality(embedder))
    if names := [name for name in stacks.PARTS if name in asked]:
        yield from stacks.measured(names, embedder)


def _reconcile() -> Part:
    """Measure `reconcile` on a broker and an index of its own, with vectors that no model made."""
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


async def _quality(embedder: Embedder) -> Part:
    """Measure the quality of search where the judged queries lie beside the repository."""
    if not asked_queries():
        return Part("quality", [], {"skipped": f"no judged queries in {SHARED}"})
    say("bench: quality")
    with data_dir() as settings:
        async with open_prefilled(settings, catalogue(), embedder) as index:
            found = await quality.quality(index, embedder)
    return Part("quality", [Figure(f"nDCG@10, {way}", value, "") for way, value in found.items()], {})


def _title(of_machine: dict[str, Any]) -> str:
    flags = " ".join(map(str, of_machine["flags"]))
    return f"{of_machine['processor']}, {of_machine['cores']} cores, {flags}; load before: {of_machine['load_before']}"


def _as_json(part: Part) -> dict[str, Any]:
    return {"figures": [figure.as_json() for figure in part.figures], **part.details}


if __name__ == "__main__":
    sys.exit(main())
