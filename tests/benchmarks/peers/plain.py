"""Peer (g), the strongest simple thing: aiokafka takes what waits, one process patches or embeds, and writes.

It commits nothing, and reads the topics from their beginning at each start: that brings its memory back after a crash.
"""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer

from tests.benchmarks.peers.applying import parsed
from tests.benchmarks.peers.edge_peer import start
from tests.benchmarks.peers.serving import TOPICS

RECORDS_MAX = 500
WAIT_MS = 50


async def main() -> None:
    """Consume until killed."""
    peer = start()
    consumer = AIOKafkaConsumer(
        *TOPICS,
        bootstrap_servers=peer.asked.kafka,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=WAIT_MS,
    )
    await consumer.start()
    while True:
        batches = await consumer.getmany(timeout_ms=WAIT_MS, max_records=RECORDS_MAX)
        records = [record for batch in batches.values() for record in batch]
        if records:
            peer.shop.apply(parsed(record.topic, record.value) for record in records)


if __name__ == "__main__":
    asyncio.run(main())
