"""The order of things: the log first, then the workers; on the way out the other way round."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from schemas.errors import Misconfigured, Unavailable
from stream.runtime.last_stack import LastStack, record_stack
from stream.runtime.ports import check_free
from stream.runtime.stack_report import StackReportFile
from stream.up.broker_log import create_broker_log
from stream.up.data_dir import DataDir
from stream.up.probe import Probe
from stream.up.process import Child, RestartBackoff, keep
from stream.up.watch import watch
from workers.index.open import check_answers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from stream.runtime.settings import Settings
    from stream.up.broker_log import BrokerLog

WORKERS = {name: (sys.executable, "-P", "-m", f"stream.{name}") for name in ("items", "index")}
"""In the order they are started; stopped the other way round."""
STOP_SECONDS_MAX = 6.0
"""Of each worker; with draining, the journal and the broker all is over in 30 s."""
DRAIN_SECONDS_MAX = 5.0
RENEWAL_DRAIN_SECONDS_MAX = 10.0


def run(settings: Settings, as_json: bool, workers: Mapping[str, Sequence[str]] = WORKERS) -> int:
    """See stream.up.run_up. `workers`: the command line of each, by name."""
    for noisy in ("aiokafka", "kafka", "httpx"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    directory = DataDir(settings.data_dir)
    with directory.held():
        check_free(settings.api_host, settings.api_port, "the HTTP API", "--api-port")
        if settings.metrics_port in (settings.api_port, settings.kafka_port):
            raise Misconfigured(
                f"FRESHLINE_METRICS_PORT: {settings.metrics_port} is the API's or the broker's port too"
            )
        if settings.qdrant_url:
            asyncio.run(check_answers(settings.qdrant_url, settings.qdrant_api_key))
        report = StackReportFile(directory.path)
        log = create_broker_log(settings, directory, report, say)
        supervisor = Supervisor(settings, directory, log, report, workers, as_json=as_json)
        return asyncio.run(supervisor.run())


def say(text: str) -> None:
    """A line to the person."""
    print(f"freshline: {text}", file=sys.stderr, flush=True)


class Supervisor:
    """One run of `up`."""

    def __init__(
        self,
        settings: Settings,
        directory: DataDir,
        log: BrokerLog,
        report: StackReportFile,
        workers: Mapping[str, Sequence[str]],
        *,
        as_json: bool,
    ) -> None:
        self._log = log
        self._report = report
        self._as_json = as_json
        self._probe = Probe(f"http://{settings.api_host}:{settings.api_port}")
        self._ready = False
        env = child_env(settings, directory, log.address)
        self._workers = [
            Child(name, lambda argv=argv: list(argv), env, directory.logs / f"{name}.log")  # type: ignore[misc]
            for name, argv in workers.items()
        ]
        self._directory = directory

    async def run(self) -> int:
        """Until a signal; the second one ends everything at once. Raises what a start raises."""
        stop, hurry = asyncio.Event(), asyncio.Event()
        with _signals(lambda: hurry.set() if stop.is_set() else stop.set()):
            try:
                await _unless(stop, self._live())
                say("stopping; Ctrl-C again to stop at once")
                await _unless(hurry, self._stop_in_order())
            finally:
                await asyncio.gather(*(worker.kill() for worker in self._workers))
                await self._log.kill()
                await self._probe.close()
        return 0

    async def _live(self) -> None:
        """One life of the log after another; returns never."""
        await self._log.open()
        while True:
            planned = await self._until_log_ends()
            if planned:
                await self._stop_workers()
            else:
                await asyncio.gather(*(worker.kill() for worker in self._workers))
            await self._log.end()
            await self._open_again()

    async def _open_again(self) -> None:
        backoff = RestartBackoff()
        while True:
            try:
                await self._log.open()
            except Unavailable as error:
                await self._log.kill()
                wait_s = backoff.wait_s()
                say(f"{error}; again in {wait_s:.1f} s")
                await asyncio.sleep(wait_s)
            else:
                return

    async def _until_log_ends(self) -> bool:
        """Keeps everything running meanwhile. Returns whether it is to end as planned, everything in it done."""
        tell = self._report.set_failing
        duties = [
            keep(worker, say, may_give_up=lambda: not self._ready, tell=partial(tell, worker.name))
            for worker in self._workers
        ]
        ended = asyncio.ensure_future(self._log_to_end())
        tasks: list[asyncio.Future[Any]] = [
            ended,
            *map(asyncio.ensure_future, [*duties, self._log.keep(), self._serve()]),
        ]
        try:
            while not ended.done():
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                tasks = [task for task in tasks if task not in done]
                for task in done:
                    task.result()
        finally:
            await _cancelled([ended, *tasks])
        return ended.result()

    async def _log_to_end(self) -> bool:
        planned = await self._log.to_renew()
        if planned:  # Else it goes on with what waits: it takes that along.
            await self._log.drain(self._probe, RENEWAL_DRAIN_SECONDS_MAX)
        return planned

    async def _serve(self) -> None:
        """Announces it once it can serve, and looks on."""
        if not self._ready:
            await self._probe.until_ready()
            self._announce()
        await watch(self._probe, say, self._log.heard)

    def _announce(self) -> None:
        self._ready = True
        record_stack(LastStack(self._log.address, self._probe.api))
        if self._as_json:
            ready = {"ready": True, "kafka": self._log.address, "api": self._probe.api}
            sys.stdout.write(orjson.dumps(ready).decode() + "\n")
            sys.stdout.flush()
        say(f"ready. Search: {self._probe.api}  Events: {self._log.address}  Logs: {self._directory.logs}")
        if not self._log.keeps:
            say(f"the broker keeps its log in memory; the state of all items is kept in {self._directory.path}")

    async def _stop_in_order(self) -> None:
        if self._ready:
            await self._log.drain(self._probe, DRAIN_SECONDS_MAX)
        await self._stop_workers()
        if await self._log.close():
            self._report.remove()

    async def _stop_workers(self) -> None:
        for worker in reversed(self._workers):
            await worker.stop(STOP_SECONDS_MAX)


def child_env(settings: Settings, directory: DataDir, kafka: str) -> dict[str, str]:
    """The environment of a child: this one's, and what was given as a flag."""
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    plain = {name: str(value) for name, value in given.items() if isinstance(value, str | int | float | Path)}
    resolved = plain | {"kafka": kafka, "data_dir": str(directory.path)}
    return os.environ | {f"FRESHLINE_{name.upper()}": value for name, value in resolved.items()}


@contextlib.contextmanager
def _signals(came: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, came)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def _unless(event: asyncio.Event, work: Awaitable[None]) -> None:
    """Does the work, or breaks it off once the event is set."""
    working, waiting = asyncio.ensure_future(work), asyncio.ensure_future(event.wait())
    await asyncio.wait([working, waiting], return_when=asyncio.FIRST_COMPLETED)
    if working.done():
        waiting.cancel()
        working.result()
    await _cancelled([working, waiting])


async def _cancelled(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
