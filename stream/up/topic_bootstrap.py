"""The topic bootstrap: creates the topics of an embedded broker that has just started, before producers write to them.

The embedded broker accepts records for topics that do not exist, and begins at offset 0 again once such a topic is
created. The records that it confirmed before are then hidden, or mixed up with later ones. Producers that were cut off
reconnect within a moment. So one call requests the end offsets and creates the topics; if a producer was faster, the
broker must be started again. See docs/traps.md#tansu.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import CreateTopicsRequest
from aiokafka.protocol.offset import OffsetRequest

from schemas.errors import Unavailable
from stream.kafka.closing import close_client
from stream.kafka.end_offsets import LATEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stream.kafka.topics import Topic

REQUEST_TIMEOUT_MS = 10_000


async def create_topics_first(address: str, wanted: Sequence[Topic]) -> bool:
    """Create the topics, and return whether none of them had records by then. Raises Unavailable."""
    client = AIOKafkaClient(bootstrap_servers=address, request_timeout_ms=REQUEST_TIMEOUT_MS)
    try:
        await client.bootstrap()
        (node,) = (broker.nodeId for broker in client.cluster.brokers())
        await client.ready(node)  # Both requests go over one connection, and are answered in this order.
        ends, created = await asyncio.gather(
            client.send(node, _ends_of(wanted)), client.send(node, _creation_of(wanted))
        )
    except KafkaError as error:
        raise Unavailable(f"the broker at {address} did not create its topics: {error}") from error
    finally:
        await close_client(client)
    for topic, error_code, *_ in created.topic_errors:
        if error_code:
            raise Unavailable(f"the broker at {address} did not create the topic {topic}: {for_code(error_code)}")
    return not any(offset > 0 for _, partitions in ends.topics for *_, offset in partitions)


def _ends_of(wanted: Sequence[Topic]) -> OffsetRequest:
    return OffsetRequest(-1, 0, [(topic.name, [(n, LATEST) for n in range(topic.partitions)]) for topic in wanted])


def _creation_of(wanted: Sequence[Topic]) -> CreateTopicsRequest:
    new: list[Any] = [(topic.name, topic.partitions, 1, [], [*topic.settings.items()]) for topic in wanted]
    return CreateTopicsRequest(new, REQUEST_TIMEOUT_MS, False)
