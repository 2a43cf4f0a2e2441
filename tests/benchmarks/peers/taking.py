"""Peer (b): Faust's `take`, which hands an agent what has come within a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.peers.applying import parsed
from tests.benchmarks.peers.edge_peer import start
from tests.benchmarks.peers.faust_app import app_of
from tests.benchmarks.peers.serving import TOPICS, new_group

if TYPE_CHECKING:
    import faust

EVENTS_MAX = 500
WITHIN_S = 0.05

peer = start()
app = app_of(peer.asked, new_group("taking"))

for name in TOPICS:

    @app.agent(app.topic(name, value_serializer="raw", key_serializer="raw"), name=name)
    async def agent(stream: faust.StreamT[bytes], topic: str = name) -> None:
        """Handle the events of a topic as many at a time as have come."""
        async for values in stream.take(EVENTS_MAX, within=WITHIN_S):
            peer.shop.apply(parsed(topic, value) for value in values)


if __name__ == "__main__":
    app.main()
