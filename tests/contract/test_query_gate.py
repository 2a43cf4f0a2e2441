"""The parts that are built behind a registry or a set of collections wait at the gate that those were given."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.index_backends import MODEL, content, put
from tests.support.waiting import outcome_of
from workers.embedder.model_process import ModelProcess
from workers.embedder.registry import EmbedderRegistry
from workers.index.edge.collections import EdgeCollections
from workers.index.edge.index import SCAN_POINTS
from workers.query_gate import QueryGate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from pathlib import Path

    from workers.index.interface import Index

WAITS_S = 0.1


@pytest.fixture
def gate() -> QueryGate:
    """A gate at which work waits for as long as it is closed."""
    return QueryGate(wait_share=1, wait_seconds_max=60)


async def waits_at(gate: QueryGate, work: Coroutine[Any, Any, Any]) -> None:
    """The work does not end before the query that is being answered, and ends soon after."""
    with gate.answering():
        running = asyncio.ensure_future(work)
        await asyncio.wait([running], timeout=WAITS_S)
        assert not running.done()
    await outcome_of(running, "the work ends after the query")


async def _scan(index: Index) -> None:
    async for _ in index.scan():
        pass


@pytest.fixture
async def collections(tmp_path: Path, gate: QueryGate) -> AsyncIterator[EdgeCollections]:
    made = EdgeCollections(tmp_path, alias="items", model=MODEL, model_source=None, gate=gate)
    yield made
    await made.close()


async def _filled(index: Index) -> Index:
    for number in range(SCAN_POINTS + 1):
        await put(index, content(f"p{number}"), number + 1)
    return index


async def test_scans_of_embedded_collections_wait_whether_new_built_or_opened_again(
    tmp_path: Path, gate: QueryGate, collections: EdgeCollections
) -> None:
    for index in (await collections.serving(), await collections.begin(MODEL, None)):
        await waits_at(gate, _scan(await _filled(index)))
    await collections.close()
    again = EdgeCollections(tmp_path, alias="items", model=MODEL, model_source=None, gate=gate)
    await waits_at(gate, _scan(await again.serving()))
    await again.close()


async def test_documents_of_a_loaded_model_wait_and_loading_it_says_nothing(
    gate: QueryGate, capfd: pytest.CaptureFixture[str]
) -> None:
    registry = EmbedderRegistry("model", threads=1, gate=gate)
    embedder = registry.embedder(None)
    assert isinstance(await embedder.loaded(), ModelProcess)
    await waits_at(gate, embedder.embed_documents(["toner"]))
    await registry.close()
    assert capfd.readouterr().err == ""
