"""The brokers that `up` can run: which one, its command line, and when it accepts connections.

Clients are in `stream.kafka`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stream.up.brokers.apache import ApacheKafka
from stream.up.brokers.embedded import EmbeddedBroker

if TYPE_CHECKING:
    from stream.runtime.settings import Settings
    from stream.up.bounds import UpBounds
    from stream.up.brokers.interface import Broker


def create_broker(settings: Settings, bounds: UpBounds) -> Broker:
    """Return the broker that the settings name.

    Raises Misconfigured if it cannot run on this machine.
    """
    if settings.broker == "kafka":
        return ApacheKafka.of_environment(settings.data_dir / "kafka", settings.kafka_port)
    return EmbeddedBroker(
        settings.kafka_port, memory_bytes_max=bounds.memory_bytes_max, fetch_seconds_max=bounds.fetch_seconds_max
    )
