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
from tests.qdrant_front.serving import Front, in_thread
from workers.embedder.interface import ModelId
from workers.index.address import ServerAddress
from workers.index.edge.bounds import EdgeBounds
from workers.index.edge.open import open_edge
from workers.index.edge.operations import create_positions
from workers.index.server.client import create_client, create_grpc_client
from workers.index.server.open import open_with
from workers.index.server.reading import BROWSED_POINTS
from workers.point.plan import plan
from workers.state.projection import name_keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from workers.clock import Clock
    from workers.index.edge.index import EdgeIndex
    from workers.index.interface import Found, Index
    from workers.index.server.collections import ServerCollections
    from workers.point.plan import PointPlan

MODEL = ModelId("test", "1", 4)
SERVER_URL = os.environ.get("FRESHLINE_TEST_QDRANT_URL")
SERVER_GRPC_PORT = int(os.environ.get("FRESHLINE_TEST_QDRANT_GRPC_PORT", "6334"))
SERVER_BACKENDS = ("server, over REST", "server, over gRPC") if SERVER_URL else ()
BACKENDS = ("edge", "local mode", "front, over REST", "front, over gRPC", *SERVER_BACKENDS)


@cache
def _shared_edge() -> EdgeIndex:
    """One shard for all tests of a process: creating one takes a second of waiting for the disk."""
    return open_edge(Path(mkdtemp(prefix="freshline-edge-")), model=MODEL)


@cache
def front() -> Front:
    """Start the front of a server (local mode over HTTP and gRPC), one for all tests of a process."""
    return in_thread()


def front_url() -> str:
    """Return the URL of the front."""
    return front().url


def front_address(transport: str) -> ServerAddress:
    """Return how the front is reached over `REST` or `gRPC`."""
    return ServerAddress(front().url, grpc_port=front().grpc_port if transport == "gRPC" else None)


@asynccontextmanager
async def opened(backend: str, *, browsed_points: int | None = None) -> AsyncIterator[Index]:
    """Open an empty index. `browsed_points`: of how many points at a time it reads the traits."""
    if backend == "edge" and browsed_points is not None:
        bounds = EdgeBounds(browsed_points=browsed_points)
        own = open_edge(Path(mkdtemp(prefix="freshline-edge-")), model=MODEL, bounds=bounds)
        yield own
        await own.close()
    elif backend == "edge":
        edge = _shared_edge()
        edge._shard.update(UpdateOperation.delete_points_by_filter(Filter()))
        edge._shard.update(create_positions())
        edge._writes.forget()
        yield edge
    else:
        async with _on_server(backend, browsed_points or BROWSED_POINTS) as server:
            yield server


_FREE_ALIASES: list[str] = []
"""The aliases of the front whose collections are empty and in no use: creating one takes 25 requests, 50 ms."""


@asynccontextmanager
async def _on_server(backend: str, browsed_points: int) -> AsyncIterator[Index]:
    in_front = backend.startswith("front")
    alias = _FREE_ALIASES.pop() if in_front and _FREE_ALIASES else f"test-{uuid.uuid4().hex}"
    index = await (await open_on_server(backend, alias, browsed_points=browsed_points)).serving()
    yield index
    await index.close()
    if in_front:
        front().store.empty(index.name)
        _FREE_ALIASES.append(alias)


async def open_on_server(
    backend: str, alias: str, *, clock: Clock | None = None, browsed_points: int = BROWSED_POINTS
) -> ServerCollections:
    """Open the collections of a backend that is not Qdrant Edge, with clients of their own."""
    rest, grpc = _clients(backend)
    return await open_with(rest, grpc=grpc, alias=alias, model=MODEL, clock=clock, browsed_points=browsed_points)


def _clients(backend: str) -> tuple[AsyncQdrantClient, AsyncQdrantClient | None]:
    if backend == "local mode":
        return AsyncQdrantClient(":memory:"), None
    where, transport = backend.split(", over ")
    grpc_port = SERVER_GRPC_PORT if transport == "gRPC" else None
    address = front_address(transport) if where == "front" else ServerAddress(str(SERVER_URL), grpc_port=grpc_port)
    return create_client(address), create_grpc_client(address)


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
    if "currencies" not in fields:
        offered = [offer["currency"] for offer in whole["offers"]]
        whole["currencies"] = sorted({*offered, *([whole["currency"]] if whole["currency"] else [])})
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


async def put_new(index: Index, items: Iterable[tuple[Content, Any]]) -> None:
    """Write items that are not there yet, each with its vector, all in one call."""
    plans = [planned(wanted, 1, dense=dense) for wanted, dense in items]
    assert await index.write([each.write for each in plans if each.write is not None]) == set()


def point_ids(found: Iterable[Found]) -> list[str]:
    """Return the point ids of a ranking."""
    return [point.point_id for point in found]


def ids(*product_ids: str) -> list[str]:
    """Return the point ids of these items."""
    return [point_id(product_id) for product_id in product_ids]
