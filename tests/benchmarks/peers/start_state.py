"""The catalogue with its vectors, in the index that a contestant begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.peers.applying import new_item
from tests.benchmarks.peers.edge_peer import DIMENSION
from tests.benchmarks.peers.store import Store
from tests.benchmarks.peers.workload import shown_title
from tests.benchmarks.prefilled import catalogue_vectors, open_prefilled

if TYPE_CHECKING:
    from pathlib import Path

    from stream.runtime.settings import Settings
    from tests.benchmarks.catalogue import Catalogue
    from workers.embedder.interface import Embedder

BATCH = 500


async def fill_freshline(settings: Settings, items: Catalogue, embedder: Embedder) -> None:
    """Fill the index where a stack with these settings looks for it."""
    async with open_prefilled(settings, items, embedder):
        pass


def fill_shard(directory: Path, items: Catalogue, embedder: Embedder) -> None:
    """Fill a shard as the peers read it."""
    store, products = Store(directory, DIMENSION), items.products
    payloads = [new_item(p) | {"title": shown_title(product["title"])} for p, product in products.items()]
    written = list(zip(payloads, catalogue_vectors(items, embedder), strict=True))
    for start in range(0, len(written), BATCH):
        store.upsert(written[start : start + BATCH])
    store.close()
