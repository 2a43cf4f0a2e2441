"""The process of a peer: its arguments, and the HTTP by which it is asked. Every peer has the same."""

from __future__ import annotations

import argparse
import threading
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

TOPICS = ("products", "prices", "reviews")
HOST = "127.0.0.1"


class Arguments(NamedTuple):
    """The arguments that a peer is started with."""

    kafka: str
    port: int
    directory: Path
    model: str
    dtype: str
    threads: int


class Answers(NamedTuple):
    """The answers of a peer."""

    item: Callable[[str], dict[str, Any] | None]
    """The payload of an item: product_id, title, price, reviews."""
    search: Callable[[str], list[dict[str, Any]]]
    """The payloads of the items that are nearest to a query."""


def arguments() -> Arguments:
    """Read the arguments of this process."""
    parser = argparse.ArgumentParser()
    for name in ("kafka", "model", "dtype"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--directory", type=Path, required=True)
    for name in ("port", "threads"):
        parser.add_argument(f"--{name}", type=int, required=True)
    return Arguments(**vars(parser.parse_args()))


def new_group(name: str) -> str:
    """Return a consumer group that nobody had before.

    Its member reads the topics from their beginning, which brings the memory of a `Shop` back after a crash.
    """
    return f"{name}-{uuid.uuid4().hex}"


def serve(port: int, answers: Answers) -> None:
    """Answer over HTTP in a thread, for the life of the process."""

    async def item(request: Request) -> Response:
        found = answers.item(request.path_params["product_id"])
        return Response(orjson.dumps(found), status_code=404 if found is None else 200)

    async def search(request: Request) -> Response:
        return Response(orjson.dumps({"hits": answers.search(request.query_params["q"])}))

    routes = [Route("/items/{product_id:path}", item), Route("/search", search)]
    config = uvicorn.Config(Starlette(routes=routes), HOST, port, log_level="warning", lifespan="off")
    threading.Thread(target=uvicorn.Server(config).run, daemon=True).start()
