"""The routes of the server's HTTP API that the index uses."""

from __future__ import annotations

from importlib import metadata
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel
from qdrant_client import models

from .faults import HALF, Faults, Faulty
from .store import Refusal, Store

VERSION = metadata.version("qdrant-client")
"""The version that the server reports. A client warns if it differs much from its own version."""
COMPLETED = {"operation_id": 0, "status": "completed"}
Points = models.PointsList | models.PointsBatch


def create_app(store: Store) -> Faulty:
    """Return an application that answers from the store."""
    app = FastAPI()
    for exception in (Refusal, RequestValidationError):
        app.add_exception_handler(exception, _refused)
    app.include_router(_collections(store))
    app.include_router(_payload(store))
    app.include_router(_writes(store))
    app.include_router(_points(store))
    faulty = Faulty(app)
    app.include_router(_control(store, faulty))
    return faulty


def _collections(store: Store) -> APIRouter:
    router = APIRouter()

    @router.get("/")
    async def version() -> Response:
        return _json({"title": "qdrant", "version": VERSION})

    @router.get("/aliases")
    async def aliases() -> Response:
        return _answer(store.ask(lambda client: client.get_aliases()))

    @router.post("/collections/aliases")
    async def change_aliases(asked: models.ChangeAliasesOperation) -> Response:
        return _answer(store.ask(lambda client: client.update_collection_aliases(asked.actions)))

    @router.get("/collections")
    async def collections() -> Response:
        return _answer(store.ask(lambda client: client.get_collections()))

    @router.get("/collections/{name}/exists")
    async def exists(name: str) -> Response:
        return _answer({"exists": store.ask(lambda client: client.collection_exists(name))})

    @router.get("/collections/{name}")
    async def collection(name: str) -> Response:
        return _answer(store.collection(name))

    @router.put("/collections/{name}")
    async def create(name: str, asked: models.CreateCollection) -> Response:
        return _answer(
            store.ask(
                lambda client: client.create_collection(
                    name,
                    vectors_config=asked.vectors,
                    sparse_vectors_config=asked.sparse_vectors,
                    metadata=asked.metadata,
                )
            )
        )

    @router.delete("/collections/{name}")
    async def delete(name: str) -> Response:
        return _answer(store.delete_collection(name))

    return router


def _payload(store: Store) -> APIRouter:
    router = APIRouter()

    @router.put("/collections/{name}/index")
    async def index(name: str, asked: models.CreateFieldIndex) -> Response:
        store.create_index(name, asked)
        return _answer(COMPLETED)

    @router.post("/collections/{name}/facet")
    async def facet(name: str, asked: models.FacetRequest) -> Response:
        return _answer(store.ask(lambda client: client.facet(name, asked.key, asked.filter, asked.limit or 10)))

    return router


def _writes(store: Store) -> APIRouter:
    router = APIRouter(prefix="/collections/{name}/points")

    @router.put("")
    async def upsert(name: str, asked: Points) -> Response:
        store.update(name, [models.UpsertOperation(upsert=asked)])
        return _answer(COMPLETED)

    @router.post("/batch")
    async def batch(name: str, asked: models.UpdateOperations, request: Request) -> Response:
        half = len(asked.operations) // 2 if request.scope.get(HALF) else len(asked.operations)
        store.update(name, asked.operations[:half])
        return _answer([COMPLETED] * half)

    @router.post("/delete")
    async def delete(name: str, asked: models.FilterSelector | models.PointIdsList) -> Response:
        store.update(name, [models.DeleteOperation(delete=asked)])
        return _answer(COMPLETED)

    return router


def _points(store: Store) -> APIRouter:
    router = APIRouter(prefix="/collections/{name}/points")

    @router.post("")
    async def retrieve(name: str, asked: models.PointRequest) -> Response:
        payload, vector = True if asked.with_payload is None else asked.with_payload, asked.with_vector or False
        return _answer(store.ask(lambda client: client.retrieve(name, asked.ids, payload, vector)))

    @router.post("/scroll")
    async def scroll(name: str, asked: models.ScrollRequest) -> Response:
        points, following = store.scroll(name, asked)
        return _answer({"points": points, "next_page_offset": following})

    @router.post("/count")
    async def count(name: str, asked: models.CountRequest) -> Response:
        return _answer(store.ask(lambda client: client.count(name, asked.filter)))

    @router.post("/query/batch")
    async def query_batch(name: str, asked: models.QueryRequestBatch) -> Response:
        return _answer(store.ask(lambda client: client.query_batch_points(name, asked.searches)))

    @router.post("/query")
    async def query(name: str, asked: models.QueryRequest) -> Response:
        return _answer(
            store.ask(
                lambda client: client.query_points(
                    name,
                    query=asked.query,
                    using=asked.using,
                    query_filter=asked.filter,
                    limit=asked.limit or 10,
                    with_payload=asked.with_payload or False,
                    with_vectors=asked.with_vector or False,
                )
            )
        )

    return router


def _control(store: Store, faulty: Faulty) -> APIRouter:
    router = APIRouter()

    @router.get("/_faults")
    async def told() -> Response:
        return _json({"faults": faulty.faults.model_dump(), **faulty.counted.model_dump()})

    @router.post("/_faults")
    async def tell(faults: Faults) -> Response:
        faulty.set(faults)
        return _json({})

    @router.post("/_wipe")
    async def wipe() -> Response:
        store.wipe()
        return _json({})

    return router


def _answer(result: Any) -> Response:
    return _json({"result": result, "status": "ok", "time": 0.0})


def _json(content: Any, status: int = 200) -> Response:
    body = orjson.dumps(content, default=_plain, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, status, media_type="application/json")


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    raise TypeError(f"{value!r} is no JSON")


async def _refused(_: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, Refusal) else 400
    return _json({"status": {"error": str(error)}, "time": 0.0}, status)
