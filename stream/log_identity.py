"""Which log this is: offsets of another one mean nothing, and versions of points must rise from log to log."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.errors import Unavailable
from stream.reader import Reader
from stream.topics import ITEMS, PROGRESS, topic_id
from stream.tracker import Partition

KEY = b"log"


class LogIdentity(NamedTuple):
    """The id of the item log (the broker's id of the topic `items`) and its epoch."""

    log_id: str
    epoch: int


async def log_identity(kafka: str, *, epoch_floor: int = 0) -> LogIdentity:
    """The identity as recorded in `progress`; for a log that is not recorded yet, a new one with an epoch above the
    floor and above any recorded before.

    Raises Unavailable if the broker or the topics are away.
    """
    log_id = await asyncio.to_thread(topic_id, kafka, ITEMS)
    recorded = await _recorded(kafka)
    for identity in recorded:
        if identity.log_id == log_id:
            return identity
    epoch = max([epoch_floor, *(identity.epoch for identity in recorded)]) + 1
    await _record(kafka, LogIdentity(log_id, epoch))
    # Two workers may have come at once: the first record counts for both.
    return next(identity for identity in await _recorded(kafka) if identity.log_id == log_id)


async def _recorded(kafka: str) -> list[LogIdentity]:
    found = []
    async with Reader(kafka) as reader:
        reader.assign({Partition(PROGRESS, 0): 0})
        async for records in reader.read_to_end():
            found += [LogIdentity(**orjson.loads(r.value)) for r in records if r.key == KEY and r.value]
    return found


async def _record(kafka: str, identity: LogIdentity) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
    try:
        await producer.start()
        await producer.send_and_wait(PROGRESS, orjson.dumps(identity._asdict()), key=KEY, partition=0)
    except KafkaError as error:
        raise Unavailable(f"the identity of the log was not recorded: {error}") from error
    finally:
        await producer.stop()
