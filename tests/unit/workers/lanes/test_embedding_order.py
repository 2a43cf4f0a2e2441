"""The order of the embedding lane, over a real embedded index: the newest texts first, and none starves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.support.lanes_bench import FEW_TEXTS_MAX, Async, bench, until_drained
from tests.support.waiting import until
from workers.embedder.fake import FakeEmbedder
from workers.lanes.embedding import OLDEST_EVERY, EmbeddingPace
from workers.lanes.lane_order import LaneBounds
from workers.lanes.lanes import BEHIND_SECONDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from workers.embedder.interface import Vectors


async def test_one_batch_in_four_takes_the_oldest_text(tmp_path: Path) -> None:
    """Given a backlog and batches of one text, when five are embedded, then the fourth is the oldest, the others the
    newest: else a text would wait for as long as newer ones come."""
    embedded: list[str] = []

    class Noting(Async):
        async def embed_documents(self, texts: Sequence[str]) -> Vectors:
            embedded.extend(texts)
            return await super().embed_documents(texts)

    async with bench(tmp_path, pace=EmbeddingPace(texts_max=1), documents=Noting(FakeEmbedder())) as b:
        for number in range(6):
            await b.put("products", f"p{number}", title=f"Toner {number}")
            await b.quiet()
            b.ms += 1_000
        for batches in range(1, OLDEST_EVERY + 2):
            await b.embedding.embed_batch()
            assert len(embedded) == batches
    assert [text[-1] for text in embedded] == ["5", "4", "3", "0", "2"]


class Interrupted(Async):
    """Does something during each call, whose number it is told, and notes the texts of the calls."""

    def __init__(self, meanwhile: Callable[[int], Awaitable[None]]) -> None:
        super().__init__(FakeEmbedder())
        self._meanwhile = meanwhile
        self.calls: list[list[str]] = []

    async def embed_documents(self, texts: Sequence[str]) -> Vectors:
        self.calls.append(list(texts))
        await self._meanwhile(len(self.calls))
        return await super().embed_documents(texts)


async def test_a_text_written_during_a_batch_is_embedded_before_the_rest_of_it(tmp_path: Path) -> None:
    async def meanwhile(call: int) -> None:
        if call == 1:
            await b.put("products", "new", title="Zebra lamp")
            await b.quiet()

    documents = Interrupted(meanwhile)
    pace = EmbeddingPace(texts_at_once=2, new_texts_every_s=0)
    async with bench(tmp_path, pace=pace, documents=documents) as b:
        for number in range(6):
            await b.put("products", f"p{number}", title=f"Toner {number}")
        await b.quiet()
        await b.embedding.embed_batch()
        assert "Zebra lamp" in documents.calls[1][0]
        assert await b.index.count_pending_embeddings() == 0


async def test_a_text_written_at_the_end_of_a_batch_is_embedded_before_the_next_takes_the_oldest(
    tmp_path: Path,
) -> None:
    """Given a backlog, when a text comes during the batch before the oldest have their turn, it waits for neither."""

    async def meanwhile(call: int) -> None:
        if call == OLDEST_EVERY - 1:
            await b.put("products", "new", title="Zebra lamp")
            await b.quiet()

    documents = Interrupted(meanwhile)
    pace = EmbeddingPace(texts_max=1, new_texts_every_s=0, few_texts_max=1)
    async with bench(tmp_path, pace=pace, documents=documents) as b:
        for number in range(2 * OLDEST_EVERY):
            await b.put("products", f"p{number}", title=f"Toner {number}")
        await b.quiet()
        for _ in range(OLDEST_EVERY):
            await b.embedding.embed_batch()
    assert "Zebra lamp" in documents.calls[OLDEST_EVERY - 1][0]


async def test_calls_are_short_while_texts_come_beside_a_backlog_and_long_again_after_them(tmp_path: Path) -> None:
    """Given a backlog, when a second text comes within two seconds of a first, calls have few texts for two seconds."""

    async def meanwhile(call: int) -> None:
        if call in (1, 3):
            await b.put("products", f"new{call}", title=f"Zebra lamp {call}")
            await b.quiet()
        if call == 6:
            b.ms += round(1_000 * pace.new_texts_within_s)

    documents = Interrupted(meanwhile)
    pace = EmbeddingPace(texts_at_once=8, new_texts_every_s=0)
    async with bench(tmp_path, pace=pace, documents=documents) as b:
        for number in range(30):
            await b.put("products", f"p{number}", title=f"Toner {number}")
            await b.quiet()
        b.ms += round(1_000 * BEHIND_SECONDS) + 1
        await b.embedding.embed_batch()
    few = pace.few_texts_max
    assert [*map(len, documents.calls)] == [8, few, 8, few, few, few, 8]


async def test_vectors_leave_the_processor_to_a_flood_also_between_two_of_its_waves(tmp_path: Path) -> None:
    """Given more new items than are written at once, when all are written, then the lanes stay behind for a moment."""
    async with bench(tmp_path, bounds=LaneBounds(batch_items_max=FEW_TEXTS_MAX)) as b:
        await b.put("products", "p1", title="Zebra lamp")
        await b.quiet()
        assert not b.pressure.behind
        for number in range(FEW_TEXTS_MAX + 1):
            await b.put("products", f"q{number}", title="Zebra lamp")
        await b.quiet()
        assert b.pressure.behind
        await b.embedding.embed_batch()
        assert await b.index.count_pending_embeddings() == 2, "a few texts of two more"
        b.ms += round(1_000 * BEHIND_SECONDS) + 1
        assert not b.pressure.behind


async def test_a_batch_that_a_flood_meets_leaves_the_rest_of_its_texts_for_later(tmp_path: Path) -> None:
    class Flooded(Async):
        async def embed_documents(self, texts: Sequence[str]) -> Vectors:
            for number in range(FEW_TEXTS_MAX + 1):
                await b.put("prices", f"p{number}", price=5, currency="HKD")
            await b.quiet()
            return await super().embed_documents(texts)

    pace, bounds = EmbeddingPace(texts_at_once=1), LaneBounds(batch_items_max=FEW_TEXTS_MAX)
    async with bench(tmp_path, bounds=bounds, pace=pace, documents=Flooded(FakeEmbedder())) as b:
        for number in range(6):
            await b.put("products", f"p{number}", title=f"Toner {number}")
        await b.quiet()
        b.ms += round(1_000 * BEHIND_SECONDS) + 1
        assert not b.pressure.behind
        await b.embedding.embed_batch()
        assert await b.index.count_pending_embeddings() == 5


async def test_texts_that_were_left_to_a_flood_are_embedded_after_it_without_being_written_again(
    tmp_path: Path,
) -> None:
    """Given a lane that looks for texts by itself once an hour, when a batch took a few of them, then it goes on."""
    pace = EmbeddingPace(behind_s_max=0, idle_s_max=3_600)
    async with bench(tmp_path, bounds=LaneBounds(batch_items_max=FEW_TEXTS_MAX), pace=pace) as b:
        for number in range(3 * FEW_TEXTS_MAX):
            await b.put("products", f"p{number}", title="Zebra lamp")
        await b.quiet()
        assert b.pressure.behind
        embedding = asyncio.create_task(b.embedding.run())
        await until(lambda: bool(b.told.embedded), "some are embedded")
        b.ms += round(1_000 * BEHIND_SECONDS) + 1
        await until_drained(b)
        embedding.cancel()
    assert b.told.embedded[0] <= FEW_TEXTS_MAX
