"""`freshline reconcile` on a stack of processes whose index was broken from outside."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

import httpx
import orjson
import pytest
from qdrant_edge import UpdateOperation

from schemas.points import point_id, point_version
from stream.kafka.end_offsets import EndOffsets
from stream.kafka.log_identity import log_identity
from stream.kafka.partitions import all_partitions
from stream.kafka.topic_admin import ensure_topics
from stream.kafka.topics import ITEMS
from stream.runtime.ports import free_port
from stream.writers.epoch import LOG, log_mark
from tests.support.running_commands import freshline
from tests.support.waiting import wait_end, wait_until
from workers.embedder.fake import FakeEmbedder
from workers.index.edge.collections import EdgeCollections
from workers.index.edge.index import EdgeIndex
from workers.index.writes import Reprice, Upsert
from workers.query_gate import QueryGate
from workers.words.item import Words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from schemas.points import Payload
    from stream.kafka.cluster import Cluster
    from tests.support.running_broker import RunningBroker
    from workers.index.interface import Index

ITEMS_COUNT = 40
PARTITIONS = 2


class Stack:
    """An items worker, an index worker that can be stopped, and the command."""

    def __init__(self, broker: RunningBroker, folder: Path) -> None:
        self.folder, self.api = folder, f"http://127.0.0.1:{free_port()}"
        self.cluster = broker.cluster
        self._settings = {
            "FRESHLINE_KAFKA": broker.address,
            "FRESHLINE_BROKER": broker.kind,
            "FRESHLINE_API": self.api,
            "FRESHLINE_API_PORT": self.api.rpartition(":")[2],
            "FRESHLINE_DATA_DIR": str(folder / "data"),
            "FRESHLINE_EMBEDDER": "fake",
            "FRESHLINE_PARTITIONS": str(PARTITIONS),
        }

    @contextmanager
    def worker(self, module: str) -> Iterator[subprocess.Popen[bytes]]:
        with (self.folder / f"{module}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module], env=os.environ | self._settings, stdout=log, stderr=log
            )
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            wait_end(process, f"{module} ends after SIGTERM")
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def index_worker(self) -> Iterator[None]:
        with self.worker("stream.index") as worker:
            wait_until(self._quiet, "the index worker answers, nothing waits", process=worker, every_s=0.05)
            yield

    def freshline(self, *arguments: str, stdin: str = "") -> tuple[int, str]:
        with mock.patch.dict(os.environ, self._settings):
            done = freshline(*arguments, stdin=stdin.encode())
        assert done.code in (0, 10), done.err
        return done.code, done.out

    def item(self, product_id: str) -> dict[str, Any]:
        answer = httpx.get(f"{self.api}/items/{product_id}", trust_env=False).json()
        indexed: dict[str, Any] = answer["indexed"]
        return indexed

    def _quiet(self) -> bool:
        try:
            status = httpx.get(f"{self.api}/status", trust_env=False).json()
        except httpx.HTTPError:
            return False
        return bool(status.get("ready")) and status["lag_events"] == 0


@pytest.fixture
def stack(own_embedded_broker: RunningBroker, tmp_path: Path) -> Iterator[Stack]:
    ensure_topics(own_embedded_broker.settings(partitions=PARTITIONS))
    stack = Stack(own_embedded_broker, tmp_path)
    with stack.worker("stream.items"):
        yield stack


def lines(*bodies: dict[str, Any]) -> str:
    return "".join(orjson.dumps(body).decode() + "\n" for body in bodies)


def fill(stack: Stack) -> None:
    numbers = range(ITEMS_COUNT)
    products = [{"product_id": f"p{n}", "title": f"Brass lamp {n}", "brand": "Lumen"} for n in numbers]
    prices = [{"product_id": f"p{n}", "price": n + 1, "currency": "EUR"} for n in numbers]
    reviews = [{"product_id": f"p{n}", "review_id": "r", "rating": 4} for n in numbers]
    for topic, bodies in (("products", products), ("prices", prices), ("reviews", reviews)):
        stack.freshline("produce", topic, "--wait", stdin=lines(*bodies))


async def save_ends(index: Index, cluster: Cluster) -> None:
    """Store that the index has all of the log: its worker, which stores that each second, writes nothing again."""
    identity = await log_identity(cluster)
    async with EndOffsets(cluster) as offsets:
        ends = await offsets.fetch(all_partitions(ITEMS, each=PARTITIONS))
    versions = {str(partition.number): point_version(identity.epoch, end) for partition, end in ends.items()}
    await index.save_positions({**versions, LOG: log_mark(identity.log_id)})


async def break_index(stack: Stack) -> None:
    """Break the index as a faulty version or a careless person would."""
    directory = stack.folder / "data" / "index"
    collections = EdgeCollections(
        directory, alias="items", model=FakeEmbedder().model, model_source=None, gate=QueryGate()
    )
    index = await collections.serving()
    assert isinstance(index, EdgeIndex)
    await save_ends(index, stack.cluster)
    stored = await index.stored([f"p{n}" for n in range(6)])
    index._shard.update(UpdateOperation.delete_points([point_id("p1")]))
    version = {product_id: point.payload["version"] for product_id, point in stored.items()}
    wrong: dict[str, dict[str, Any]] = {
        "p2": {"brand": "Evil", "rating": 1.0},
        "p3": {"fingerprint": "wrong", "vector_fingerprint": "wrong"},
        "p4": {"vector_failed": "the model failed", "vector_fingerprint": None},
        "p5": {"price": 0.5},
    }
    await index.write([Reprice(product_id, version[product_id], fields) for product_id, fields in wrong.items()])
    ghost = cast("Payload", {**stored["p0"].payload, "product_id": "ghost", "version": 1})
    await index.write([Upsert("ghost", 1, ghost, Words({"brass": 1, "lamp": 1}, 2), None)])
    await collections.close()


def test_what_was_broken_is_named_then_repaired_and_every_item_is_right_again(stack: Stack) -> None:
    with stack.index_worker():
        fill(stack)
        right = {f"p{n}": stack.item(f"p{n}") for n in range(6)}
        assert stack.freshline("reconcile")[0] == 0
    asyncio.run(break_index(stack))
    with stack.index_worker():
        code, out = stack.freshline("reconcile", "--json")
        found = json.loads(out)["found"]
        assert code == 10
        assert {
            fault: sorted(each["product_id"] for each in examples) for fault, examples in found["examples"].items()
        } == {
            "missing": ["p1"],
            "ghost": ["ghost"],
            "different": ["p2", "p5"],
            "wrong_fingerprint": ["p3"],
            "vector_failed": ["p4"],
        }
        code, out = stack.freshline("reconcile", "--repair")
        assert code == 0 and "ghost" in out
        assert stack.freshline("reconcile")[0] == 0
        assert stack.item("ghost")["status"] == "parked"
        for product_id, before in right.items():
            times = ("version", "searchable_at")
            after = stack.item(product_id)
            assert {k: v for k, v in after.items() if k not in times} == {
                k: v for k, v in before.items() if k not in times
            }
            assert after["vector_is_current"]
