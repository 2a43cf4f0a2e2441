"""The log that `up` runs its workers on: another's brokers, Apache Kafka of its own, or the embedded broker."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

from schemas.errors import Misconfigured
from stream.runtime.ports import check_free
from stream.up.brokers import create_broker
from stream.up.durable_log import ExternalKafkaLog, OwnKafkaLog
from stream.up.embedded_log import EmbeddedLog
from stream.up.process import Child

if TYPE_CHECKING:
    from collections.abc import Callable

    from stream.runtime.settings import Settings
    from stream.runtime.stack_report import StackReportFile
    from stream.up.data_dir import DataDir
    from stream.up.probe import Probe

    Say = Callable[[str], None]


class BrokerLog(Protocol):
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

    async def heard(self, status: dict[str, Any]) -> None:
        """What /status answered just now."""

    async def to_renew(self) -> bool:
        """Returns when the log has ended (False), or has to begin anew (True): too large, too slow."""

    async def drain(self, probe: Probe, seconds_max: float) -> None:
        """Waits until all events that would end with it are in the item state, or so long."""

    async def end(self) -> None:
        """After `to_renew`, without workers: keeps what can be kept for the next `open`."""

    async def close(self) -> bool:
        """In order, without workers; whether all that it took is kept."""

    async def kill(self) -> None:
        """At once."""


def create_broker_log(settings: Settings, directory: DataDir, report: StackReportFile, say: Say) -> BrokerLog:
    """As the settings name it. Raises Misconfigured if it cannot run here."""
    if settings.kafka:
        return ExternalKafkaLog(settings, directory, report)
    if settings.kafka_port == settings.api_port:
        raise Misconfigured(
            f"port {settings.api_port} cannot be both the HTTP API's and the broker's: see --kafka-port"
        )
    broker = create_broker(settings)
    check_free("127.0.0.1", settings.kafka_port, broker.name, "--kafka-port")
    child = Child("broker", broker.argv, os.environ, directory.logs / "broker.log")
    own = settings.model_copy(update={"kafka": broker.address})
    return (
        OwnKafkaLog(own, directory, report, broker, child, say)
        if broker.keeps_log
        else EmbeddedLog(own, directory, report, broker, child, say)
    )
