"""An index that holds the catalogue with its vectors, so that no run waits minutes for the model.

Vectors are kept between runs by fingerprint: whatever changes model, template or text changes that.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orjson

from schemas.events import parse
from schemas.item_facets import FACETS
from schemas.items import NO_REVIEWS, ItemState
from workers.clock import SystemClock
from workers.document import document
from workers.index.open import open_collections
from workers.index.writes import Upsert
from workers.point.payload import VectorState, payload
from workers.query_gate import QueryGate
from workers.state.fold import fold
from workers.state.projection import content
from workers.words.item import item_words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from schemas.points import Content
    from stream.runtime.settings import Settings
    from tests.benchmarks.catalogue import Catalogue
    from workers.document import Document
    from workers.embedder.interface import Embedder, Vectors
    from workers.index.interface import Index

KEPT = Path(__file__).with_name(".vectors.npz")
VERSION = 1
"""The version is below that of any item record, so the records of the log are written over it."""
BATCH = 256
ARRIVED_MS = 1_700_000_000_000


@asynccontextmanager
async def open_prefilled(settings: Settings, items: Catalogue, embedder: Embedder) -> AsyncIterator[Index]:
    """Open a new index where a stack with these settings looks for it, with all products of the catalogue and no
    prices."""
    contents = [_content(product_id, items) for product_id in items.products]
    documents = [document(each, embedder.model) for each in contents]
    vectors = _vectors(documents, embedder)
    collections = await open_collections(
        directory=settings.index_dir,
        alias=settings.collection,
        model=embedder.model,
        model_source=settings.model,
        server=None,
        gate=QueryGate(),
        clock=SystemClock(),
    )
    try:
        index = await collections.serving()
        await _write(index, contents, documents, vectors)
        yield index
    finally:
        await collections.close()


async def _write(index: Index, contents: Sequence[Content], documents: Sequence[Document], vectors: Vectors) -> None:
    for start in range(0, len(contents), BATCH):
        several = slice(start, start + BATCH)
        each = zip(contents[several], documents[several], vectors[several], strict=True)
        await index.write([_upsert(*one) for one in each])


def _content(product_id: str, items: Catalogue) -> Content:
    """Return the product as the index worker sees it."""
    value = orjson.dumps(items.products[product_id])
    event = parse("products", product_id.encode(), value, arrived_at_ms=ARRIVED_MS, event_time_ms=None)
    state = fold(ItemState(product_id), event)
    return content(state, NO_REVIEWS, partition=0, now_ms=0, shop_currency=None)


def catalogue_vectors(items: Catalogue, embedder: Embedder) -> Vectors:
    """Return the vectors of all products, float32 `(products, dimension)`."""
    return _vectors([document(_content(product_id, items), embedder.model) for product_id in items.products], embedder)


def _upsert(product: Content, present: Document, vector: Vectors) -> Upsert:
    state = VectorState(present.fingerprint, present.fingerprint, None, None)
    return Upsert(
        product["product_id"],
        VERSION,
        payload(product, VERSION, state, dict.fromkeys(FACETS)),
        item_words(product),
        vector,
    )


def _vectors(documents: Sequence[Document], embedder: Embedder) -> Vectors:
    """Return float32 `(len(documents), dimension)`."""
    known = _kept()
    missing = [each for each in documents if each.fingerprint not in known]
    if missing:
        found = embedder.embed_documents([each.text for each in missing])
        known |= dict(zip((each.fingerprint for each in missing), found, strict=True))
        np.savez(KEPT, fingerprints=np.array(list(known)), vectors=np.stack(list(known.values())))
    return np.stack([known[each.fingerprint] for each in documents])


def _kept() -> dict[str, Vectors]:
    if not KEPT.exists():
        return {}
    with np.load(KEPT) as kept:
        return dict(zip(kept["fingerprints"].tolist(), kept["vectors"], strict=True))
