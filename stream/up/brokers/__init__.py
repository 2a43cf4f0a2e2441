"""The brokers that `up` can run: which one, its command line, and when it accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stream.up.brokers.apache import ApacheKafka
from stream.up.brokers.embedded import EmbeddedBroker

if TYPE_CHECKING:
    from stream.runtime.settings import Settings
    from stream.up.brokers.interface import Broker


def create_broker(settings: Settings) -> Broker:
    """The broker that the settings name.

    Raises Misconfigured if it cannot run on this machine.
    """
    if settings.broker == "kafka":
        return ApacheKafka.of_environment(settings.data_dir / "kafka", settings.kafka_port)
    return EmbeddedBroker(settings.kafka_port)
