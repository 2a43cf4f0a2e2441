"""The index backends under test, and items to fill them with."""

from __future__ import annotations

import os
import uuid
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from qdrant_client import AsyncQdrantClient
from qdrant_edge import Filter, UpdateOperation

from schemas.points import Content, point_id
from tests.qdrant_front.serving import in_thread
from workers.embedder.interface import ModelId
from workers.index.edge.open import open_edge
from workers.index.edge.operations import create_positions
from workers.index.server.collections import open_with
from workers.point.plan import plan
from workers.state.projection import name_keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from workers.index.edge.index import EdgeIndex
    from workers.index.interface import Found, Index
    from workers.point.plan import PointPlan

MODEL = ModelId("test", "1", 4)
SERVER_URL = os.environ.get("FRESHLINE_TEST_QDRANT_URL")
BACKENDS = ("edge", "server, local mode", "server, over HTTP", *(["server"] if SERVER_URL else []))


@cache
def _shared_edge() -> EdgeIndex:
    """One shard for all tests of a process: creating one takes a second of waiting for the disk."""
    return open_edge(Path(mkdtemp(prefix="freshline-edge-")), model=MODEL)


@cache
def front_url() -> str:
    """Start the front of a server (local mode over HTTP), one for all tests of a process, and return its URL."""
    return in_thread()


@asynccontextmanager
async def opened(backend: str) -> AsyncIterator[Index]:
    """Open an empty index."""
    if backend == "edge":
        edge = _shared_edge()
        edge._shard.update(UpdateOperation.delete_points_by_filter(Filter()))
        edge._shard.update(create_positions())
        edge._writes.forget()
        yield edge
    else:
        server = await _on_server(backend)
        yield server
        await server.close()


async def _on_server(backend: str) -> Index:
    return await (await open_with(_client(backend), alias=f"test-{uuid.uuid4().hex}", model=MODEL)).serving()


def _client(backend: str) -> AsyncQdrantClient:
    if backend == "server, local mode":
        return AsyncQdrantClient(":memory:")
    return AsyncQdrantClient(url=front_url() if backend == "server, over HTTP" else SERVER_URL)


def content(product_id: str, title: str | dict[str, str] = "Garden cake", **fields: Any) -> Content:
    """Return the content of a visible item."""
    titles = {"und": title} if isinstance(title, str) else title
    empty: Content = {
        "product_id": product_id,
        "partition": 0,
        "status": "visible",
        "title": titles,
        "description": {},
        "brand": None,
        "category": [],
        "attributes": {},
        "link": None,
        "image_link": None,
        "gtin": None,
        "item_group_id": None,
        "availability": None,
        "offers": [],
        "sellers": [],
        "currencies": [],
        "price": None,
        "currency": None,
        "price_changes_at_ms": None,
        "rating": None,
        "review_count": 0,
        "name_keys": [],
        "left_out": [],
        "rating_histogram": [0, 0, 0, 0, 0],
        "updated_at_ms": {"product": 1, "price": None, "reviews": None},
    }
    whole: Any = {**empty, **fields}
    if "name_keys" not in fields:
        whole["name_keys"] = name_keys(whole["brand"], whole["category"], whole["attributes"])
    return cast("Content", whole)


def vector(*values: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return a vector, float32 `(4,)`, L2-normalised."""
    padded = np.array([*values, *[0.0] * (4 - len(values))], dtype=np.float32)
    return padded / np.linalg.norm(padded)


def planned(
    wanted: Content,
    version: int,
    *,
    dense: Any = None,
    stored: Any = None,
    now_ms: int = 1_000,
    model: ModelId = MODEL,
) -> PointPlan:
    """Return the plan if this vector is known."""
    return plan(stored, wanted, version=version, model=model, cached=lambda _: dense, now_ms=now_ms)


async def put(index: Index, wanted: Content, version: int, *, dense: Any = None, now_ms: int = 1_000) -> PointPlan:
    """Read, plan and write as the index worker does, once and without planning again."""
    stored = (await index.stored([wanted["product_id"]], vectors=True)).get(wanted["product_id"])
    made = planned(wanted, version, dense=dense, stored=stored, now_ms=now_ms)
    if made.write is not None:
        assert await index.write([made.write]) == set()
    return made


def point_ids(found: Iterable[Found]) -> list[str]:
    """Return the point ids of a ranking."""
    return [point.point_id for point in found]


def ids(*product_ids: str) -> list[str]:
    """Return the point ids of these items."""
    return [point_id(product_id) for product_id in product_ids]
