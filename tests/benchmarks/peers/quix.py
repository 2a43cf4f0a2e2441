"""Peer (c): Quix Streams with a batching sink."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quixstreams import Application
from quixstreams.sinks import BatchingSink

from tests.benchmarks.peers.applying import parsed
from tests.benchmarks.peers.edge_peer import EdgePeer, start
from tests.benchmarks.peers.serving import TOPICS, new_group

if TYPE_CHECKING:
    from quixstreams.sinks import SinkBatch

COMMIT_INTERVAL_S = 0.05
"""A sink is flushed at each commit; the default, five seconds, is a floor of freshness."""


class ShopSink(BatchingSink):  # type: ignore[misc]  # it is installed where the peers run
    """Writes the records that came since the last commit."""

    def __init__(self, peer: EdgePeer) -> None:
        super().__init__()
        self._peer = peer

    def write(self, batch: SinkBatch) -> None:
        self._peer.shop.apply(parsed(batch.topic, item.value) for item in batch)


def main() -> None:
    """Consume until killed."""
    peer = start()
    app = Application(
        broker_address=peer.asked.kafka,
        consumer_group=new_group("quix"),
        auto_offset_reset="earliest",
        commit_interval=COMMIT_INTERVAL_S,
        loglevel="WARNING",
    )
    sink = ShopSink(peer)
    for name in TOPICS:
        app.dataframe(app.topic(name, value_deserializer="bytes")).sink(sink)
    app.run()


if __name__ == "__main__":
    main()
