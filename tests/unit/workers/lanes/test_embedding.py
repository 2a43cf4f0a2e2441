"""The embedding lane over a real embedded index: its turns, and the cost of a text that fails."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from schemas.errors import EmbeddingFailed
from schemas.queries import Filters
from tests.support.lanes_bench import NOW_MS, Async, Serving, bench, until_drained
from tests.support.queries import search_lexical
from workers.document import document
from workers.embedder.fake import FakeEmbedder
from workers.lanes.embedding import EmbeddingPace
from workers.point.plan import Action

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from tests.support.lanes_bench import Bench
    from workers.embedder.interface import Vectors

TURNS_TO_EMBED = 100
"""Turns of the event loop in which a text that waits for nothing gets its vector; it takes some twenty."""


@asynccontextmanager
async def two_with_a_backlog(folder: Path, **more: Any) -> AsyncIterator[tuple[Serving, Bench, Bench]]:
    """Yield the `Serving`, the collection that serves, and another one; each of the two has a text without a vector."""
    serving = Serving()
    async with (
        bench(folder / "old", serving=serving, **more) as old,
        bench(folder / "new", serving=serving, **more) as new,
    ):
        serving.lane = old.embedding
        for each in (old, new):
            await each.put("products", "p1", title="Zebra lamp")
            await each.quiet()
        yield serving, old, new


async def test_a_new_item_is_found_by_its_words_before_it_has_a_vector(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.put("products", "p1", title="Zebra lamp")
        await b.quiet()
        assert len(await search_lexical(b.index, "zebra", Filters(), 10)) == 1
        assert await b.index.count_pending_embeddings() == 1
        assert b.told.actions == [Action.EMBED]
        await b.embedding.embed_batch()
        assert await b.index.count_pending_embeddings() == 0


async def test_a_vector_is_as_fresh_as_its_text_is_old(tmp_path: Path) -> None:
    """Given a text that arrived 40 ms before the lanes came to it, then its wait for a vector begins at its arrival."""
    async with bench(tmp_path) as b:
        await b.put("products", "p1", title="Zebra lamp")
        b.ms += 40
        await b.quiet()
        await b.embedding.embed_batch()
        assert b.told.vectors_due_at_ms == [NOW_MS]


async def test_a_price_change_embeds_nothing(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.put("products", "p1", title="Zebra lamp")
        await b.quiet()
        await b.embedding.embed_batch()
        await b.put("prices", "p1", price=5, currency="HKD")
        await b.quiet()
        assert b.told.actions[-1] is Action.PATCH
        assert await b.index.count_pending_embeddings() == 0
        assert (await b.payload("p1"))["price"] == 5


async def test_a_text_that_cannot_be_embedded_is_given_up_and_the_others_are_not(tmp_path: Path) -> None:
    async with bench(tmp_path, failing="cursed") as b:
        await b.put("products", "p1", title="A cursed lamp")
        await b.put("products", "p2", title="A plain lamp")
        await b.quiet()
        await b.embedding.embed_batch()
        assert await b.index.count_pending_embeddings() == 0
        assert set(b.told.failed) == {"p1"}
        assert (await b.payload("p1"))["vector_failed"]
        assert (await b.payload("p2"))["vector_failed"] is None
        assert len(await search_lexical(b.index, "lamp", Filters(), 10)) == 2


async def test_the_vector_of_an_older_text_is_not_written_for_the_text_that_came_while_it_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path) as b:
        await b.put("products", "p1", title="Zebra lamp")
        await b.quiet()
        write = b.index.write_dense

        async def write_after_a_change(vectors: Any) -> None:
            monkeypatch.undo()
            await b.put("products", "p1", title="Giraffe lamp")
            await b.quiet()
            await write(vectors)

        monkeypatch.setattr(b.index, "write_dense", write_after_a_change)
        await b.embedding.embed_batch()
        stored = (await b.index.stored(["p1"], vectors=True))["p1"]
        assert stored.dense is None and stored.payload["vector_due"] == stored.payload["fingerprint"]
        await b.embedding.embed_batch()
        stored = (await b.index.stored(["p1"], vectors=True))["p1"]
        wanted = FakeEmbedder().embed_documents([document(stored.payload, b.index.model).text])[0]
        assert stored.dense is not None and np.allclose(stored.dense, wanted)


async def test_lanes_whose_collections_change_places_while_they_have_a_backlog_do_not_wait_for_each_other(
    tmp_path: Path,
) -> None:
    """Given that one waits for the other, when it is the other's turn to wait, then both embed all the same."""
    async with two_with_a_backlog(tmp_path, pace=EmbeddingPace(idle_s_max=0.05)) as (serving, old, new):
        waiting = asyncio.create_task(new.embedding.run())
        await asyncio.sleep(0)
        serving.lane = new.embedding
        late = asyncio.create_task(old.embedding.run())
        try:
            for each in (old, new):
                await until_drained(each)
        finally:
            for task in (waiting, late):
                task.cancel()
            await asyncio.gather(waiting, late, return_exceptions=True)


async def test_a_text_is_embedded_at_once_however_lately_another_one_was(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        embedding = asyncio.create_task(b.embedding.run())
        for product_id in ("p1", "p2", "p3"):
            await b.put("products", product_id, title=f"Zebra lamp {product_id}")
            await b.quiet()
            for _ in range(TURNS_TO_EMBED):
                await asyncio.sleep(0)
            assert not await b.index.count_pending_embeddings()
        embedding.cancel()
    assert b.told.embedded == [1, 1, 1]


async def test_after_a_batch_that_took_all_that_waited_the_other_collection_has_its_turn(tmp_path: Path) -> None:
    """Else texts that come one after another would let no rebuild end."""

    class OneAfterAnother(Async):
        """Writes the next text of the serving collection while it embeds one, until the other one has its vector."""

        async def embed_documents(self, texts: Sequence[str]) -> Vectors:
            if "serves" in texts[0] and not building.told.embedded:
                await write_text()
            return await super().embed_documents(texts)

    async def write_text() -> None:
        await serving.put("products", "p1", title=f"Lamp {serving.version} that serves")
        await serving.quiet()

    async with two_with_a_backlog(tmp_path, documents=OneAfterAnother(FakeEmbedder())) as (_, serving, building):
        await write_text()
        embedding = [asyncio.create_task(each.embedding.run()) for each in (building, serving)]
        await until_drained(building)
        for task in embedding:
            task.cancel()
        assert building.told.embedded == [1]


async def test_the_fake_embedder_really_fails() -> None:
    with pytest.raises(EmbeddingFailed):
        FakeEmbedder("cursed").embed_documents(["cursed"])
