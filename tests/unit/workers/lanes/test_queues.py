"""The order of the lanes, over a real embedded index: when each record is written, and when it is acked."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson
import pytest

from schemas.errors import EmbeddingFailed, Unavailable
from schemas.events import parse
from schemas.items import NO_REVIEWS, REPAIRER, Change, ItemRecord, ItemState
from schemas.logged_item import LoggedItem
from schemas.queries import Filters
from schemas.state_codec import encode_item
from tests.support.waiting import HANG_S, until
from workers.document import document
from workers.embedder.cache import VectorCache
from workers.embedder.fake import FakeEmbedder
from workers.index.edge.open import open_edge
from workers.index.interface import Reprice
from workers.lanes import item_planner
from workers.lanes.embedding import EmbeddingLane, EmbeddingPace
from workers.lanes.item_writer import ItemWriter
from workers.lanes.lanes import LanePressure, Lanes
from workers.lanes.pending_item import PendingItem
from workers.lanes.queues import BOUNDS, LaneBounds
from workers.lanes.sale_windows import SaleWindows
from workers.lanes.sinks import Embedded, Planned, Repriced, Retried, Searchable, Sinks, VectorSearchable
from workers.lanes.watching import Watching
from workers.point.plan import Action
from workers.query_gate import QueryGate
from workers.retry import Backoff
from workers.state.fold import fold
from workers.state.projection import content
from workers.watches.watch_set import WatchSet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence
    from pathlib import Path

    from schemas.points import Payload
    from workers.embedder.interface import Vectors
    from workers.index.edge.index import EdgeIndex
    from workers.index.interface import Stored
    from workers.lanes.acks import Ack
    from workers.lanes.sinks import LaneEvent

FEW_TEXTS_MAX, TEXTS_MAX = EmbeddingPace().few_texts_max, BOUNDS.texts_max
NOW_MS = 1_800_000_000_000


def logged(record: ItemRecord) -> LoggedItem:
    return LoggedItem(encode_item(record))


class Told:
    """A sink, and dead letters, that remember everything."""

    def __init__(self) -> None:
        self.actions: list[Action] = []
        self.became: list[tuple[str, Change]] = []
        self.retries = 0
        self.bugs: list[Exception] = []
        self.embedded: list[int] = []
        self.repriced = 0
        self.failed: dict[str, str] = {}
        self.vectors_due_at_ms: list[int | None] = []

    def note(self, event: LaneEvent) -> None:
        match event:
            case Planned(action):
                self.actions.append(action)
            case Searchable(facet, change):
                self.became.append((facet, change))
            case Retried():
                self.retries += 1
            case Embedded(texts=texts):
                self.embedded.append(texts)
            case Repriced(items):
                self.repriced += items
            case VectorSearchable(due_at_ms=due_at_ms):
                self.vectors_due_at_ms.append(due_at_ms)

    async def refuse(self, pending: PendingItem, error: Exception) -> None:
        self.bugs.append(error)

    async def give_up_text(self, payload: Payload, reason: str) -> None:
        self.failed[payload["product_id"]] = reason


class Acked:
    """The ack of a record of an item, which the bench remembers."""

    def __init__(self, bench: Bench, product_id: str) -> None:
        self._bench, self._product_id = bench, product_id

    def ack(self) -> None:
        self._bench.acked.append(self._product_id)


class Assigned(NamedTuple):
    partitions: Collection[int] = (0,)


class Serving:
    """Knows which lane is that of the collection that searches ask, and that it is the one of the bench."""

    def __init__(self) -> None:
        self.lane: EmbeddingLane | None = None

    @property
    def serving_lane(self) -> EmbeddingLane:
        assert self.lane is not None
        return self.lane

    def serves(self, collection: str) -> bool:
        return True


class Async:
    """The fake embedder as the lane sees one: off the loop."""

    def __init__(self, embedder: FakeEmbedder) -> None:
        self._embedder = embedder

    async def embed_documents(self, texts: Sequence[str]) -> Vectors:
        return self._embedder.embed_documents(texts)


class Bench:
    """The lanes of one collection; it is their clock, too."""

    def __init__(
        self,
        index: EdgeIndex,
        failing: str | None = None,
        *,
        gate: QueryGate | None = None,
        bounds: LaneBounds | None = None,
        pace: EmbeddingPace = EmbeddingPace(),  # noqa: B008 -- immutable
        serving: Serving | None = None,
    ) -> None:
        self.index, self.told, self.ms = index, Told(), NOW_MS
        self.acked: list[str] = []
        self.states: dict[str, ItemState] = {}
        self.version = 0
        cache, self.pressure = VectorCache(), LanePressure()
        self.embedding = EmbeddingLane(
            index,
            Async(FakeEmbedder(failing)),
            cache,
            assigned=Assigned(),
            serving=serving or Serving(),
            pressure=self.pressure,
            clock=self,
            sink=self.told,
            dead_letters=self.told,
            pace=pace,
        )
        if serving is None:
            self.embedding._serving.lane = self.embedding  # type: ignore[attr-defined]
        sinks = Sinks(self.told, self.embedding)
        watching = Watching(
            WatchSet(), index.collection, serving=Serving(), clock=self, sink=self.told, gate=gate or QueryGate()
        )
        writer = ItemWriter(
            index,
            cache=cache,
            shop_currency=None,
            clock=self,
            sink=sinks,
            dead_letters=self.told,
            watching=watching,
            gate=gate or QueryGate(),
            backoff=Backoff(0.01, 0.01),
        )
        self.lanes = Lanes(writer, sink=sinks, pressure=self.pressure, clock=self, bounds=bounds)
        self.windows = SaleWindows(
            index, assigned=Assigned(), shop_currency=None, clock=self, sink=self.told, watching=watching
        )

    def now_ms(self) -> int:
        return self.ms

    def thread_s(self) -> float:
        return 0.0

    def monotonic_s(self) -> float:
        return self.ms / 1000

    async def put(self, topic: str, product_id: str, **fields: Any) -> None:
        self.version += 1
        body = {"product_id": product_id, "updated_at": NOW_MS, "version": self.version, **fields}

        event = parse(topic, product_id.encode(), orjson.dumps(body), arrived_at_ms=NOW_MS, event_time_ms=None)
        state = self.states[product_id] = fold(self.states.get(product_id, ItemState(product_id)), event)
        facet = {"products": "product", "prices": "price"}[topic]
        record = ItemRecord("me", state, NO_REVIEWS, {facet: Change(self.ms, 1)})
        await self.lanes.put(
            PendingItem(
                LoggedItem(encode_item(record)), 0, self.version, [Acked(self, product_id)], dict(record.changes)
            )
        )

    async def quiet(self) -> None:
        await until(lambda: len(self.lanes) == 0 and len(self.acked) == self.version, "all is acked")

    async def payload(self, product_id: str) -> Payload:
        return (await self.index.stored([product_id]))[product_id].payload


@asynccontextmanager
async def bench(tmp_path: Path, failing: str | None = None, **more: Any) -> AsyncIterator[Bench]:
    index = open_edge(tmp_path, model=FakeEmbedder().model)
    made = Bench(index, failing, **more)
    running = asyncio.create_task(made.lanes.run())
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await index.close()


async def test_a_new_item_is_found_by_its_words_before_it_has_a_vector(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.put("products", "p1", title="Zebra lamp")
        await b.quiet()
        assert len(await b.index.search_lexical("zebra", Filters(), 10)) == 1
        assert await b.index.count_pending_embeddings() == 1
        assert b.told.actions == [Action.EMBED]
        assert await b.embedding.embed_batch() == 1
        assert await b.index.count_pending_embeddings() == 0


async def test_a_text_written_during_a_batch_is_embedded_before_the_rest_of_it(tmp_path: Path) -> None:
    calls: list[list[str]] = []

    class Interrupted(Async):
        async def embed_documents(self, texts: Sequence[str]) -> Vectors:
            calls.append(list(texts))
            if len(calls) == 1:
                await b.put("products", "new", title="Zebra lamp")
                await b.quiet()
            return await super().embed_documents(texts)

    async with bench(tmp_path, pace=EmbeddingPace(texts_at_once=2, new_texts_every_s=0)) as b:
        for number in range(6):
            await b.put("products", f"p{number}", title=f"Toner {number}")
        await b.quiet()
        b.embedding._documents = Interrupted(FakeEmbedder())
        assert await b.embedding.embed_batch() == 6
        assert "Zebra lamp" in calls[1][0]
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


async def test_a_step_waits_until_a_query_is_answered(tmp_path: Path) -> None:
    gate = QueryGate(wait_seconds_max=30.0)
    async with bench(tmp_path, gate=gate) as b:
        with gate.answering():
            await b.put("products", "p1", title="Zebra lamp")
            await asyncio.sleep(0.2)
            assert not b.acked
        await b.quiet()
        assert b.acked == ["p1"]


async def test_a_price_waits_for_none_of_many_new_texts(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.put("products", "known", title="Known item")
        await b.quiet()
        for n in range(300):
            await b.put("products", f"new{n}", title=f"New text number {n}")
        await b.put("prices", "known", price=7, currency="HKD")
        await until(lambda: b.acked.count("known") == 2, "the price is searchable")
        assert len(b.acked) < 150, "most of the texts still wait"
        await b.quiet()


def _last(finished: list[str], product_id: str) -> int:
    return len(finished) - 1 - finished[::-1].index(product_id)


@pytest.mark.parametrize("gone", [{"op": "delete"}, {"op": "patch", "availability": "out_of_stock"}])
async def test_what_is_sold_no_more_waits_for_none_of_many_prices(tmp_path: Path, gone: dict[str, Any]) -> None:
    async with bench(tmp_path) as b:
        for n in range(300):
            await b.put("products", f"p{n}", title=f"Item {n}")
        await b.quiet()
        for n in range(300):
            await b.put("prices", f"p{n}", price=n + 1, currency="HKD")
        await b.put("products", "p299", **gone)
        await b.quiet()
        assert _last(b.acked, "p299") < 300 + 64, "most of the prices were written later"


async def test_a_price_waits_for_few_of_many_items_that_are_sold_no_more(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        for n in range(300):
            await b.put("products", f"p{n}", title=f"Item {n}")
        await b.quiet()
        for n in range(299):
            await b.put("products", f"p{n}", op="delete")
        await b.put("prices", "p299", price=5, currency="HKD")
        await b.quiet()
        assert _last(b.acked, "p299") < 300 + 64, "most of the others were written later"
        # It came back while it waited to vanish, and is written once.
        await b.put("products", "p299", op="delete")
        await b.put("products", "p299", title="Item 299", updated_at=NOW_MS + 1)
        await b.quiet()
        assert (await b.payload("p299"))["status"] == "visible"


async def test_records_that_come_while_their_item_is_read_ack_those_before_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a server reading takes time; the older one then waits among more new texts than are written at once."""
    async with bench(tmp_path) as b:
        read = b.index.heads

        async def heads(product_ids: Collection[str]) -> dict[str, Payload]:
            if TEXTS_MAX < b.version < TEXTS_MAX + 3:
                await b.put("products", "last", title=f"Text {b.version}")
            return await read(product_ids)

        monkeypatch.setattr(b.index, "heads", heads)
        for n in range(TEXTS_MAX):
            await b.put("products", f"new{n}", title=f"New text number {n}")
        await b.put("products", "last", title="Its first text")
        await b.quiet()
        assert (await b.payload("last"))["title"] == {"und": f"Text {TEXTS_MAX + 2}"}


async def test_records_of_one_item_that_wait_together_are_written_once_and_all_acked(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        for price in range(1, 30):
            await b.put("prices", "p1", price=price, currency="HKD")
        await b.quiet()
        assert b.acked == ["p1"] * 29
        assert (await b.payload("p1"))["offers"] == [] or (await b.payload("p1"))["offers"][0]["price"] == 29
        assert len(b.told.actions) < 5


async def test_a_delisted_item_is_found_by_nothing_and_comes_back_with_its_vector(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.put("products", "p1", title="Zebra lamp")
        await b.quiet()
        await b.embedding.embed_batch()
        await b.put("products", "p1", op="delete")
        await b.quiet()
        assert await b.index.search_lexical("zebra", Filters(), 10) == []
        assert await b.index.search_dense(FakeEmbedder().embed_query("zebra lamp"), Filters(), 10) == []
        await b.put("products", "p1", title="Zebra lamp", updated_at=NOW_MS + 1)
        await b.quiet()
        assert b.told.actions[-1] is Action.UPSERT, "its vector was still at hand"
        assert len(await b.index.search_dense(FakeEmbedder().embed_query("zebra lamp"), Filters(), 10)) == 1


async def test_what_was_written_to_mend_a_point_does_so_also_when_it_is_written_with_a_newer_record(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path) as b:
        await b.put("products", "p1", title="Zebra lamp")
        await b.quiet()
        right = (await b.payload("p1"))["fingerprint"]
        await b.index.write([Reprice("p1", b.version, {"fingerprint": "wrong"})])
        mending = ItemRecord(REPAIRER, b.states["p1"], NO_REVIEWS, {})
        b.version += 1
        pending = PendingItem(logged(mending), 0, b.version, [Acked(b, "p1")], {})
        await asyncio.gather(b.lanes.put(pending), b.put("prices", "p1", price=5, currency="HKD"))
        await b.quiet()
        payload = await b.payload("p1")
        assert (payload["fingerprint"], payload["price"]) == (right, 5)


async def test_while_the_index_is_away_nothing_is_acked_and_then_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path) as b:
        write, away = b.index.write, True

        async def away_for_a_while(writes: Any) -> set[str]:
            if away:
                raise Unavailable("the disk is full")
            return await write(writes)

        monkeypatch.setattr(b.index, "write", away_for_a_while)
        await b.put("prices", "p1", price=5, currency="HKD")
        await until(lambda: b.told.retries >= 2, "it is tried again")
        assert b.acked == []
        away = False
        await b.quiet()


async def test_a_full_lane_makes_the_input_wait(tmp_path: Path) -> None:
    index = open_edge(tmp_path, model=FakeEmbedder().model)
    b = Bench(index, bounds=LaneBounds(pending_items_max=3))
    for n in range(3):
        await b.put("prices", f"p{n}", price=5, currency="HKD")
    fourth = asyncio.create_task(b.put("prices", "p4", price=5, currency="HKD"))
    await asyncio.sleep(0)
    assert not fourth.done()
    running = asyncio.create_task(b.lanes.run())
    await asyncio.wait_for(fourth, HANG_S)
    await b.quiet()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await index.close()


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
        assert await b.embedding.embed_batch() == FEW_TEXTS_MAX  # Of two more.
        async with asyncio.timeout(HANG_S):
            await b.pressure.caught_up()
        assert not b.pressure.behind


async def test_a_bug_in_a_pure_stage_refuses_that_record_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails_for_one(state: ItemState, *arguments: Any, **more: Any) -> Any:
        if state.product_id == "bad":
            raise ZeroDivisionError("a bug")
        return real(state, *arguments, **more)

    real = content
    monkeypatch.setattr(item_planner, "content", fails_for_one)
    async with bench(tmp_path) as b:
        await b.put("prices", "bad", price=5, currency="HKD")
        await b.put("prices", "good", price=5, currency="HKD")
        await until(lambda: sorted(b.acked) == ["bad", "good"], "one is written, the other is in the dead letters")
        assert [type(error) for error in b.told.bugs] == [ZeroDivisionError]


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
        assert len(await b.index.search_lexical("lamp", Filters(), 10)) == 2


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


async def test_a_new_text_is_projected_and_read_once_and_a_changed_one_read_again_with_its_vector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path) as b:
        reads: list[bool] = []
        projected: list[str] = []
        read = b.index.stored

        async def stored(product_ids: Collection[str], *, vectors: bool = False) -> dict[str, Stored]:
            reads.append(vectors)
            return await read(product_ids, vectors=vectors)

        def counted(state: ItemState, *arguments: Any, **more: Any) -> Any:
            projected.append(state.product_id)
            return content(state, *arguments, **more)

        monkeypatch.setattr(b.index, "stored", stored)
        monkeypatch.setattr(item_planner, "content", counted)
        for title, more_reads in (("Zebra lamp", []), ("Giraffe lamp", [False, True])):
            reads.clear()
            projected.clear()
            await b.put("products", "p1", title=title)
            await b.quiet()
            assert (reads, projected) == (more_reads, ["p1"])


async def test_a_price_of_a_known_product_needs_neither_the_product_of_its_record_nor_that_of_its_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path) as b:
        await b.put("products", "p1", title="Zebra lamp")
        await b.quiet()
        monkeypatch.setattr(b.index, "stored", None)
        monkeypatch.setattr(LoggedItem, "record", None)
        await b.put("prices", "p1", price=5, currency="HKD")
        await b.quiet()
        monkeypatch.undo()
        shown = await b.payload("p1")
        assert (shown["price"], shown["version"], shown["title"]) == (5, 2, {"und": "Zebra lamp"})
        await b.put("products", "p1", title="Zebra lamp", availability="out_of_stock", updated_at=NOW_MS + 1)
        await b.quiet()
        assert (await b.payload("p1"))["availability"] == "out_of_stock"


async def test_a_point_of_an_earlier_release_is_known_from_its_second_change_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path) as b:
        await b.put("products", "p1", title="Zebra lamp")
        await b.quiet()
        await b.index.write([Reprice("p1", 1, {"product_digest": None, "title": {"und": "Another"}})])
        await b.put("prices", "p1", price=5, currency="HKD")
        await b.quiet()
        assert (await b.payload("p1"))["title"] == {"und": "Zebra lamp"}
        monkeypatch.setattr(b.index, "stored", None)
        await b.put("prices", "p1", price=6, currency="HKD")
        await b.quiet()
        monkeypatch.undo()
        assert (await b.payload("p1"))["price"] == 6


async def test_a_foreign_product_part_becomes_a_dead_letter_and_holds_nothing_up(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.put("products", "p1", title="Zebra lamp")
        await b.quiet()
        state = b.states["p1"]
        record = ItemRecord("me", state, NO_REVIEWS, {"price": Change(1, 1)})
        foreign = encode_item(record).replace(b'"f":', b'"f":7,"y":')
        b.version += 1
        changes = {"product": Change(1, 1)}
        await b.lanes.put(PendingItem(LoggedItem(foreign), 0, b.version, [Acked(b, "p1")], changes))
        await b.put("prices", "p2", price=6, currency="HKD")
        await b.quiet()
        assert len(b.told.bugs) == 1


async def test_lanes_whose_collections_change_places_while_they_have_a_backlog_do_not_wait_for_each_other(
    tmp_path: Path,
) -> None:
    """Given that one waits for the other, when it is the other's turn to wait, then both embed all the same."""
    serving, pace = Serving(), EmbeddingPace(idle_s_max=0.05)
    async with (
        bench(tmp_path / "old", serving=serving, pace=pace) as old,
        bench(tmp_path / "new", serving=serving, pace=pace) as new,
    ):
        serving.lane = old.embedding
        for each in (old, new):
            await each.put("products", "p1", title="Zebra lamp")
            await each.quiet()
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


async def until_drained(b: Bench) -> None:
    async def drained() -> bool:
        return await b.index.count_pending_embeddings() == 0

    await until(drained, "no vector is pending")


async def test_texts_that_come_while_the_model_rests_share_a_batch(tmp_path: Path) -> None:
    async with bench(tmp_path, pace=EmbeddingPace(rest_s=2.0, rest_s_max=2.0)) as b:
        embedding = asyncio.create_task(b.embedding.run())
        for product_id in ("p1", "p2", "p3"):
            await b.put("products", product_id, title=f"Zebra lamp {product_id}")
            await b.quiet()
            await until(lambda: len(b.told.embedded) > 0, "the first is embedded")
        await until_drained(b)
        embedding.cancel()
    assert b.told.embedded == [1, 2]


async def test_a_rest_ends_once_as_many_texts_wait_as_a_pass_takes_at_no_cost(tmp_path: Path) -> None:
    async with bench(tmp_path, pace=EmbeddingPace(rest_s=3_600.0, rest_s_max=3_600.0, texts_that_end_a_rest=2)) as b:
        embedding = asyncio.create_task(b.embedding.run())
        for product_id in ("p1", "p2", "p3"):
            await b.put("products", product_id, title=f"Zebra lamp {product_id}")
            await b.quiet()
            await until(lambda: len(b.told.embedded) > 0, "the first is embedded")
        await until(lambda: len(b.told.embedded) == 2, "the rest has ended")
        embedding.cancel()
    assert b.told.embedded == [1, 2]


async def test_while_the_model_rests_the_other_collection_has_its_turn(tmp_path: Path) -> None:
    """Else texts that come more often than it rests would let no rebuild end."""
    first, pace = Serving(), EmbeddingPace(rest_s=60.0)
    async with (
        bench(tmp_path / "old", serving=first, pace=pace) as serving,
        bench(tmp_path / "new", serving=first, pace=pace) as building,
    ):
        first.lane = serving.embedding
        for each in (serving, building):
            await each.put("products", "p1", title="Zebra lamp")
            await each.quiet()
        embedding = [asyncio.create_task(each.embedding.run()) for each in (building, serving)]
        await until_drained(building)
        for task in embedding:
            task.cancel()


async def test_the_fake_embedder_really_fails() -> None:
    with pytest.raises(EmbeddingFailed):
        FakeEmbedder("cursed").embed_documents(["cursed"])


async def test_a_sale_window_changes_the_price_on_time_with_no_event(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.put("products", "p1", title="Zebra lamp")
        window = {"sale_starts_at": NOW_MS + 1_000, "sale_ends_at": NOW_MS + 2_000}
        await b.put("prices", "p1", price=10, currency="HKD", sale_price=8, **window)
        await b.quiet()
        prices = []
        for now_ms in (NOW_MS, NOW_MS + 1_000, NOW_MS + 1_999, NOW_MS + 2_000):
            b.ms = now_ms
            await b.windows.reprice_batch()
            prices.append((await b.payload("p1"))["price"])
        assert prices == [10, 8, 8, 10]
        assert await b.index.count_due_price_changes(NOW_MS + 10_000) == 0


async def test_events_that_changed_what_is_shown_are_told_as_searchable(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.put("prices", "p1", price=5, currency="HKD")
        await b.quiet()
        assert b.told.became == [], "parked: search shows nothing of it"
        await b.put("products", "p1", title="Zebra lamp")
        await b.quiet()
        assert [facet for facet, _ in b.told.became] == ["product"]


async def test_of_a_log_that_began_anew_only_events_that_search_did_not_show_yet_are_told(tmp_path: Path) -> None:
    """The last records come back as they were, with the events that they said for the first time."""
    async with bench(tmp_path) as b:
        await b.put("products", "shown", title="Zebra lamp")
        await b.quiet()
        body = orjson.dumps({"product_id": "shown", "updated_at": NOW_MS, "price": 5, "currency": "HKD"})
        unfinished = fold(b.states["shown"], parse("prices", b"shown", body, arrived_at_ms=NOW_MS, event_time_ms=None))
        b.told.became.clear()
        old = Change(1_000, 1)
        for state, facet, told in ((b.states["shown"], "product", []), (unfinished, "price", [("price", old)])):
            b.version += 1
            record = ItemRecord("me", state, NO_REVIEWS, {facet: old})
            acks: list[Ack] = [Acked(b, "shown")]
            await b.lanes.put(PendingItem(logged(record), 0, (1 << 40) + b.version, acks, dict(record.changes)))
            await b.quiet()
            assert b.told.became == told


async def test_an_item_that_changes_while_it_waits_in_both_lanes_is_acked_every_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path) as b:
        read, write = b.index.heads, b.index.write

        async def change_after_reading(*arguments: Any, **options: Any) -> Any:
            monkeypatch.undo()
            monkeypatch.setattr(b.index, "write", change_before_writing)
            stored = await read(*arguments, **options)
            await b.put("products", "p1", title="second")
            return stored

        async def change_before_writing(writes: Any) -> Any:
            monkeypatch.undo()
            await b.put("products", "p1", title="third")
            return await write(writes)

        monkeypatch.setattr(b.index, "heads", change_after_reading)
        await b.put("products", "p1", title="first")
        await b.put("prices", "parked", price=5, currency="HKD")
        await b.quiet()
        assert (await b.payload("p1"))["title"] == {"und": "third"}
        assert sorted(b.acked) == ["p1", "p1", "p1", "parked"]
