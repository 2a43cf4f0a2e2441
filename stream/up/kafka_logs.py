"""A log that outlives `up`: either on external brokers, or on the Apache Kafka that `up` runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from stream.kafka.cluster import cluster_of
from stream.kafka.log_identity import log_identity
from stream.kafka.topic_admin import ensure_topics
from stream.up.child_process import FailureCount, keep_running, wait_broker_accepts

if TYPE_CHECKING:
    from stream.runtime.settings import Settings
    from stream.runtime.stack_report import StackReportFile
    from stream.up.brokers.interface import Broker
    from stream.up.child_process import ChildProcess, Say
    from stream.up.data_dir import DataDir
    from stream.up.probe import Probe
    from workers.clock import Clock


BROKER_STOP_SECONDS_MAX = 6.0


class ExternalKafkaLog:
    """A log on brokers that `up` does not run."""

    is_durable = True
    kind = "Kafka"

    def __init__(self, settings: Settings, directory: DataDir, report: StackReportFile) -> None:
        self.address = settings.kafka or ""
        self._settings = settings
        self._directory = directory
        self._report = report

    async def open(self) -> None:
        """Create or check the topics, and find the identity of the log."""
        await asyncio.to_thread(ensure_topics, self._settings)
        identity = await log_identity(cluster_of(self._settings), epoch_floor=self._directory.epoch)
        self._directory.raise_epoch(identity.epoch)
        self._report.update(log_kind=self.kind)

    async def run(self) -> None:
        """Do nothing until cancelled, because others run the brokers."""
        await asyncio.Event().wait()

    async def note_status(self, status: dict[str, Any]) -> None:
        """Ignore the status, because nothing is lost with this log."""

    async def wait_end(self) -> bool:
        """Wait until cancelled, because this log never ends."""
        await asyncio.Event().wait()
        return False

    async def drain(self, probe: Probe, seconds_max: float) -> None:
        """Return at once, because nothing is lost with `up`."""

    async def hand_over(self) -> None:
        """Do nothing, because this log never ends."""

    async def close(self) -> bool:
        """Return True, because there is nothing to stop and nothing is lost."""
        return True

    async def kill(self) -> None:
        """Do nothing, because there is nothing to stop."""


class OwnKafkaLog(ExternalKafkaLog):
    """A log on an Apache Kafka that `up` runs.

    The broker still has its log after a restart, and the workers wait until it has restarted.
    """

    def __init__(
        self,
        settings: Settings,
        directory: DataDir,
        report: StackReportFile,
        broker: Broker,
        child: ChildProcess,
        say: Say,
        stays_up_s: float,
        clock: Clock,
    ) -> None:
        super().__init__(settings, directory, report)
        self._broker = broker
        self._child = child
        self._say = say
        self._stays_up_s = stays_up_s
        self._clock = clock
        self.kind = broker.name

    @override
    async def open(self) -> None:
        await self._child.start()
        await wait_broker_accepts(self._broker, self._child)
        await super().open()

    @override
    async def run(self) -> None:
        failures = FailureCount(self._child, self._report, self._stays_up_s)
        await keep_running(self._child, self._say, failures, self._clock)

    @override
    async def close(self) -> bool:
        await self._child.stop(BROKER_STOP_SECONDS_MAX)  # The broker flushes its records to disk first.
        return True

    @override
    async def kill(self) -> None:
        await self._child.kill()
