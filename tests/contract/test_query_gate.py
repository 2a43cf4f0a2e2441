"""The parts that are built behind a registry or a set of collections wait at the gate that those were given."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.gates import WatchedGate
from tests.support.index_backends import MODEL, content, put
from tests.support.waiting import outcome_of, until
from workers.embedder.model_process import ModelProcess
from workers.embedder.registry import EmbedderRegistry
from workers.index.edge.collections import EdgeCollections
from workers.index.edge.reading import SCAN_POINTS
from workers.index.writes import DenseVector

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from pathlib import Path

    from workers.index.interface import Index


@pytest.fixture
def gate() -> WatchedGate:
    return WatchedGate()


async def waits_at(gate: WatchedGate, work: Coroutine[Any, Any, Any]) -> None:
    """The work comes to the gate, and does not end before the query that is being answered."""
    came = gate.came
    with gate.answering():
        running = asyncio.ensure_future(work)
        await until(lambda: gate.came > came or running.done(), "the work comes to the gate")
        assert not running.done()
    await outcome_of(running, "the work ends after the query")


async def _scan(index: Index) -> None:
    async for _ in index.scan():
        pass


@pytest.fixture
async def collections(tmp_path: Path, gate: WatchedGate) -> AsyncIterator[EdgeCollections]:
    made = EdgeCollections(tmp_path, alias="items", model=MODEL, model_source=None, gate=gate)
    yield made
    await made.close()


async def _filled(index: Index) -> Index:
    for number in range(SCAN_POINTS + 1):
        await put(index, content(f"p{number}"), number + 1)
    return index


async def test_scans_of_embedded_collections_wait_whether_new_built_or_opened_again(
    tmp_path: Path, gate: WatchedGate, collections: EdgeCollections
) -> None:
    for index in (await collections.serving(), await collections.begin(MODEL, None)):
        await waits_at(gate, _scan(await _filled(index)))
    await collections.close()
    again = EdgeCollections(tmp_path, alias="items", model=MODEL, model_source=None, gate=gate)
    await waits_at(gate, _scan(await again.serving()))
    await again.close()


async def test_texts_without_a_vector_are_read_and_vectors_written_after_a_query(
    gate: WatchedGate, collections: EdgeCollections
) -> None:
    index = await collections.serving()
    await put(index, content("p1"), 1)
    await waits_at(gate, index.pending_embeddings([0], 10, newest=True))
    [due] = await index.pending_embeddings([0], 10, newest=True)
    vector = np.eye(MODEL.dimension, dtype=np.float32)[0]
    await waits_at(gate, index.write_dense([DenseVector("p1", due["vector_due"] or "", vector)]))
    assert await index.count_pending_embeddings() == 0


async def test_documents_of_a_loaded_model_wait_and_loading_it_says_nothing(
    gate: WatchedGate, capfd: pytest.CaptureFixture[str]
) -> None:
    registry = EmbedderRegistry("model", threads=1, gate=gate)
    embedder = registry.embedder(None)
    assert isinstance(await embedder.loaded(), ModelProcess)
    await waits_at(gate, embedder.embed_documents(["toner"]))
    await registry.close()
    assert capfd.readouterr().err == ""
