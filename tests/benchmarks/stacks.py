"""The parts that need a running stack: each gets one of its own, so that no part is slowed by the events of another."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from stream.runtime.printing import say
from tests.benchmarks import backlog, freshness, load, searching, syncing, throughput, viewing
from tests.benchmarks.catalogue import catalogue
from tests.benchmarks.figures import Figure, Goal, repeated
from tests.benchmarks.prefilled import open_prefilled
from tests.benchmarks.running import data_dir, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Executor

    from stream.runtime.settings import Settings
    from tests.benchmarks.running import Running
    from workers.embedder.interface import Embedder

MEMORY_GOAL = Goal(1_100.0)
"""Megabytes of 10^6, of all processes together."""

PARTS = {
    "freshness": freshness.measure,
    "search": searching.measure,
    "throughput": throughput.measure,
    "backlog": backlog.measure,
    "sync": syncing.measure,
    "viewers": viewing.measure,
}


class Part(NamedTuple):
    """The figures that one part measured."""

    name: str
    figures: list[Figure]
    details: dict[str, Any]


class _Stack(NamedTuple):
    """The figures that are measured of every stack."""

    items: int
    loaded_per_second: float
    rss_mb: float
    pss_mb: float
    rss_mb_by_process: dict[str, int]


def measured(names: Sequence[str], embedder: Embedder) -> Iterator[Part]:
    """Return the figures of these parts, of loading the catalogue in each stack, and of the largest stack's memory."""
    seen = {}
    for name in names:
        say(f"bench: {name}, on a stack with {catalogue().source}")
        with data_dir() as settings:
            asyncio.run(_fill(settings, embedder))
            with running(settings) as stack, load.sending() as sender:
                items, per_second = _load(stack, sender)
                yield Part(name, *PARTS[name](stack, sender))
                seen[name] = _Stack(items, per_second, *_memory(stack))
    yield _loads(seen)
    yield _memories(seen)


async def _fill(settings: Settings, embedder: Embedder) -> None:
    async with open_prefilled(settings, catalogue(), embedder):
        pass


def _load(stack: Running, sender: Executor) -> tuple[int, float]:
    """Send the catalogue until all of it is searchable; return its items and how many events a second that were.

    Offers come after their products: an item whose offer came first would be parked, and lose its vector.
    """
    began, events = time.monotonic(), 0
    for send in (load.send_products, load.send_offers):
        events += sender.submit(send, stack.kafka).result().events
        stack.until_quiet(vectors=False)
    per_second = events / (time.monotonic() - began)
    stack.until_quiet()
    return stack.status()["index"]["points"], per_second


def _memory(stack: Running) -> tuple[float, float, dict[str, int]]:
    by_process = {name: round(each.rss / 1e6) for name, each in stack.memory_by_process().items()}
    memory = stack.memory()
    return memory.rss / 1e6, memory.pss / 1e6, by_process


def _loads(seen: dict[str, _Stack]) -> Part:
    rates = [stack.loaded_per_second for stack in seen.values()]
    items = min(stack.items for stack in seen.values())
    figures = [Figure("items", items, ""), repeated("events of the catalogue", rates, "/s")]
    return Part("load", figures, {"items": catalogue().source})


def _memories(seen: dict[str, _Stack]) -> Part:
    name, largest = max(seen.items(), key=lambda each: each[1].rss_mb)
    figures = [Figure("RSS, summed", largest.rss_mb, "MB", MEMORY_GOAL), Figure("PSS", largest.pss_mb, "MB")]
    return Part("memory", figures, {"after": name, "rss_mb": {each: seen[each].rss_mb_by_process for each in seen}})
