"""The reads, writes and acks of the lanes for an item, over a real embedded index."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from schemas.errors import Unavailable
from schemas.events import parse
from schemas.items import NO_REVIEWS, REPAIRER, Change, ItemRecord, ItemState
from schemas.logged_item import LoggedItem
from schemas.queries import Filters
from schemas.state_codec import encode_item
from tests.support.lanes_bench import NOW_MS, Acked, bench, logged
from tests.support.queries import search_lexical
from tests.support.waiting import until
from workers.embedder.fake import FakeEmbedder
from workers.index.writes import Reprice
from workers.lanes import item_planner
from workers.lanes.pending_item import PendingItem
from workers.lanes.singly import write_or_single_out
from workers.point.plan import Action
from workers.state.fold import fold
from workers.state.projection import content

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from workers.index.stored import Stored
    from workers.lanes.acks import Ack


async def test_a_delisted_item_is_found_by_nothing_and_comes_back_with_its_vector(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.put("products", "p1", title="Zebra lamp")
        await b.quiet()
        await b.embedding.embed_batch()
        await b.put("products", "p1", op="delete")
        await b.quiet()
        assert await search_lexical(b.index, "zebra", Filters(), 10) == []
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


async def test_an_item_whose_point_cannot_be_written_is_refused_alone_also_where_it_is_the_only_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path) as b:
        write = b.index.write

        async def cannot_write_one(writes: Any) -> set[str]:
            if any(each.product_id == "bad" for each in writes):
                raise ValueError("Value out of range: 9223372036854775808")
            return await write(writes)

        monkeypatch.setattr(b.index, "write", cannot_write_one)
        for product_id in ("bad", "good", "fine"):
            await b.put("prices", product_id, price=5, currency="HKD")
        await until(lambda: sorted(b.acked) == ["bad", "fine", "good"], "one is in the dead letters")
        assert [(await b.payload(product_id))["price"] for product_id in ("good", "fine")] == [5, 5]
        await b.put("prices", "bad", price=6, currency="HKD")
        await until(lambda: len(b.acked) == 4, "it is refused alone")
        assert [str(error) for error in b.told.bugs] == ["Value out of range: 9223372036854775808"] * 2


async def test_where_no_item_of_a_batch_can_be_written_none_is_refused() -> None:
    async def cannot_write(writes: Any) -> set[str]:
        raise TypeError("the client is broken")

    with pytest.raises(TypeError, match="the client is broken"):
        await write_or_single_out(cannot_write, [Reprice(each, 1, {}) for each in ("a", "b")])


async def test_a_new_text_is_projected_once_and_its_point_read_once_with_its_vector(
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
        for title in ("Zebra lamp", "Giraffe lamp"):
            reads.clear()
            projected.clear()
            await b.put("products", "p1", title=title)
            await b.quiet()
            assert (reads, projected) == ([True], ["p1"])


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
