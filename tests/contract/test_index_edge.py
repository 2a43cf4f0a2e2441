"""The embedded index on disk: reopened, killed, refused."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qdrant_edge import UpdateOperation

from schemas.errors import Gone, Misconfigured, Unavailable
from schemas.queries import Filters
from tests.support.index_backends import MODEL, content, ids, planned, point_ids, put, vector
from tests.support.queries import search_lexical
from workers.index import metadata as meta
from workers.index.edge.bounds import EdgeBounds
from workers.index.edge.index import EdgeIndex
from workers.index.edge.lock import ShardLock
from workers.index.edge.open import open_edge
from workers.index.writes import DenseVector
from workers.query_gate import QueryGate

Usage = namedtuple("Usage", "total used free")

WRITER = """
import asyncio, sys
from pathlib import Path
from tests.support.index_backends import MODEL, content, put, vector
from workers.index.edge.open import open_edge

async def main():
    index = open_edge(Path(sys.argv[1]), model=MODEL)
    for version in range(1, 1_000_000):
        item = content(str(version % 50), f"cake v{version}", price=float(version))
        await put(index, item, version, dense=vector(1, version % 7))
        await index.save_positions({"0": version})
        print(version, flush=True)

asyncio.run(main())
"""


async def test_a_closed_index_opens_again_with_all_it_had(tmp_path: Path) -> None:
    first = open_edge(tmp_path, model=MODEL)
    await put(first, content("a", price=2.0), 5, dense=vector(1))
    await first.save_positions({"0": 5})
    await first.close()
    await first.close()
    again = open_edge(tmp_path, model=MODEL)
    assert again.collection == first.collection
    assert await again.positions() == {"0": 5}
    assert await again.count(Filters(min_price=2)) == await again.count(Filters()) == 1
    assert point_ids(await again.search_dense(vector(1), Filters(), 5)) == ids("a")
    assert point_ids(await search_lexical(again, "cake", Filters(), 5)) == ids("a")
    await again.close()


async def test_an_index_of_an_earlier_release_gets_the_field_indexes_that_it_lacks(tmp_path: Path) -> None:
    """Without such an index a filter reads every payload, and nobody can ask for the currencies."""
    first = open_edge(tmp_path, model=MODEL)
    await put(first, content("a", price=2.0, currency="EUR"), 5, dense=vector(1))
    first._shard.update(UpdateOperation.delete_field_index("currency"))
    await first.close()
    again = open_edge(tmp_path, model=MODEL)
    assert await again.currencies() == ["EUR"]
    await again.close()


async def test_the_nearest_are_those_of_the_whole_vectors_before_and_after_it_was_closed(tmp_path: Path) -> None:
    drawn = np.random.default_rng(7)
    rows = drawn.normal(size=(600, 384)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    model = MODEL._replace(dimension=384)
    first = open_edge(tmp_path, model=model)
    for start in range(0, 600, 100):
        at_once = range(start, start + 50)
        made = [planned(content(str(n)), 1, dense=rows[n], model=model) for n in at_once]
        # Others first have another vector, then none for their new text, and get the pending vector.
        later = range(start + 50, start + 100)
        made += [planned(content(str(n), "old"), 1, dense=rows[n - 50], model=model) for n in later]
        assert await first.write([each.write for each in made if each.write is not None]) == set()
        stored = await first.stored([str(n) for n in later], vectors=True)
        pending = [planned(content(str(n)), 2, stored=stored[str(n)], model=model) for n in later]
        assert await first.write([each.write for each in pending if each.write is not None]) == set()
        due_by_id = {
            p["product_id"]: p["vector_due"] or "" for p in await first.pending_embeddings([0], 100, newest=True)
        }
        await first.write_dense([DenseVector(name, due, rows[int(name)]) for name, due in due_by_id.items()])
    nearest = {number: ids(*map(str, np.argsort(-(rows @ rows[number]))[:50])) for number in range(10)}
    assert {n: point_ids(await first.search_dense(rows[n], Filters(), 50)) for n in nearest} == nearest
    assert await first.count_pending_embeddings() == 0
    assert "turbo" in (tmp_path / "shard" / "edge_config.json").read_text()
    await first.close()
    again = open_edge(tmp_path, model=model)
    assert {n: point_ids(await again.search_dense(rows[n], Filters(), 50)) for n in nearest} == nearest
    await again.close()


def write_until_killed(directory: Path) -> int:
    """The last version that a writing process acknowledged before its death."""
    command, here = [sys.executable, "-c", WRITER, str(directory)], Path(__file__).parent
    environment = os.environ | {"PYTHONPATH": str(here.parents[1])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=here, env=environment) as writer:
        assert writer.stdout is not None
        acknowledged = 0
        for line in writer.stdout:
            acknowledged = int(line)
            if acknowledged == 300:
                writer.send_signal(signal.SIGKILL)
    assert acknowledged >= 300
    return acknowledged


async def test_what_was_written_survives_a_kill_and_positions_are_never_ahead_of_it(tmp_path: Path) -> None:
    acknowledged = write_until_killed(tmp_path)
    index = open_edge(tmp_path, model=MODEL)
    position = (await index.positions())["0"]
    stored = await index.stored([str(number) for number in range(50)])
    assert position >= acknowledged
    assert max(point.payload["version"] for point in stored.values()) >= position
    for version in range(position - 49, position + 1):
        point = stored[str(version % 50)].payload
        assert point["version"] >= version and point["price"] == point["version"]
        if version == position - 49:
            continue  # The kill may have cut its next write off between its words and its version: it comes again.
        words = point["title"]["und"].removeprefix("cake ")
        assert ids(str(version % 50)) == point_ids(await search_lexical(index, words, Filters(), 1))
    await index.close()


async def test_a_second_opening_is_refused_in_one_line(tmp_path: Path) -> None:
    index = open_edge(tmp_path, model=MODEL)
    with pytest.raises(Misconfigured, match=r"^[^\n]*open in another process[^\n]*$"):
        open_edge(tmp_path, model=MODEL)
    await index.close()
    await open_edge(tmp_path, model=MODEL).close()


async def test_a_collection_of_another_model_opens_as_it_is_and_one_of_another_version_is_refused(
    tmp_path: Path,
) -> None:
    await open_edge(tmp_path, model=MODEL, model_source="a folder").close()
    again = open_edge(tmp_path, model=MODEL._replace(name="other"))
    assert (again.model, again.metadata.model_source) == (MODEL, "a folder")
    await again.close()
    metadata = tmp_path / "metadata.json"
    metadata.write_text(json.dumps(json.loads(metadata.read_text()) | {"schema_version": 0}))
    with pytest.raises(Misconfigured, match=r"another version of Freshline: delete"):
        open_edge(tmp_path, model=MODEL)
    metadata.write_text("{")
    with pytest.raises(Misconfigured, match=r"cannot be read: delete"):
        open_edge(tmp_path, model=MODEL)


@pytest.mark.parametrize("lost", ["metadata.json", "shard"])
async def test_a_wiped_index_starts_anew_under_another_name_and_without_positions(tmp_path: Path, lost: str) -> None:
    first = open_edge(tmp_path, model=MODEL)
    await put(first, content("a"), 1)
    await first.save_positions({"0": 1})
    await first.close()
    shutil.rmtree(tmp_path / lost) if lost == "shard" else (tmp_path / lost).unlink()
    again = open_edge(tmp_path, model=MODEL)
    assert again.collection != first.collection
    assert (await again.positions(), await again.count_points()) == ({}, 0)
    await again.close()


async def test_nothing_is_written_on_a_nearly_full_disk_and_it_goes_on_with_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = open_edge(tmp_path, model=MODEL)
    write = planned(content("a"), 1).write
    assert write is not None
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 150 * 2**20))
        with pytest.raises(Unavailable, match="only 150 MB of disk are free"):
            await index.write([write])
        assert await index.count_points() == 0
    await index.write([write])
    assert await index.count_points() == 1
    await index.close()


async def test_an_index_whose_files_were_deleted_is_gone(tmp_path: Path) -> None:
    index = open_edge(tmp_path, model=MODEL)
    await put(index, content("a"), 1)
    shutil.rmtree(tmp_path)
    for work in (lambda: put(index, content("b"), 2), index.flush, index.positions):
        with pytest.raises(Gone, match="was deleted or emptied meanwhile"):
            await work()
    index.close_now()


async def test_flushing_keeps_everything(tmp_path: Path) -> None:
    index = open_edge(tmp_path, model=MODEL, bounds=EdgeBounds(wal_bytes_max=0))
    await put(index, content("a"), 1, dense=vector(1))
    await index.flush()
    assert await index.count(Filters()) == 1
    await index.close()


class Flushed:
    """A shard that only counts how often it is flushed."""

    count = 0

    def flush(self) -> None:
        self.count += 1

    def close(self) -> None:
        pass


async def test_what_is_flushed_is_not_flushed_again(tmp_path: Path) -> None:
    """Given a log that is as large after a flush as before it, then none follows until it has grown."""
    shard: Any = Flushed()
    (tmp_path / "shard" / "wal").mkdir(parents=True)
    metadata, bounds = meta.Metadata("one", MODEL, None), EdgeBounds(wal_bytes_max=10)
    index = EdgeIndex(shard, tmp_path / "shard", metadata, ShardLock(tmp_path), QueryGate(), bounds)
    for written, flushes in ((10, 0), (1, 1), (0, 1), (10, 1), (1, 2), (0, 2)):
        with (tmp_path / "shard" / "wal" / "segment").open("ab") as segment:
            segment.write(b"x" * written)
        await index.flush()
        assert shard.count == flushes
    await index.close()


async def test_a_full_disk_is_not_flushed_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shard's own flush fails there, and took the worker with it."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 150 * 2**20))
    index = open_edge(tmp_path, model=MODEL, bounds=EdgeBounds(wal_bytes_max=0))
    with pytest.raises(Unavailable, match="150 MB"):
        await index.flush()
    await index.close()
