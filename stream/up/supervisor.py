"""The supervisor: starts the log and then the workers, keeps them running, and stops them in the reverse order."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from schemas.errors import FreshlineError, Misconfigured, Unavailable
from stream.runtime.held_start import HELD
from stream.runtime.ports import check_free, url_of
from stream.runtime.qdrant_server import qdrant_server
from stream.runtime.stack_report import StackReportFile
from stream.runtime.stacks import Stack, record_stack
from stream.up.bounds import UpBounds
from stream.up.broker_log import create_broker_log, port_wait_s
from stream.up.child_process import ChildProcess, FailureCount, keep_running, start_held
from stream.up.data_dir import DataDir
from stream.up.probe import Probe
from stream.up.signals import cancel_all, signals_handled, unless
from workers.clock import SystemClock
from workers.index.open import check_answers
from workers.retry import Backoff, until_available

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stream.runtime.settings import Settings
    from stream.up.broker_log import BrokerLog
    from workers.clock import Clock

WORKERS = {name: (sys.executable, "-P", "-m", f"stream.{name}", HELD) for name in ("items", "index")}
"""The command line of each worker, by name, in the order in which they start. They stop in the reverse order."""
STOP_SECONDS_MAX = 6.0
"""The longest that a worker may take to stop. With the drain, the journal and the broker, a stop takes 30 s at most."""
DRAIN_SECONDS_MAX = 5.0
RENEWAL_DRAIN_SECONDS_MAX = 10.0
OPEN_BACKOFF = Backoff(0.2, 2.0)
DEFAULT_BOUNDS = UpBounds()


def run(
    settings: Settings,
    as_json: bool,
    workers: Mapping[str, Sequence[str]] = WORKERS,
    bounds: UpBounds = DEFAULT_BOUNDS,
) -> int:
    """Run the stack as `stream.up.run_up` does, with these workers: their command lines, by name."""
    for noisy in ("aiokafka", "kafka", "httpx"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    directory, clock = DataDir(settings.data_dir), SystemClock()
    with directory.locked():
        report = StackReportFile(directory.path)
        wait_s = port_wait_s(report)
        check_free(
            settings.api_host, settings.api_port, "the HTTP API", "--api-port or FRESHLINE_API_PORT", seconds_max=wait_s
        )
        if settings.metrics_port in (settings.api_port, settings.kafka_port):
            raise Misconfigured(
                f"FRESHLINE_METRICS_PORT: {settings.metrics_port} is the API's or the broker's port too"
            )
        if (server := qdrant_server(settings)) is not None:
            asyncio.run(check_answers(server))
        broker_log = create_broker_log(settings, directory, report, say, bounds, clock)
        supervisor = Supervisor(settings, directory, broker_log, report, workers, bounds, clock, as_json=as_json)
        return asyncio.run(supervisor.run())


def say(text: str) -> None:
    """Print a line to stderr, for the person who runs `up`."""
    print(f"freshline: {text}", file=sys.stderr, flush=True)


class Supervisor:
    """One run of `up`."""

    def __init__(
        self,
        settings: Settings,
        directory: DataDir,
        broker_log: BrokerLog,
        report: StackReportFile,
        workers: Mapping[str, Sequence[str]],
        bounds: UpBounds,
        clock: Clock,
        *,
        as_json: bool,
    ) -> None:
        self._broker_log = broker_log
        self._report = report
        self._as_json = as_json
        self._probe = Probe(url_of(settings.api_host, settings.api_port))
        self._bounds = bounds
        self._clock = clock
        self._ready = asyncio.Event()
        """Set once the stack can serve, and never cleared."""
        env = worker_env(settings, directory, broker_log)
        self._workers = [
            ChildProcess(name, partial(list, argv), env, directory.output_dir / f"{name}.log")
            for name, argv in workers.items()
        ]
        self._directory = directory

    async def run(self) -> int:
        """Run until a signal comes; a second signal ends all processes at once.

        Raises Misconfigured or Unavailable if the stack cannot start.
        """
        stop, hurry = asyncio.Event(), asyncio.Event()
        with signals_handled(lambda: hurry.set() if stop.is_set() else stop.set()):
            try:
                await unless(stop, self._live())
                say("stopping; Ctrl-C again to stop at once")
                await unless(hurry, self._stop_in_order())
            except FreshlineError:  # A stack that cannot start was not killed: the next one has nothing to miss.
                await unless(hurry, self._close())
                raise
            finally:
                await asyncio.gather(*(worker.kill() for worker in self._workers))
                await self._broker_log.kill()
                await self._probe.close()
        return 0

    async def _live(self) -> None:
        """Run the workers on the log, and each time that it ends, on the log that replaces it, until cancelled."""
        await asyncio.gather(*map(start_held, self._workers))
        await self._broker_log.open()
        while True:
            planned = await self._until_log_ends()
            if planned:
                await self._stop_workers()
            else:
                await asyncio.gather(*(worker.kill() for worker in self._workers))
            await self._broker_log.hand_over()
            await until_available(
                self._open_again,
                None,
                OPEN_BACKOFF,
                before_wait=lambda error, wait_s: say(f"{error}; again in {wait_s:.1f} s"),
            )

    async def _open_again(self) -> None:
        try:
            await self._broker_log.open()
        except Unavailable:
            await self._broker_log.kill()
            raise

    async def _until_log_ends(self) -> bool:
        """Keep everything running until the log ends; return whether it must be replaced.

        If it must be replaced, the method waits until most events are acked; the others are handed over.
        """
        running = [
            keep_running(worker, say, self._failures(worker), self._clock, ready=self._ready)
            for worker in self._workers
        ]
        ended = asyncio.ensure_future(self._log_to_end())
        tasks: list[asyncio.Future[Any]] = [
            ended,
            *map(asyncio.ensure_future, [*running, self._broker_log.run(), self._serve()]),
        ]
        try:
            while not ended.done():
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                tasks = [task for task in tasks if task not in done]
                for task in done:
                    task.result()
        finally:
            await cancel_all([ended, *tasks])
        return ended.result()

    def _failures(self, worker: ChildProcess) -> FailureCount:
        return FailureCount(worker, self._report, self._bounds.stays_up_s)

    async def _log_to_end(self) -> bool:
        planned = await self._broker_log.wait_end()
        if planned:  # Events that are still not acked after the drain are handed over.
            await self._broker_log.drain(self._probe, RENEWAL_DRAIN_SECONDS_MAX)
        return planned

    async def _serve(self) -> None:
        """Announce the stack once it can serve, and watch its status."""
        if not self._ready.is_set():
            await self._probe.until_ready()
            self._announce()
        await self._probe.watch(say, self._broker_log.note_status)

    def _announce(self) -> None:
        self._ready.set()
        for sentence in record_stack(Stack(self._broker_log.address, self._probe.api, self._directory.path)):
            say(sentence)
        if self._as_json:
            ready = {"ready": True, "kafka": self._broker_log.address, "api": self._probe.api}
            sys.stdout.write(orjson.dumps(ready).decode() + "\n")
            sys.stdout.flush()
        say(f"ready. Search: {self._probe.api}  Events: {self._broker_log.address}  Logs: {self._directory.output_dir}")
        if not self._broker_log.is_durable:
            say(f"the broker keeps its log in memory; the state of all items is kept in {self._directory.path}")

    async def _stop_in_order(self) -> None:
        if self._ready.is_set():
            await self._broker_log.drain(self._probe, DRAIN_SECONDS_MAX)
        if await self._close():
            self._report.remove()

    async def _close(self) -> bool:
        await self._stop_workers()
        return await self._broker_log.close()

    async def _stop_workers(self) -> None:
        for worker in reversed(self._workers):
            await worker.stop(STOP_SECONDS_MAX)


def worker_env(settings: Settings, directory: DataDir, broker_log: BrokerLog) -> dict[str, str]:
    """Return the environment of a worker: the environment of `up`, the settings that were given as flags, and the log
    with the kind of its broker, which FRESHLINE_BROKER does not say of brokers that others run."""
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    plain = {name: str(value) for name, value in given.items() if isinstance(value, str | int | float | Path)}
    kind = "kafka" if broker_log.is_durable else "embedded"
    resolved = plain | {"kafka": broker_log.address, "broker": kind, "data_dir": str(directory.path)}
    return os.environ | {f"FRESHLINE_{name.upper()}": value for name, value in resolved.items()}
