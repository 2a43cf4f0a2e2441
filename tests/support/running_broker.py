"""A broker that a test starts and kills."""

from __future__ import annotations

import asyncio
import math
import os
import subprocess
import uuid
from typing import TYPE_CHECKING, Self

import pytest
from kafka import KafkaAdminClient

from stream.kafka.cluster import Cluster
from stream.kafka.partitions import Partition
from stream.runtime.ports import free_port
from stream.runtime.settings import Settings
from stream.up.brokers.apache import ApacheKafka
from stream.up.brokers.embedded import EmbeddedBroker
from stream.up.brokers.interface import wait_accepting

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stream.up.brokers.interface import Broker


class RunningBroker:
    """A broker that a test may kill and start again."""

    def __init__(self, broker: Broker, output: Path) -> None:
        self.broker = broker
        self._output = output

    @property
    def address(self) -> str:
        return self.broker.address

    @property
    def kind(self) -> str:
        """The value of FRESHLINE_BROKER for workers on this broker."""
        return "kafka" if self.broker.has_durable_log else "embedded"

    @property
    def cluster(self) -> Cluster:
        return Cluster(self.address)

    def start(self) -> Self:
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(self.broker.argv(), stdout=output, stderr=output)
        alive = self._process
        asyncio.run(wait_accepting(self.address, math.inf, alive=lambda: alive.poll() is None))
        return self

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def settings(self, **fields: object) -> Settings:
        return Settings(**{"kafka": self.address, "broker": self.kind, **fields})  # type: ignore[arg-type]

    def new_topic(self, partitions: int = 1, configs: Mapping[str, str] | None = None) -> list[Partition]:
        """Create a topic that no other test uses, and return its partitions."""
        name = f"test-{uuid.uuid4().hex}"
        admin = KafkaAdminClient(bootstrap_servers=self.address)
        # The records of a test may be months old by their timestamps, and the broker would drop them.
        kept = {"retention.ms": "-1", **(configs or {})}
        wanted = {name: {"num_partitions": partitions, "replication_factor": 1, "configs": kept}}
        admin.create_topics(wanted, wait_for_metadata=True)
        admin.close()
        return [Partition(name, number) for number in range(partitions)]


def new_broker(kind: str, directory: Path) -> RunningBroker:
    """Return a broker that is not started yet."""
    if kind == "kafka" and not os.environ.get("KAFKA_HOME"):
        pytest.skip("KAFKA_HOME is not set")
    broker: Broker = (
        EmbeddedBroker(free_port())
        if kind == "embedded"
        else ApacheKafka.of_environment(directory / "kafka", free_port())
    )
    return RunningBroker(broker, directory / "broker.log")
