"""The identity of the item log: an id, because offsets of another log mean nothing, and an epoch.

The versions of points must rise from one log to the next, so the epoch rises with each new log.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.errors import Unavailable
from stream.kafka.partitions import Partition
from stream.kafka.reader import Reader
from stream.kafka.topic_admin import topic_id
from stream.kafka.topics import ITEMS, PROGRESS

if TYPE_CHECKING:
    from stream.kafka.cluster import Cluster

KEY = b"log"
"""The key of identity records in the topic `progress`."""


class LogIdentity(NamedTuple):
    """The id of the item log (the broker's id of the topic `items`) and its epoch."""

    log_id: str
    epoch: int


async def log_identity(kafka: Cluster, *, epoch_floor: int = 0) -> LogIdentity:
    """Return the identity that is recorded in the topic `progress`, and record one if there is none yet.

    `epoch_floor` is the highest epoch that the caller has seen in an index or a data directory. A recorded epoch below
    it means that another log has written there. So a log without a record, or with an epoch below the floor, gets an
    epoch above the floor and above every recorded one.

    Raises Unavailable if the broker or the topics are away.
    """
    log_id = await asyncio.to_thread(topic_id, kafka, ITEMS)
    recorded = await _recorded(kafka)
    highest = max((identity.epoch for identity in recorded if identity.log_id == log_id), default=0)
    if highest and highest >= epoch_floor:
        return LogIdentity(log_id, highest)
    identity = LogIdentity(log_id, max([epoch_floor, *(known.epoch for known in recorded)]) + 1)
    await _record(kafka, identity)
    return identity


async def _recorded(kafka: Cluster) -> list[LogIdentity]:
    found = []
    async with Reader(kafka) as reader:
        reader.assign({Partition(PROGRESS, 0): 0})
        async for records in reader.read_to_end():
            found += [LogIdentity(**orjson.loads(r.value)) for r in records if r.key == KEY and r.value]
    return found


async def _record(kafka: Cluster, identity: LogIdentity) -> None:
    producer = AIOKafkaProducer(**kafka.for_aiokafka, acks="all")
    try:
        await producer.start()
        await producer.send_and_wait(PROGRESS, orjson.dumps(identity._asdict()), key=KEY, partition=0)
    except KafkaError as error:
        raise Unavailable(f"the identity of the log was not recorded: {error}") from error
    finally:
        await producer.stop()
