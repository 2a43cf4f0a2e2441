"""The cost of viewers of the dashboard beside 500 events a second, and the time until its page is painted."""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tests.benchmarks import load, searching
from tests.benchmarks.catalogue import catalogue
from tests.benchmarks.figures import Figure, Goal, repeated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Executor

    from tests.benchmarks.running import Running
    from tests.benchmarks.searching import Question

PER_SECOND = 500.0
VIEWERS = {"off": 0, "one viewer": 1, "ten viewers": 10}
"""The turns, and how many watch in each of them."""
SECONDS, ROUNDS = 10.0, 3
"""A round is a turn of each kind and then the same turns backwards, a minute of each kind in all. Whatever grows
steadily, such as memory and the log, grows as much for each kind of the round."""
TURNS = 2 * len(VIEWERS) * ROUNDS
SEARCHES = round((searching.WARM_SECONDS + TURNS * SECONDS) * searching.SEARCHES_PER_SECOND)
READ_BYTES = 65_536
PAINTS = 7
FIRST_PAINT = "performance.getEntriesByName('first-paint')[0]?.startTime ?? null"
P95_RATIO_GOAL, CORE_PERCENT_GOAL, BYTES_GOAL = Goal(1.1), Goal(1.0), Goal(20_000.0)
EVENTS_PERCENT_GOAL, MEMORY_MB_GOAL, PAINT_MS_GOAL = Goal(3.0), Goal(30.0), Goal(200.0)


class Turn(NamedTuple):
    """The measurements of one turn."""

    p95_ms: float
    processor_seconds: float
    """The processor time of all processes of the stack."""
    seconds: float
    rss_mb: float
    """The memory of the index worker at the end of the turn."""
    uss_mb: float
    """The part of it that is the process's own."""
    bytes_read: float
    """The bytes that all viewers together have read."""


def measure(stack: Running, sender: Executor) -> tuple[list[Figure], dict[str, Any]]:
    """Return figures of turns of ten seconds, in which nobody, one and ten watch, forwards and backwards."""
    questions = searching.questions(catalogue(), SEARCHES)
    seconds = searching.WARM_SECONDS + TURNS * (SECONDS + 1)
    offered = sender.submit(load.offer, stack.kafka, PER_SECOND, seconds)
    turns: dict[str, list[Turn]] = {name: [] for name in VIEWERS}
    with closing(HTTPConnection(stack.api.removeprefix("http://"))) as connection:
        searching.search(connection, questions, searching.WARM_SECONDS)
        for _ in range(ROUNDS):
            for name in (*VIEWERS, *reversed(VIEWERS)):
                turns[name].append(_turn(stack, connection, questions, VIEWERS[name]))
    sent = offered.result()
    stack.until_quiet(vectors=False)
    details = {name: [turn._asdict() for turn in each] for name, each in turns.items()}
    rounds = {name: by_round(each) for name, each in turns.items()}
    figures = [*_figures(rounds), Figure("events meanwhile", sent.events / sent.seconds, "/s"), *_paint(stack.api)]
    return figures, {"turns": details, "load_after": os.getloadavg()}


def _turn(stack: Running, connection: HTTPConnection, questions: Iterator[Question], viewers: int) -> Turn:
    with watching(stack.api, viewers) as read:
        used, began, bytes_before = sum(stack.processor_seconds().values()), time.monotonic(), sum(read)
        took = searching.search(connection, questions, SECONDS)
        seconds = time.monotonic() - began
        memory = stack.memory_by_process()["stream.index"]
        used = sum(stack.processor_seconds().values()) - used
        p95, read_bytes = float(np.percentile(took, 95)), sum(read) - bytes_before
        return Turn(p95, used, seconds, memory.rss / 1e6, memory.uss / 1e6, read_bytes)


def by_round(turns: Sequence[Turn]) -> list[Turn]:
    """Return the means of the two turns of each round."""
    return [
        Turn(*(statistics.mean(pair) for pair in zip(*both, strict=True)))
        for both in zip(turns[::2], turns[1::2], strict=True)
    ]


@contextmanager
def watching(api: str, viewers: int) -> Iterator[list[int]]:
    """Let so many watch GET /events within the block; yield how many bytes each of them has read so far."""
    read = [0] * viewers
    with ExitStack() as closing_all:
        threads = []
        for number in range(viewers):
            connection = closing_all.enter_context(closing(HTTPConnection(api.removeprefix("http://"))))
            connection.request("GET", "/events")
            thread = threading.Thread(target=_read, args=(connection, read, number), daemon=True)
            closing_all.callback(_hang_up, connection, thread)
            threads.append(thread)
            thread.start()
        yield read


def _read(connection: HTTPConnection, read: list[int], number: int) -> None:
    with contextlib.suppress(OSError, HTTPException, ValueError, AttributeError):  # The viewer hangs up.
        answer = connection.getresponse()
        while part := answer.read1(READ_BYTES):
            read[number] += len(part)


def _hang_up(connection: HTTPConnection, thread: threading.Thread) -> None:
    if connection.sock is not None:
        connection.sock.shutdown(2)
    thread.join()


def _figures(turns: dict[str, list[Turn]]) -> list[Figure]:
    off, one, ten = (turns[name] for name in VIEWERS)
    p95 = {name: [turn.p95_ms for turn in each] for name, each in turns.items()}
    ratios = [with_.p95_ms / without.p95_ms for with_, without in zip(ten, off, strict=True)]
    cores = [100 * (_cores(with_) - _cores(without)) / 10 for with_, without in zip(ten, off, strict=True)]
    added = [100 * (_cores(with_) / _cores(without) - 1) for with_, without in zip(one, off, strict=True)]
    grown = [with_.rss_mb - without.rss_mb for with_, without in zip(ten, off, strict=True)]
    own = [with_.uss_mb - without.uss_mb for with_, without in zip(ten, off, strict=True)]
    streams = [turn.bytes_read / turn.seconds / 10 for turn in ten]
    return [
        *(repeated(f"search p95, {name}", values, "ms") for name, values in p95.items()),
        repeated("search p95, ten viewers against none", ratios, "", P95_RATIO_GOAL),
        repeated("processor of a viewer", cores, "% of a core", CORE_PERCENT_GOAL),
        repeated("processor seconds per 1,000 events, one viewer against none", added, "% more", EVENTS_PERCENT_GOAL),
        repeated("stream of a viewer", streams, "B/s", BYTES_GOAL),
        repeated("memory of the index worker, ten viewers against none", grown, "MB more", MEMORY_MB_GOAL),
        repeated("its own memory (USS), ten viewers against none", own, "MB more"),
    ]


def _cores(turn: Turn) -> float:
    return turn.processor_seconds / turn.seconds


def _paint(api: str) -> list[Figure]:
    """Return the milliseconds until Chromium paints the dashboard first; nothing where there is no Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        return []
    from playwright.sync_api import sync_playwright

    took: list[float] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        for _ in range(PAINTS):
            page = browser.new_page()
            page.goto(api, wait_until="load")
            page.wait_for_function(f"{FIRST_PAINT} !== null")
            took.append(float(page.evaluate(FIRST_PAINT)))
            page.close()
        browser.close()
    return [Figure("first paint of the dashboard", statistics.median(took), "ms", PAINT_MS_GOAL, min(took), max(took))]
