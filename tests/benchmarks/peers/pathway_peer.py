"""Peer (d): Pathway reads the topics as tables, and a subscription writes what each of its small steps has changed."""

from __future__ import annotations

from typing import Any

import pathway as pw

from tests.benchmarks.peers.applying import Change, parsed
from tests.benchmarks.peers.edge_peer import EdgePeer, start
from tests.benchmarks.peers.serving import TOPICS, new_group

COMMIT_MS = 50


class Writing:
    """The changes of one step of Pathway's time."""

    def __init__(self, peer: EdgePeer, topic: str) -> None:
        self._peer = peer
        self._topic = topic
        self._changes: list[Change | None] = []

    def on_change(self, key: Any, row: dict[str, Any], time: int, is_addition: bool) -> None:
        """Note a record that was read."""
        self._changes.append(parsed(self._topic, row["data"]))

    def on_time_end(self, time: int) -> None:
        """Write all of a step."""
        changes, self._changes = self._changes, []
        self._peer.shop.apply(changes)


def main() -> None:
    """Consume until killed."""
    peer = start()
    settings = {
        "bootstrap.servers": peer.asked.kafka,
        "group.id": new_group("pathway"),
        "auto.offset.reset": "earliest",
    }
    for name in TOPICS:
        table = pw.io.kafka.read(settings, topic=name, format="raw", autocommit_duration_ms=COMMIT_MS)
        writing = Writing(peer, name)
        pw.io.subscribe(table, on_change=writing.on_change, on_time_end=writing.on_time_end)
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)


if __name__ == "__main__":
    main()
