"""A log that outlives `up`: another's brokers, or Apache Kafka of its own."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from stream.kafka.log_identity import log_identity
from stream.kafka.topics import ensure_topics
from stream.up.broker import BROKER_STOP_SECONDS_MAX, accepting
from stream.up.process import keep

if TYPE_CHECKING:
    from collections.abc import Callable

    from stream.runtime.settings import Settings
    from stream.runtime.stack_report import StackReportFile
    from stream.up.brokers.interface import Broker
    from stream.up.data_dir import DataDir
    from stream.up.probe import Probe
    from stream.up.process import Child

    Say = Callable[[str], None]


class ExternalKafkaLog:
    """Brokers that `up` does not run."""

    keeps = True
    kind = "Kafka"

    def __init__(self, settings: Settings, directory: DataDir, report: StackReportFile) -> None:
        self.address = settings.kafka or ""
        self._settings = settings
        self._directory = directory
        self._report = report

    async def open(self) -> None:
        """Topics and identity."""
        await asyncio.to_thread(ensure_topics, self._settings)
        identity = await log_identity(self.address, epoch_floor=self._directory.epoch)
        self._directory.epoch = max(identity.epoch, self._directory.epoch)
        self._report.update(log_kind=self.kind)

    async def keep(self) -> None:
        """It is kept by others."""
        await asyncio.Event().wait()

    async def heard(self, status: dict[str, Any]) -> None:
        """Nothing is lost with it: no need to know."""

    async def to_renew(self) -> bool:
        """Never."""
        await asyncio.Event().wait()
        return False

    async def drain(self, probe: Probe, seconds_max: float) -> None:
        """Nothing is lost with `up`: no reason to wait."""

    async def end(self) -> None:
        """Never asked for."""

    async def close(self) -> bool:
        """Nothing to stop."""
        return True

    async def kill(self) -> None:
        """Nothing to stop."""


class OwnKafkaLog(ExternalKafkaLog):
    """Apache Kafka below `up`: it comes back with its log, and the workers wait for it."""

    def __init__(
        self, settings: Settings, directory: DataDir, report: StackReportFile, broker: Broker, child: Child, say: Say
    ) -> None:
        super().__init__(settings, directory, report)
        self._broker = broker
        self._child = child
        self._say = say
        self.kind = broker.name

    async def open(self) -> None:
        """Starts it first."""
        await self._child.start()
        await accepting(self._broker, self._child)
        await super().open()

    async def keep(self) -> None:
        """Starts it again whenever it ends."""
        tell = partial(self._report.set_failing, self._child.name)
        await keep(self._child, self._say, may_give_up=lambda: False, tell=tell)

    async def close(self) -> bool:
        """It writes out what it holds."""
        await self._child.stop(BROKER_STOP_SECONDS_MAX)
        return True

    async def kill(self) -> None:
        """At once."""
        await self._child.kill()
