"""Input events: acked once their item record is confirmed, never before, and whatever else becomes of them.

These tests prove docs/invariants.md#2.
"""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from schemas.canaries import CANARY_HEADER
from schemas.events import parse
from schemas.items import NO_REVIEWS, Entity, ItemRecord
from schemas.logged_item import LoggedItem
from schemas.state_codec import encode_item
from stream.items.partition import ItemPartition
from stream.items.process import counters
from stream.items.publisher import PublisherBounds
from stream.kafka.partitions import Partition, partition_of
from stream.runtime.metrics import total_of
from tests.support.item_records import decode_item
from tests.support.items_side import PARTITIONS, T_MS, Bench, Confirmed, Message, bench
from tests.support.record_batches import gap_to
from tests.support.waiting import HANG_S, until
from workers.state.fold import delta
from workers.state.reviews import delta as review_of

ROOM_FOR_ONE = PublisherBounds(in_flight_max=1)


def event(topic: str, product_id: str, offset: int = 0, **fields: Any) -> Message:
    partition = partition_of(product_id.encode(), PARTITIONS)
    body = orjson.dumps({"product_id": product_id, "updated_at": T_MS, **fields})
    return Message(topic, partition, offset, product_id.encode(), body)


def price(product_id: str = "p1", offset: int = 0, **fields: Any) -> Message:
    return event("prices", product_id, offset, **{"price": 5, "currency": "HKD", **fields})


async def test_an_event_is_acked_only_after_its_item_record_is_confirmed() -> None:
    async with bench() as b:
        message = price()
        await b.handle(message)
        [record] = await b.sends(1)
        assert (record.topic, record.key, record.partition) == ("items", b"p1", message.partition)
        assert b.committable(message) == 0
        b.confirm_all()
        await until(lambda: b.committable(message) == 1, "it is acked")


async def test_a_repeated_event_waits_for_the_record_that_is_under_way() -> None:
    async with bench() as b:
        await b.handle(price(offset=0))
        await b.sends(1)
        await b.handle(again := price(offset=1))
        assert b.committable(again) == 0
        b.confirm_all()
        await until(lambda: b.committable(again) == 2, "both are acked")
        assert len(b.sent) == 1


async def test_stale_and_duplicate_events_are_counted_apart() -> None:
    async with bench() as b:
        review = event("reviews", "p1", review_id="r1", rating=4)
        for each in (price(version=2), price(offset=1, version=2), price(offset=2, version=1), review):
            await b.handle(each)
        await b.handle(review._replace(offset=1))
        unchanged = b.metrics.unchanged
        samples = [each for family in unchanged.collect() for each in family.samples if each.name.endswith("_total")]
        counted = {tuple(each.labels.values()): each.value for each in samples}
        assert counted["prices", "duplicate"] == counted["prices", "stale"] == counted["reviews", "duplicate"] == 1


async def test_counters_are_there_at_zero_before_the_first_event_so_that_prometheus_sees_its_increase() -> None:
    async with bench() as b:
        counted = counters(b.registry)
        assert set(counted.values()) == {0}
        assert {
            "freshline_bugs_total/fold",
            "freshline_dead_letters_total/prices/InvalidEvent",
            "freshline_misrouted_events_total/reviews",
            "freshline_events_unchanged_total/products/stale",
        } <= counted.keys()


async def test_a_product_of_a_shop_with_the_id_of_a_canary_is_refused() -> None:
    async with bench() as b:
        await b.handle(price("freshline-canary-0-0"))
        [letter] = await b.sends(1)
        assert letter.topic == "prices.dlq" and b"Freshline's own" in letter.headers["freshline-reason"]


async def test_a_canary_is_folded_like_any_item_and_counted_nowhere() -> None:
    async with bench() as b:
        change = price("freshline-canary-0-0")._replace(headers=((CANARY_HEADER, b"1"),))
        await b.handle(change, change._replace(offset=1))
        [record] = await b.sends(1)
        assert (record.topic, record.key) == ("items", b"freshline-canary-0-0")
        samples = [each for of in (b.metrics.events, b.metrics.unchanged) for f in of.collect() for each in f.samples]
        assert not any(each.value for each in samples if each.name.endswith("_total"))


async def test_a_repeated_event_whose_record_is_in_the_log_is_acked_at_once() -> None:
    async with bench() as b:
        await b.handle(price(offset=0))
        await b.sends(1)
        b.confirm_all()
        await until(lambda: b.committable(price()) == 1, "the first is acked")
        await b.handle(again := price(offset=1))
        assert b.committable(again) == 2
        assert len(b.sent) == 1


async def test_an_event_that_another_writers_record_says_already_is_shown_with_that_record() -> None:
    async with bench() as b:
        await b.handle(known := price(offset=0))
        await b.sends(1)
        b.confirm_all()
        await until(lambda: b.committable(known) == 1, "it is acked")
        b.assignment.reaches(b.assignment.state(known.partition), 7)  # As at a late foreign record.
        await b.handle(price(offset=1))
        progress = b.assignment.progress(known.partition)
        assert progress is not None and (progress.finished["prices"], progress.items_end) == (2, 8)


async def test_events_of_one_item_that_come_together_are_one_record() -> None:
    async with bench() as b:
        for offset in range(20):
            await b.handle(price(offset=offset, price=offset + 1, version=offset))
        [record] = await b.sends(1)
        stated = decode_item(record.value or b"")
        assert stated.state.offers["shop"].facts["price"].value == 20
        assert stated.changes["price"].events == 20
        b.confirm_all()
        await until(lambda: b.committable(price()) == 20, "all are acked")


async def test_a_review_is_recorded_before_its_item_and_acked_after_both() -> None:
    async with bench() as b:
        message = event("reviews", "p1", review_id="r1", rating=4)
        await b.handle(message)
        review, item = await b.sends(2)
        assert (review.topic, review.key) == ("review-states", b"p1\0r1")
        assert decode_item(item.value or b"").reviews.count == 1
        review.confirmation.set_result(Confirmed(0))
        await asyncio.sleep(0)
        assert b.committable(message) == 0
        b.confirm_all()
        await until(lambda: b.committable(message) == 1, "it is acked")


async def test_a_bad_event_is_acked_once_its_dead_letter_is_confirmed() -> None:
    async with bench() as b:
        bad = price()._replace(value=b"{not json", headers=(("trace", b"7"),))
        await b.handle(bad)
        [letter] = await b.sends(1)
        assert (letter.topic, letter.value, letter.partition) == ("prices.dlq", b"{not json", bad.partition)
        assert letter.headers["freshline-offset"] == b"0"
        assert letter.headers["freshline-error"] == b"InvalidEvent"
        assert b"JSON" in letter.headers["freshline-reason"]
        assert letter.headers["trace"] == b"7"
        assert b.committable(bad) == 0
        b.confirm_all()
        await until(lambda: b.committable(bad) == 1, "it is acked")


async def test_a_misrouted_event_goes_to_its_own_partition_with_the_time_it_had() -> None:
    async with bench() as b:
        right = price()
        wrong = right._replace(partition=(right.partition + 1) % PARTITIONS, key=None)
        await b.handle(wrong)
        [forwarded] = await b.sends(1)
        assert (forwarded.topic, forwarded.key, forwarded.partition) == ("prices", b"p1", right.partition)
        assert forwarded.headers["freshline-event-time"] == str(T_MS).encode()
        assert forwarded.headers["freshline-partition"] == str(wrong.partition).encode()
        assert total_of(b.metrics.misrouted) == 1
        b.confirm_all()
        await until(lambda: b.committable(wrong) == 1, "it is acked")


async def test_a_bug_in_a_pure_stage_is_a_dead_letter_with_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> bool:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(ItemPartition, "fold", fails)
    async with bench() as b:
        with capture_logs() as logged:
            await b.handle(message := price(offset=3))
        [letter] = await b.sends(1)
        assert letter.topic == "prices.dlq"
        assert b"ZeroDivisionError" in letter.headers["freshline-traceback"]
    place = {"product_id": "p1", "topic": "prices", "partition": message.partition, "offset": 3}
    assert [line for line in logged if line["event"] == "bug" and place.items() <= line.items()]


async def test_a_refused_event_has_a_line_in_the_log_with_its_place_and_the_reason() -> None:
    async with bench() as b:
        with capture_logs() as logged:
            await b.handle(message := price(offset=7, price=-1))
        await b.sends(1)
    [line] = [line for line in logged if line["event"] == "dead letter"]
    place = {"product_id": "p1", "topic": "prices", "partition": message.partition, "offset": 7}
    assert place.items() <= line.items() and "price" in line["reason"]


async def test_a_record_that_cannot_be_sent_ends_the_process() -> None:
    async with bench() as b:
        await b.handle(price()._replace(value=b"{"))
        [letter] = await b.sends(1)
        letter.confirmation.set_exception(ConnectionError("gone"))
        assert b.publishing is not None
        with pytest.raises(ExceptionGroup) as failed:
            await asyncio.wait_for(asyncio.shield(b.publishing), HANG_S)
        assert failed.group_contains(ConnectionError, match="gone")


async def test_events_wait_until_the_logs_of_their_partition_are_read() -> None:
    b = Bench()
    b.worker.assign([price().partition])
    [partition] = b.assignment.states
    taking = asyncio.create_task(b.handle(price()))
    await asyncio.sleep(0)
    assert b.committable(price()) is None
    b.assignment.recovered(partition, 0)
    await asyncio.wait_for(taking, HANG_S)
    assert b.committable(price()) == 0


async def test_an_event_from_before_a_rebalance_is_left_to_its_next_delivery() -> None:
    async with bench() as b:
        await b.handle(price()._replace(generation_id=0))
        assert b.committable(price()) is None


async def test_a_dead_letter_that_is_not_confirmed_counts_as_in_flight_for_the_room() -> None:
    async with bench(ROOM_FOR_ONE) as b:
        await b.handle(price()._replace(value=b"{"))
        waiting = asyncio.create_task(b.handle(price(offset=1)))
        await b.sends(1)
        assert not waiting.done()
        b.confirm_all()
        await asyncio.wait_for(waiting, HANG_S)


async def test_revocation_drops_an_update_that_is_not_sent_without_acking_its_event() -> None:
    b = Bench()
    b.assign_all()
    await b.handle(price())
    tracker = b.trackers._trackers[Partition("prices", price().partition)][1]
    b.worker.assign([])
    assert tracker.committable == 0
    assert b.parts.publisher.idle


async def test_revocation_gives_back_the_room_of_events_that_were_not_sent() -> None:
    b = Bench(ROOM_FOR_ONE)
    b.assign_all()
    await b.handle(price())
    b.worker.assign([])
    waiting = asyncio.create_task(b.parts.publisher.wait_for_room())
    await asyncio.sleep(0)
    try:
        assert waiting.done()
    finally:
        waiting.cancel()


async def test_a_worker_that_is_revoked_in_the_middle_of_a_batch_leaves_the_rest_to_the_next_one() -> None:
    async with bench(ROOM_FOR_ONE) as b:
        handling = asyncio.create_task(b.handle(price(price=5), price(offset=1, price=6)))
        await b.sends(1)
        b.worker.assign([])
        b.confirm_all()
        await asyncio.wait_for(handling, HANG_S)
        b.assign_all()
        await b.handle(price(offset=1, price=6))
        _, again = await b.sends(2)
        assert decode_item(again.value or b"").state.offers["shop"].facts["price"].value == 6
        assert len(b.sent) == 2, "the second record was folded once, by its next delivery"


async def test_revocation_drops_the_state() -> None:
    async with bench() as b:
        await b.handle(price())
        b.worker.assign([])
        b.worker.assign([price().partition])
        [partition] = b.assignment.states
        assert partition.items == {}


def logged(message: Message, writer: str) -> LoggedItem:
    """An item record as another writer would append it, knowing this one event only."""
    folded = parse(message.topic, message.key, message.value, arrived_at_ms=T_MS, event_time_ms=None)
    return LoggedItem(encode_item(ItemRecord(writer, delta(folded), NO_REVIEWS, {})))


def test_a_record_of_another_writer_that_lacks_something_must_be_answered_with_the_join() -> None:
    partition = ItemPartition(0, "me")
    mine, theirs = logged(price(seller="A"), "me"), logged(price(seller="B"), "other")
    assert not partition.join_record(mine)
    assert partition.join_record(theirs)
    assert set(partition.items["p1"].state.offers) == {"A", "B"}


def test_a_record_of_another_writer_that_says_the_join_needs_no_answer() -> None:
    partition = ItemPartition(0, "me")
    partition.join_record(logged(price(seller="A"), "me"))
    partition.join_record(logged(price(seller="B"), "other"))
    held = partition.items["p1"]
    assert not partition.join_record(LoggedItem(encode_item(ItemRecord("other", held.state, held.summary, {}))))


def test_a_record_of_another_writer_that_says_the_same_product_in_other_bytes_needs_no_answer() -> None:
    partition = ItemPartition(0, "me")
    ours = logged(event("products", "p1", title="Mug", brand="Acme"), "me")
    partition.join_record(ours)
    body = orjson.loads(ours.value)
    body["p"]["s"] = dict(reversed(body["p"]["s"].items()))
    theirs = LoggedItem(orjson.dumps(body))
    assert bytes(theirs.product_json) != bytes(ours.product_json)
    assert not partition.join_record(theirs)
    assert partition.unlogged() == []


def test_a_record_after_a_price_repeats_the_product_and_all_other_offers() -> None:
    partition = ItemPartition(0, "me")
    for message in (event("products", "p1", title="Mug", brand="Acme"), price(seller="A"), price(seller="B")):
        folded = parse(message.topic, message.key, message.value, arrived_at_ms=T_MS, event_time_ms=None)
        assert partition.fold(folded)
        written = LoggedItem(partition.next_record("p1", {}))
    assert written.state == partition.items["p1"].state
    assert written.state.product.facts["brand"].value == "Acme" and set(written.offers) == {"A", "B"}


def test_a_record_of_another_writer_that_one_of_ours_follows_must_be_answered_if_it_says_something_new() -> None:
    """Ours lacks what it said, and compaction keeps ours."""
    partition = ItemPartition(0, "me")
    theirs = logged(price(seller="B"), "other")
    assert partition.join_record(theirs, followed=True)
    assert not partition.join_record(theirs, followed=True)


def rated(rating: int, version: int) -> Entity:
    """The state of a review after one event."""
    value = event("reviews", "p1", review_id="r", rating=rating, version=version).value
    return review_of(parse("reviews", b"p1", value, arrived_at_ms=T_MS, event_time_ms=None))


def test_a_review_record_of_another_writer_that_says_less_is_answered_with_the_state_of_the_review() -> None:
    partition = ItemPartition(0, "me")
    partition.join_review("p1", "r", rated(5, version=2))
    assert partition.join_review_record("p1", "r", rated(1, version=1))
    assert partition.take_hidden_reviews("p1") == {"r": rated(5, version=2)}


@pytest.mark.parametrize("followed", [True, False])
def test_a_newer_review_record_is_appended_again_where_one_of_ours_follows_it(followed: bool) -> None:
    partition = ItemPartition(0, "me")
    partition.join_review("p1", "r", rated(5, version=2))
    assert partition.join_review_record("p1", "r", rated(3, version=3), followed=followed)
    assert partition.take_hidden_reviews("p1") == ({"r": rated(3, version=3)} if followed else {})


def test_after_a_crash_between_review_and_item_record_the_item_is_published_again() -> None:
    partition = ItemPartition(0, "me")
    partition.join_record(logged(price(), "me"))
    assert partition.unlogged() == []
    partition.join_review_record("p1", "r", rated(5, 1))
    assert partition.unlogged() == ["p1"]


def test_a_log_whose_last_record_is_not_the_join_is_told_the_join_after_recovery() -> None:
    partition = ItemPartition(0, "me")
    for writer, seller in (("me", "A"), ("frozen", "B")):
        partition.join_record(logged(price(seller=seller), writer))
    assert partition.unlogged() == ["p1"]


async def test_each_ownership_of_a_partition_writes_under_a_name_of_its_own() -> None:
    async with bench() as b:
        await b.handle(price())
        [before] = await b.sends(1)
        b.worker.assign([])
        b.assign_all()
        await b.handle(price())
        _, after = await b.sends(2)
        assert before.headers["writer"] != after.headers["writer"]


async def test_commits_that_are_learnt_after_the_recovery_are_reported() -> None:
    b = Bench()
    b.assign_all()
    await b.reporter.flush()
    b.sent.clear()
    await b.worker.start_offsets({Partition("prices", 2): 7})
    await b.reporter.flush()
    [report] = b.sent
    assert orjson.loads(report.value or b"")["finished"]["prices"] == 7


async def test_a_gap_behind_the_last_event_is_reported_as_read() -> None:
    """The marker of a transaction has an offset and no record: counted as lag it would stay until the next event."""
    b = Bench()
    b.assign_all()
    await b.reporter.flush()
    b.sent.clear()
    await b.worker.handle(gap_to(7, Partition("prices", 2)))
    await b.reporter.flush()
    [report] = b.sent
    assert orjson.loads(report.value or b"")["finished"]["prices"] == 7


@pytest.mark.parametrize("timestamp_ms", [T_MS * 1_000, T_MS + 3_600_000, T_MS + 400 * 86_400_000])
@pytest.mark.parametrize("body", [None, b'{"product_id":"p1","title":"Row"}'], ids=["null", "upsert"])
async def test_a_record_from_a_clock_that_is_ahead_becomes_a_dead_letter(timestamp_ms: int, body: bytes | None) -> None:
    async with bench() as b:
        message = event("products", "p1")._replace(value=body, timestamp=timestamp_ms)
        await b.handle(message)
        [letter] = await b.sends(1)
        assert (letter.topic, letter.key, letter.value) == ("products.dlq", b"p1", body)
        assert b"5 minutes after its arrival" in letter.headers["freshline-reason"]
        assert letter.headers["freshline-timestamp"] == str(T_MS).encode()


@pytest.mark.parametrize("timestamp_ms", [0, -1, 1_700_000_000_000, T_MS])
async def test_a_time_of_its_own_counts_whatever_the_record_says(timestamp_ms: int) -> None:
    async with bench() as b:
        await b.handle(price()._replace(timestamp=timestamp_ms))
        [record] = await b.sends(1)
        assert decode_item(record.value or b"").state.price_latest_ms == T_MS
