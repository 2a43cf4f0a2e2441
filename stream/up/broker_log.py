"""The log that `up` runs its workers on: external brokers, its own Apache Kafka, or the embedded broker."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

from schemas.errors import Misconfigured
from stream.runtime.ports import AFTER_KILL_SECONDS_MAX, WAIT_SECONDS_MAX, check_free
from stream.up.brokers import create_broker
from stream.up.child_process import ChildProcess
from stream.up.embedded_log import EmbeddedLog
from stream.up.kafka_logs import ExternalKafkaLog, OwnKafkaLog

if TYPE_CHECKING:
    from stream.runtime.settings import Settings
    from stream.runtime.stack_report import StackReportFile
    from stream.up.bounds import UpBounds
    from stream.up.child_process import Say
    from stream.up.data_dir import DataDir
    from stream.up.probe import Probe
    from workers.clock import Clock


class BrokerLog(Protocol):
    """A Kafka log with its topics and its identity."""

    @property
    def address(self) -> str:
        """Bootstrap servers."""

    @property
    def is_durable(self) -> bool:
        """True if its records outlive `up`."""

    async def open(self) -> None:
        """Make the log ready for the workers. Raises Misconfigured, Unavailable."""

    async def run(self) -> None:
        """Do the work that the log needs while the workers run, until cancelled."""

    async def note_status(self, status: dict[str, Any]) -> None:
        """Note the answer that /status has just given."""

    async def wait_end(self) -> bool:
        """Wait until the log has ended (return False), or must be replaced as too large or too slow (return True)."""

    async def drain(self, probe: Probe, seconds_max: float) -> None:
        """Wait until all events that would end with the log are in the item state, for `seconds_max` at most."""

    async def hand_over(self) -> None:
        """End the log after `wait_end`, once the workers have stopped; keep its unacked events for the next `open`."""

    async def close(self) -> bool:
        """End the log in order, once the workers have stopped; return whether every event that it accepted is kept."""

    async def kill(self) -> None:
        """End the log at once."""


def create_broker_log(
    settings: Settings, directory: DataDir, report: StackReportFile, say: Say, bounds: UpBounds, clock: Clock
) -> BrokerLog:
    """Return the log that the settings name. Raises Misconfigured if it cannot run here."""
    if settings.kafka:
        return ExternalKafkaLog(settings, directory, report)
    if settings.kafka_security_protocol != "PLAINTEXT":
        raise Misconfigured(
            "FRESHLINE_KAFKA_SECURITY_PROTOCOL: the broker that `up` runs itself speaks PLAINTEXT alone: set "
            f"FRESHLINE_KAFKA to the brokers that speak {settings.kafka_security_protocol}, or unset this one"
        )
    if settings.kafka_port == settings.api_port:
        raise Misconfigured(
            f"port {settings.api_port} cannot be both the HTTP API's and the broker's: see --kafka-port"
        )
    broker = create_broker(settings, bounds)
    chosen_by = "--kafka-port or FRESHLINE_KAFKA_PORT"
    check_free("127.0.0.1", settings.kafka_port, broker.name, chosen_by, seconds_max=port_wait_s(report))
    child = ChildProcess("broker", broker.argv, os.environ, directory.output_dir / "broker.log")
    own = settings.model_copy(update={"kafka": broker.address})
    return (
        OwnKafkaLog(own, directory, report, broker, child, say, bounds.stays_up_s, clock)
        if broker.has_durable_log
        else EmbeddedLog(own, directory, report, broker, child, say, bounds, clock)
    )


def port_wait_s(report: StackReportFile) -> float:
    """Return how long to wait for a port: longer if an `up` was killed here, as its processes may still be ending."""
    return WAIT_SECONDS_MAX if report.left_behind is None else AFTER_KILL_SECONDS_MAX
