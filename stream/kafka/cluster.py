"""How the brokers are reached, in the words of each Kafka client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stream.runtime.settings import Settings


@dataclass(frozen=True)
class Cluster:
    """The brokers of one Kafka. Its text is their addresses."""

    addresses: str
    """The bootstrap servers, "host:port,host:port"."""

    def __str__(self) -> str:
        return self.addresses

    @property
    def hosts(self) -> list[str]:
        """The bootstrap servers, each "host:port"."""
        return [host.strip() for host in self.addresses.split(",")]

    @property
    def for_aiokafka(self) -> dict[str, Any]:
        """The arguments with which every client of aiokafka reaches the brokers."""
        return {"bootstrap_servers": self.hosts}

    @property
    def for_kafka_python(self) -> dict[str, Any]:
        """The arguments with which every client of kafka-python reaches the brokers."""
        return {"bootstrap_servers": self.hosts}


def cluster_of(settings: Settings) -> Cluster:
    """Return the brokers that the settings name."""
    return Cluster(settings.kafka or "")
