"""The topics of an embedded broker that has just started are created while cut-off producers come back."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from stream.kafka.cluster import Cluster
from stream.kafka.end_offsets import EndOffsets
from stream.kafka.log_identity import log_identity
from stream.kafka.partitions import Partition
from stream.kafka.topic_admin import ensure_topics
from stream.kafka.topics import all_topics
from stream.runtime.stack_report import StackReportFile
from stream.up.bounds import UpBounds
from stream.up.brokers.interface import wait_accepting
from stream.up.child_process import ChildProcess
from stream.up.data_dir import DataDir
from stream.up.embedded_log import EmbeddedLog
from stream.up.topic_bootstrap import create_topics_first
from workers.clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.running_broker import RunningBroker

PARTITION = Partition("prices", 3)


async def produced(address: str) -> Any:
    """Return the broker's answer to a record of a producer that knows the topic from an earlier broker."""
    batch = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 20)
    batch.append(0, time.time_ns() // 1_000_000, b"P1", b"{}", [])
    client = AIOKafkaClient(bootstrap_servers=address)
    await client.bootstrap()
    (node,) = (broker.nodeId for broker in client.cluster.brokers())
    topics_of = [(PARTITION.topic, [(PARTITION.number, bytes(batch.build()))])]
    answer = await client.send(node, ProduceRequest(None, -1, 1000, topics_of))
    await client.close()
    return answer.topics[0][1][0][:3]


async def test_topics_that_nobody_wrote_to_are_created(own_embedded_broker: RunningBroker) -> None:
    settings = own_embedded_broker.settings()
    assert await create_topics_first(own_embedded_broker.address, all_topics(settings))
    ensure_topics(settings)  # Raises if one of them is missing or differs.
    assert await produced(own_embedded_broker.address) == (PARTITION.number, 0, 0)


async def test_a_record_from_before_its_topic_is_noticed_as_the_topic_would_hide_it(
    own_embedded_broker: RunningBroker,
) -> None:
    address = own_embedded_broker.address
    assert await produced(address) == (PARTITION.number, 0, 0)
    assert not await create_topics_first(address, all_topics(own_embedded_broker.settings()))
    async with EndOffsets(Cluster(address)) as ends:
        assert await ends.fetch([PARTITION]) == {PARTITION: 0}


class WrittenToFirst(ChildProcess):
    """A broker that gets a record before anything else, in its first life."""

    address = ""
    lives = 0

    async def start(self) -> None:
        await super().start()
        self.lives += 1
        if self.lives == 1:
            await wait_accepting(self.address, 20)
            await produced(self.address)


async def test_a_broker_that_got_a_record_before_its_topics_is_restarted_and_the_loss_is_said(
    own_embedded_broker: RunningBroker, tmp_path: Path
) -> None:
    own_embedded_broker.kill()
    broker, said = own_embedded_broker.broker, list[str]()
    child = WrittenToFirst("broker", broker.argv, os.environ, tmp_path / "child.log")
    child.address = broker.address
    directory = DataDir(tmp_path)
    with directory.locked():
        log = EmbeddedLog(
            own_embedded_broker.settings(),
            directory,
            StackReportFile(tmp_path),
            broker,
            child,
            said.append,
            UpBounds(),
            SystemClock(),
        )
        try:
            await log.open()
            async with EndOffsets(Cluster(broker.address)) as ends:
                assert await ends.fetch([PARTITION]) == {PARTITION: 0}
            assert (await log_identity(Cluster(broker.address))).epoch > 0
        finally:
            await log.kill()
            log._journal.close()
    assert child.lives == 2
    assert len(said) == 1
    assert "took events before its topics were there" in said[0]
    assert "may be missing, send them again" in said[0]
