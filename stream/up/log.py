"""The log that `up` runs its workers on: another's brokers, Apache Kafka of its own, or the embedded broker."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Protocol

from schemas.errors import Unavailable
from stream.brokers import create_broker
from stream.brokers.interface import wait_accepting
from stream.journal import Journal, JournalKeeper
from stream.log_identity import log_identity
from stream.topics import INPUTS, ensure_topics
from stream.tracker import Partition
from stream.up.carry import InputTail
from stream.up.children import Child, how, keep, resident_bytes
from stream.up.ports import check_free
from stream.up.probe import POLL_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from stream.brokers.interface import Broker
    from stream.settings import Settings
    from stream.up.directory import DataDir
    from stream.up.probe import Probe
    from stream.up.report import ReportFile

    Say = Callable[[str], None]

BROKER_STOP_SECONDS_MAX = 6.0
PULL_SECONDS_MAX = 3.0
WATCH_S = 2.0
KILLED = (
    "the last `freshline up` on this data directory was killed, and the embedded broker with it: "
    "changes sent shortly before may be missing, send them again"
)


class Log(Protocol):
    """A log with its topics and its identity."""

    @property
    def address(self) -> str:
        """Bootstrap servers."""

    @property
    def keeps(self) -> bool:
        """Whether what is in it outlives `up`."""

    async def open(self) -> None:
        """Ready for the workers. Raises Misconfigured, Unavailable."""

    async def keep(self) -> None:
        """Does what it needs while the workers run; until it is cancelled."""

    async def to_renew(self) -> bool:
        """Returns when the log has ended (False), or has grown too large (True). May be asked again."""

    async def drained(self, probe: Probe, seconds_max: float) -> bool:
        """Waits until all that was in it is searchable; False if that took too long."""

    async def end(self) -> None:
        """After `to_renew`, without workers: keeps what can be kept for the next `open`."""

    async def close(self) -> None:
        """In order, without workers."""

    async def kill(self) -> None:
        """At once."""


def create_log(settings: Settings, directory: DataDir, report: ReportFile, say: Say) -> Log:
    """As the settings name it. Raises Misconfigured if it cannot run here."""
    if settings.kafka:
        return OthersLog(settings, directory, report)
    broker = create_broker(settings)
    check_free("127.0.0.1", settings.kafka_port, broker.name, "--kafka-port")
    child = Child("broker", broker.argv, os.environ, directory.logs / "broker.log")
    own = settings.model_copy(update={"kafka": broker.address})
    return (
        KafkaLog(own, directory, report, broker, child, say)
        if broker.keeps_log
        else EmbeddedLog(own, directory, report, broker, child, say)
    )


class OthersLog:
    """Brokers that `up` does not run."""

    keeps = True
    kind = "Kafka"

    def __init__(self, settings: Settings, directory: DataDir, report: ReportFile) -> None:
        self.address = settings.kafka or ""
        self._settings = settings
        self._directory = directory
        self._report = report

    async def open(self) -> None:
        """Topics and identity."""
        await asyncio.to_thread(ensure_topics, self._settings)
        identity = await log_identity(self.address, epoch_floor=self._directory.epoch)
        self._directory.epoch = max(identity.epoch, self._directory.epoch)
        self._report.tell(log_kind=self.kind)

    async def keep(self) -> None:
        """It is kept by others."""
        await asyncio.Event().wait()

    async def to_renew(self) -> bool:
        """Never."""
        await asyncio.Event().wait()
        return False

    async def drained(self, probe: Probe, seconds_max: float) -> bool:
        """Nothing is lost with `up`: no reason to wait."""
        return True

    async def end(self) -> None:
        """Never asked for."""

    async def close(self) -> None:
        """Nothing to stop."""

    async def kill(self) -> None:
        """Nothing to stop."""


class KafkaLog(OthersLog):
    """Apache Kafka below `up`: it comes back with its log, and the workers wait for it."""

    def __init__(
        self, settings: Settings, directory: DataDir, report: ReportFile, broker: Broker, child: Child, say: Say
    ) -> None:
        super().__init__(settings, directory, report)
        self._broker = broker
        self._child = child
        self._say = say
        self.kind = broker.name

    async def open(self) -> None:
        """Starts it first."""
        await self._child.start()
        await _accepting(self._broker, self._child)
        await super().open()

    async def keep(self) -> None:
        """Starts it again whenever it ends."""
        tell = partial(self._report.tell_failing, self._child.name)
        await keep(self._child, self._say, may_give_up=lambda: False, tell=tell)

    async def close(self) -> None:
        """It writes out what it holds."""
        await self._child.stop(BROKER_STOP_SECONDS_MAX)

    async def kill(self) -> None:
        """At once."""
        await self._child.kill()


class EmbeddedLog:
    """A broker with its log in memory: the journal carries the item state from one life to the next."""

    keeps = False

    def __init__(
        self, settings: Settings, directory: DataDir, report: ReportFile, broker: Broker, child: Child, say: Say
    ) -> None:
        self.address = broker.address
        self._settings = settings
        self._directory = directory
        self._report = report
        self._broker = broker
        self._child = child
        self._say = say
        self._journal = Journal(directory.journal, settings.partitions)
        self._keeper: JournalKeeper | None = None
        self._tail = InputTail([Partition(topic, n) for topic in INPUTS for n in range(settings.partitions)])
        self._may_be_missing = KILLED if report.left_behind else None

    async def open(self) -> None:
        """An empty log of a higher epoch, then the journal's state in it, and events that the last one had not done."""
        await self._child.start()
        await _accepting(self._broker, self._child)
        await asyncio.to_thread(ensure_topics, self._settings)
        identity = await log_identity(self.address, epoch_floor=self._directory.epoch)
        self._directory.epoch = identity.epoch
        keeper = JournalKeeper(self.address, self._journal, self._settings.partitions)
        try:
            count = await keeper.start()
        except BaseException:
            await keeper.stop()
            raise
        self._keeper = keeper
        await self._tail.publish(self.address)
        self._tell_size()
        if count:
            self._say(f"{count} records of item state are back in {self._broker.name}")

    async def keep(self) -> None:
        """Follows the log into the journal."""
        assert self._keeper
        await self._keeper.follow()

    async def to_renew(self) -> bool:
        """Dead, or above its bound of memory."""
        ended = asyncio.ensure_future(self._child.ended())
        try:
            while not (await asyncio.wait([ended], timeout=WATCH_S))[0]:
                if self._tell_size() > (self._broker.memory_bytes_max or 0):
                    self._say(f"{self._broker.name} has grown too large: it starts anew once everything in it is done")
                    return True
            self._note_death(ended.result())
            return False
        finally:
            ended.cancel()

    def _note_death(self, code: int) -> None:
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        self._may_be_missing = (
            f"the embedded broker ended at {now} ({how(code)}): changes sent shortly before may be missing, "
            "send them again"
        )
        self._say(self._may_be_missing)

    def _tell_size(self) -> int:
        size = 0
        with contextlib.suppress(Unavailable):
            size = resident_bytes(self._child.pid or 0)
        self._report.tell(log_kind=self._broker.name, log_bytes=size, may_be_missing=self._may_be_missing)
        return size

    async def drained(self, probe: Probe, seconds_max: float) -> bool:
        """All events up to an end taken before the answer "nothing waits" are done."""
        deadline = time.monotonic() + seconds_max
        while self._child.pid and time.monotonic() < deadline:
            await self._tail.mark(self.address)
            if await probe.lag_events() == 0:
                return True
            await asyncio.sleep(POLL_S)
        return False

    async def end(self) -> None:
        """Takes along what is in it still, where it lives."""
        await self._pull()
        if self._child.pid:
            await self._tail.take(self.address)
        await self.kill()

    async def close(self) -> None:
        """The journal has everything, then the broker may go."""
        await self._pull()
        await self._child.stop(BROKER_STOP_SECONDS_MAX)
        self._journal.close()

    async def _pull(self) -> None:
        if not self._keeper:
            return
        if self._child.pid:
            with contextlib.suppress(Unavailable, TimeoutError):
                await asyncio.wait_for(self._keeper.pull(), PULL_SECONDS_MAX)
        await self._keeper.stop()
        self._keeper = None

    async def kill(self) -> None:
        """What was confirmed is in the journal, but for the last moment."""
        if self._keeper:
            await self._keeper.stop()
            self._keeper = None
        await self._child.kill()


async def _accepting(broker: Broker, child: Child) -> None:
    """Raises Unavailable with the broker's own last words if it ends."""
    try:
        await wait_accepting(broker.address, broker.start_seconds_max, alive=lambda: child.pid is not None)
    except Unavailable as error:
        raise Unavailable(f"{error}: {child.last_line() or 'it said nothing'} (its log: {child.log})") from error
