"""Watches a stack while it suffers: versions, commits, queues and memory."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
from aiokafka.errors import KafkaError

from schemas.errors import Unavailable
from tests.faults.memory import Sample, anonymous_bytes
from tests.faults.view import LogView
from workers.indexing import PENDING_ITEMS_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.faults.server_stack import ServerStack
    from tests.faults.stack import Stack

COMMITS_INTERVAL_S = 1.0
SEARCHABLE_SAMPLE = 20
FAILURES_MAX = 20


class Watch:
    """Threads that look; what they find wrong is in `failures`."""

    def __init__(self, stack: Stack | ServerStack, seed: int) -> None:
        self._stack = stack
        self._rng = random.Random(seed)
        self._halt = threading.Event()
        self._http = httpx.Client(base_url=stack.http.base_url, timeout=5.0, trust_env=False)
        self._versions: dict[str, int] = {}
        self.product_ids: Sequence[str] = ()
        self.failures: list[str] = []
        self.looks: dict[str, int] = {}
        """How often each thread has seen something since `start`."""
        self.memory: list[Sample] = []
        self._threads: list[threading.Thread] = []

    def start(self, *, commits: bool = True) -> None:
        """Until `stop`. What was known before is forgotten: call it when log or index have begun anew.

        `commits`: not where the index has yet to be filled up to them.
        """
        self._halt.clear()
        self._versions = {}
        works: list[Callable[[], Any]] = [self._versions_rise, self._queues_keep_their_bounds]
        if commits:
            works.append(self._commits_hold)
        self.looks = {work.__name__: 0 for work in works}
        self._threads = [threading.Thread(target=work, daemon=True, name=work.__name__) for work in works]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Idempotent. What saw nothing at all proves nothing, and has failed."""
        self._halt.set()
        for thread in self._threads:
            thread.join(30)
            if not self.looks[thread.name]:
                self._fail(f"{thread.name.strip('_').replace('_', ' ')}: nothing was looked at")
        self._threads = []

    def close(self) -> None:
        """Whatever happened."""
        self.stop()
        self._http.close()

    def _fail(self, what: str) -> None:
        if len(self.failures) < FAILURES_MAX:
            self.failures.append(what)

    def _get(self, path: str) -> dict[str, Any] | None:
        """None while the API is away; {} where it has no such thing."""
        with contextlib.suppress(httpx.HTTPError, ValueError):
            answer = self._http.get(path)
            if answer.status_code == httpx.codes.NOT_FOUND:
                return {}
            if answer.status_code == httpx.codes.OK:
                found: dict[str, Any] = answer.json()
                return found
        return None

    def _version(self, product_id: str) -> int | None:
        """0: it has no point; None: nobody answers."""
        found = self._get(f"/items/{product_id}")
        return None if found is None else int(found.get("indexed", {}).get("version", 0))

    def _versions_rise(self) -> None:
        while not self._halt.wait(0.02):
            if not self.product_ids:
                continue
            product_id = self._rng.choice(self.product_ids)
            version, known = self._version(product_id), self._versions.get(product_id, 0)
            if version is None:
                continue
            self.looks["_versions_rise"] += 1
            if version < known:
                self._fail(f"{product_id}: its version went back from {known} to {version}")
            self._versions[product_id] = max(version, known)

    def _queues_keep_their_bounds(self) -> None:
        while not self._halt.wait(0.5):
            if status := self._get("/status"):
                self.looks["_queues_keep_their_bounds"] += 1
                pending = status["components"]["index"]["pending_items"]
                if pending > PENDING_ITEMS_MAX:
                    self._fail(f"{pending} items wait in the lanes, above the bound of {PENDING_ITEMS_MAX}")
            pids = {name: self._stack.pid_now(name) for name in ("items", "index")}
            sizes = {name: anonymous_bytes(pid) for name, pid in pids.items() if pid}
            self.memory.append(Sample(time.monotonic(), {name: size for name, size in sizes.items() if size}))

    def _commits_hold(self) -> None:
        try:
            asyncio.run(self._look_at_commits())
        except Exception as error:
            self._fail(f"the commits could not be watched: {error!r}")

    async def _look_at_commits(self) -> None:
        view: LogView | None = None
        due: dict[str, int] = {}
        while not self._halt.is_set():
            try:
                view = view or await _opened(self._stack)
                committed = await view.committed()
                await view.catch_up()
            except (KafkaError, Unavailable, OSError):  # The broker is away: what was not looked at yet stays.
                await asyncio.sleep(COMMITS_INTERVAL_S)
                continue
            self.looks["_commits_hold"] += 1
            for lost in view.lost(committed):
                self._fail(lost)
            due |= view.searchable(committed)
            self._are_searchable(due)
            await asyncio.sleep(COMMITS_INTERVAL_S)
        if view is not None:
            await view.stop()

    def _are_searchable(self, due: dict[str, int]) -> None:
        for product_id in self._rng.sample(sorted(due), k=min(SEARCHABLE_SAMPLE, len(due))):
            version = self._version(product_id)
            if version is None:
                continue
            least = due.pop(product_id)
            if version < least:
                self._fail(f"{product_id}: committed up to version {least}, the index has {version}")


async def _opened(stack: Stack | ServerStack) -> LogView:
    view = LogView(stack.kafka, stack.partitions)
    try:
        await view.start()
    except BaseException:
        await view.stop()
        raise
    return view
