"""The parts that the peers with a Qdrant Edge shard share."""

from __future__ import annotations

from typing import NamedTuple

from tests.benchmarks.peers.applying import Shop
from tests.benchmarks.peers.model import Model
from tests.benchmarks.peers.serving import Answers, Arguments, arguments, serve
from tests.benchmarks.peers.store import Store

DIMENSION = 384


class EdgePeer(NamedTuple):
    """A peer that answers already."""

    asked: Arguments
    store: Store
    model: Model
    shop: Shop


def start() -> EdgePeer:
    """Load model and shard, and answer over HTTP."""
    asked = arguments()
    model = Model(asked.model, asked.dtype, asked.threads)
    store = Store(asked.directory, DIMENSION)
    serve(asked.port, Answers(store.get, lambda query: store.search(model.embed([query])[0])))
    return EdgePeer(asked, store, model, Shop(store, model, store.all()))
