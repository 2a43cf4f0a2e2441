"""Watches a stack while it suffers: versions, commits and memory."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
from aiokafka.errors import KafkaError

from schemas.errors import Unavailable
from tests.faults.memory import Sample, anonymous_bytes
from tests.faults.view import LogView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.faults.server_stack import ServerStack
    from tests.faults.stack import Stack

COMMITS_INTERVAL_S = 1.0
SEARCHABLE_SAMPLE = 20
FAILURES_MAX = 20
LATE_SECONDS_MAX = 5.0
LOOKS = ("versions", "commits", "memory")


class Watch:
    """Threads that check the stack while it suffers; `failures` has what they find wrong."""

    def __init__(self, stack: Stack | ServerStack, seed: int) -> None:
        self._stack = stack
        self._rng = random.Random(seed)
        self._halt = threading.Event()
        self._index_serves = threading.Event()
        self._counts_at_first = True
        self._dying_log: str | None = None
        self._http = httpx.Client(base_url=stack.http.base_url, timeout=5.0, trust_env=False)
        self._versions: dict[str, int] = {}
        self.product_ids: Sequence[str] = ()
        self.failures: list[str] = []
        self.looks = dict.fromkeys(LOOKS, 0)
        self.memory: list[Sample] = []
        self._threads: list[threading.Thread] = []

    def start(self, *, dying_log: str | None = None, index_is_new: bool = False) -> None:
        """Watch until `stop`; nothing is known of the time before.

        `dying_log` is the id of a log that is about to be lost. Commits are checked in the log after it; versions are
        checked all the while, as those of a later log are greater. `index_is_new` says that the index has just begun
        empty, below commits of the index before, see `index_serves`.
        """
        self._halt.clear()
        self._versions = {}
        self._dying_log = dying_log
        self._index_serves.clear()
        # Not asked of the event by the thread: it may begin after `index_serves`, and count what was before.
        self._counts_at_first = not index_is_new
        if not index_is_new:
            self._index_serves.set()
        works: tuple[Callable[[], Any], ...] = (self._versions_rise, self._commits_hold, self._memory_is_measured)
        self._threads = [threading.Thread(target=work, daemon=True, name=work.__name__) for work in works]
        for thread in self._threads:
            thread.start()

    @property
    def runs(self) -> bool:
        """True if the watch has been started and not stopped."""
        return bool(self._threads)

    def index_serves(self) -> None:
        """Note that an index that began empty has caught up: from now on each commit is checked against it."""
        self._index_serves.set()

    def blind(self) -> list[str]:
        """Return a sentence for each kind of check that found nothing to see since `looks` was emptied."""
        return [f"the watch never saw any {kind}" for kind in LOOKS if not self.looks[kind]]

    def stop(self) -> None:
        """Stop watching. Idempotent."""
        self._halt.set()
        for thread in self._threads:
            thread.join(30)
        self._threads = []

    def close(self) -> None:
        """Close the connections, whatever happened before."""
        self.stop()
        self._http.close()

    def _fail(self, what: str) -> None:
        if len(self.failures) < FAILURES_MAX:
            self.failures.append(what)

    def _get(self, path: str) -> dict[str, Any] | None:
        """Return the answer; None while the API is away, {} where it has no such thing."""
        with contextlib.suppress(httpx.HTTPError, ValueError):
            answer = self._http.get(path)
            if answer.status_code == httpx.codes.NOT_FOUND:
                return {}
            if answer.status_code == httpx.codes.OK:
                found: dict[str, Any] = answer.json()
                return found
        return None

    def _version(self, product_id: str) -> int | None:
        """Return the version of the point; 0 if there is no point, None if nothing answers."""
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
            self.looks["versions"] += 1
            if version < known:
                self._fail(f"{product_id}: its version went back from {known} to {version}")
            self._versions[product_id] = max(version, known)

    def _memory_is_measured(self) -> None:
        while not self._halt.wait(0.5):
            pids = {name: self._stack.pid_now(name) for name in ("items", "index")}
            sizes = {name: size for name, pid in pids.items() if pid and (size := anonymous_bytes(pid))}
            self.looks["memory"] += len(sizes) > 0
            self.memory.append(Sample(time.monotonic(), sizes))

    def _commits_hold(self) -> None:
        try:
            asyncio.run(self._look_at_commits())
        except Exception as error:
            self._fail(f"the commits could not be watched: {error!r}")

    async def _look_at_commits(self) -> None:
        view: LogView | None = None
        due: dict[str, int] = {}
        counts = self._counts_at_first
        while not self._halt.is_set():
            try:
                if view is None and not self._log_is_there():
                    await asyncio.sleep(COMMITS_INTERVAL_S)
                    continue
                view = view or await _opened(self._stack)
                serves = self._index_serves.is_set()
                committed = await view.committed()
                await view.catch_up()
            except (KafkaError, Unavailable, OSError):  # The broker is away: what was not looked at yet stays.
                await asyncio.sleep(COMMITS_INTERVAL_S)
                continue
            self.looks["commits"] += 1
            for lost in view.lost(committed):
                self._fail(lost)
            least = view.searchable(committed)
            if counts:
                due |= least
            counts = serves
            self._are_searchable(due)
            await asyncio.sleep(COMMITS_INTERVAL_S)
        if view is not None:
            await view.stop()

    def _log_is_there(self) -> bool:
        """Return whether the API reports a log other than the one that was about to die. Workers use it then."""
        if self._dying_log is None:
            return True
        status = self._get("/status")
        return status is not None and status.get("log", {}).get("id", self._dying_log) != self._dying_log

    def _are_searchable(self, due: dict[str, int]) -> None:
        for product_id in self._rng.sample(sorted(due), k=min(SEARCHABLE_SAMPLE, len(due))):
            version = self._version(product_id)
            if version is None:
                continue
            least = due.pop(product_id)
            if version < least:
                at = datetime.now(UTC).isoformat(timespec="milliseconds")
                later = self._reached_later(product_id, least)
                self._fail(f"{product_id}: committed up to version {least}, the index has {version} at {at}, {later}")

    def _reached_later(self, product_id: str, least: int) -> str:
        """Return in words whether the version was reached late or never, which tells a person what to look for."""
        began = time.monotonic()
        while (version := self._version(product_id) or 0) < least:
            if time.monotonic() > began + LATE_SECONDS_MAX:
                return f"and {LATE_SECONDS_MAX:.0f} s later {version}"
            time.sleep(0.005)
        return f"and that version {time.monotonic() - began:.3f} s later"


async def _opened(stack: Stack | ServerStack) -> LogView:
    view = LogView(stack.kafka, stack.partitions)
    try:
        await view.start()
    except BaseException:
        await view.stop()
        raise
    return view
