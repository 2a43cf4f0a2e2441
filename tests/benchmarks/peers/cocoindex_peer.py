"""Peer (e): CocoIndex reads each topic as a live map, and runs a component for every record of a key."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import cocoindex as coco
from cocoindex.connectors import kafka
from confluent_kafka.aio import AIOConsumer

from tests.benchmarks.peers.applying import parsed
from tests.benchmarks.peers.edge_peer import start
from tests.benchmarks.peers.serving import TOPICS, new_group

if TYPE_CHECKING:
    from confluent_kafka import Message

peer = start()


@coco.fn  # type: ignore[untyped-decorator]  # it is installed where the peers run
async def handle(message: Message) -> None:
    """Apply the record that is the newest under its key."""
    peer.shop.apply([parsed(message.topic(), message.value())])


@coco.fn  # type: ignore[untyped-decorator]  # it is installed where the peers run
async def follow() -> None:
    """Mount a component for each key of each topic."""
    for topic in TOPICS:
        settings = {
            "bootstrap.servers": peer.asked.kafka,
            "group.id": new_group(f"cocoindex-{topic}"),
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
        feed = kafka.topic_as_map(AIOConsumer(settings), [topic])
        await coco.mount_each(coco.component_subpath(topic), handle, feed)


if __name__ == "__main__":
    os.environ["COCOINDEX_DB"] = str(peer.asked.directory / "cocoindex")
    coco.App(coco.AppConfig(name="peer"), follow).update_blocking(live=True)
