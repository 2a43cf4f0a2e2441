"""The Faust app of two peers, with the settings of its documentation."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import faust

if TYPE_CHECKING:
    from tests.benchmarks.peers.serving import Arguments


def app_of(asked: Arguments, name: str) -> faust.App:
    """Return an app, and let its command be `worker`."""
    sys.argv = [sys.argv[0], "worker", "--without-web", "-l", "warn"]
    return faust.App(name, broker=f"kafka://{asked.kafka}", datadir=str(asked.directory / "faust"), topic_partitions=4)
