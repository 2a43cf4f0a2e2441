"""The index worker decodes item records, gives them to the writers, and sends others to the dead letters.

These tests prove docs/invariants.md#2.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from structlog.testing import capture_logs

from schemas.items import NO_REVIEWS, Change, ItemRecord, ItemState
from schemas.points import point_version
from schemas.state_codec import encode_item
from stream.kafka.partitions import Partition
from stream.progress.watermark import Watermark
from tests.support.index_side import Confirming, writing_side
from tests.support.record_batches import MadeRecord, batch_of, gap_to

if TYPE_CHECKING:
    from workers.lanes.pending_item import PendingItem

ITEM = encode_item(ItemRecord("a worker", ItemState("P1"), NO_REVIEWS, {}))
PLACE = Partition("items", 0)


class Bench:
    """An index worker, composed as it is shipped, over lanes that only remember."""

    def __init__(self) -> None:
        self.producer, self.watermark = Confirming(), Watermark("items")
        self.side = writing_side(None, None, sender=self.producer, watermark=self.watermark)
        self.taken: list[PendingItem] = []
        lanes = SimpleNamespace(put=self._put)
        writer: Any = SimpleNamespace(
            lanes=lanes, index=SimpleNamespace(collection="items"), start=lambda _: None, complete=lambda _: True
        )
        self.side.worker._attached.attach(writer)
        self.side.assignment.begin(0, {PLACE: 0})
        self.side.assignment.assign([PLACE.number])

    @property
    def letters(self) -> list[tuple[str, bytes | None, bytes | None, dict[str, bytes]]]:
        return [(topic, key, value, headers) for topic, key, value, _, headers in self.producer.sent]

    def committable(self) -> int:
        return self.side.assignment.committable()[PLACE.number]

    async def _put(self, pending: PendingItem) -> None:
        self.taken.append(pending)

    async def handle(self, key: bytes | None, value: bytes | None, *, offset: int = 0) -> None:
        await self.side.worker.handle(batch_of(PLACE, MadeRecord(offset, key, value), generation_id=0))


@pytest.mark.parametrize(
    ("headers", "folded_at_ms"),
    [
        ((("freshline-folded-at", b"1700000000123"),), 1_700_000_000_123),
        ((), 1_700_000_000_500),
        ((("freshline-folded-at", b"soon"),), 1_700_000_000_500),
        ((("freshline-folded-at", b"9" * 99),), 1_700_000_000_500),
    ],
)
async def test_an_item_record_says_when_it_was_folded_else_its_timestamp_counts(
    headers: tuple[tuple[str, bytes], ...], folded_at_ms: int
) -> None:
    b = Bench()
    record = MadeRecord(0, b"P1", ITEM, 1_700_000_000_500, headers)
    await b.side.worker.handle(batch_of(PLACE, record, generation_id=0))
    times = b.taken[0].times
    assert times is not None and times[:2] == (folded_at_ms, 1_700_000_000_500)


@pytest.mark.parametrize(("writer", "is_new"), [(b"a worker", True), (b"journal", False)])
async def test_events_that_an_earlier_log_had_are_not_measured_again(writer: bytes, is_new: bool) -> None:
    b = Bench()
    changes = {"price": Change(1_700_000_000_000, 3)}
    value = encode_item(ItemRecord("a worker", ItemState("P1"), NO_REVIEWS, changes))
    record = MadeRecord(0, b"P1", value, 1_700_000_000_500, (("writer", writer),))
    await b.side.worker.handle(batch_of(PLACE, record, generation_id=0))
    [pending] = b.taken
    assert (pending.changes, pending.times is not None) == (changes if is_new else {}, is_new)


async def test_a_record_under_its_items_key_goes_to_the_lanes() -> None:
    b = Bench()
    await b.handle(b"P1", ITEM)
    assert [pending.record.state.product_id for pending in b.taken] == ["P1"] and b.letters == []


@pytest.mark.parametrize(
    ("key", "value"), [(b"P2", ITEM), (None, ITEM), (b"\xff", ITEM), (b"P1", b"garbage"), (b"1", b'{"id":1}')]
)
async def test_a_record_under_another_key_is_a_dead_letter_and_touches_no_point(
    key: bytes | None, value: bytes
) -> None:
    b = Bench()
    await b.handle(key, value)
    assert b.taken == []
    (letter,) = b.letters
    assert letter[:3] == ("items.dlq", key, value) and letter[3]["freshline-error"] == b"ForeignRecord"
    assert b.committable() == 1, "it is acked"


async def test_the_letter_of_a_record_that_a_pure_stage_fails_on_has_its_bytes_and_the_traceback() -> None:
    b = Bench()
    await b.handle(b"P1", ITEM)
    with capture_logs() as logged:
        await b.side.worker._dead_letters.refuse(b.taken[0], ZeroDivisionError("a bug"))
    (letter,) = b.letters
    [line] = [line for line in logged if line["event"] == "bug"]
    assert [line[name] for name in ("product_id", "topic", "offset")] == ["P1", "items", 0] and line["exc_info"]
    assert letter[:3] == ("items.dlq", b"P1", ITEM)
    assert letter[3]["freshline-offset"] == b"0" and b"ZeroDivisionError" in letter[3]["freshline-traceback"]


async def test_a_record_is_acked_when_the_last_of_its_writers_has_acked() -> None:
    b = Bench()
    await b.handle(b"P1", ITEM)
    assert b.committable() == 0
    b.taken[0].ack()
    assert b.committable() == 1


async def test_the_ack_of_a_record_of_a_revoked_partition_counts_for_nothing() -> None:
    """The record is delivered again to the worker that the partition is assigned to now."""
    b = Bench()
    await b.handle(b"P1", ITEM)
    b.side.assignment.assign([])
    assert b.side.assignment.in_flight == 0, "nothing of it is committed, or waited for"
    b.side.assignment.assign([PLACE.number])
    b.side.assignment.begin(0, {PLACE: 0})
    await b.handle(b"P1", ITEM)
    b.taken[0].ack()
    assert b.committable() == 0
    b.taken[1].ack()
    assert b.committable() == 1


async def test_a_record_that_needs_no_write_is_acked_and_its_progress_published() -> None:
    b = Bench()
    await b.handle(b"P1", None)
    assert b.committable() == 1 and b.watermark.indexed(0) == 1


async def test_a_gap_behind_the_last_record_is_published_as_read() -> None:
    b = Bench()
    await b.handle(b"P1", None)
    await b.side.worker.handle(gap_to(4, PLACE, generation_id=0))
    assert b.committable() == 4 and b.watermark.indexed(0) == 4


async def test_the_letter_of_a_text_that_cannot_be_embedded_holds_the_item_and_how_often_it_was_tried() -> None:
    b = Bench()
    given_up: Any = {"product_id": "P1", "partition": 2, "version": point_version(1, 7), "vector_due_at_ms": 5}
    await b.side.worker._dead_letters.refuse_text(given_up, "not finite")
    (letter,) = b.letters
    assert letter[1] == b"P1" and orjson.loads(letter[2] or b"") == given_up
    said = [letter[3][f"freshline-{name}"] for name in ("partition", "offset", "timestamp", "reason", "attempts")]
    assert said == [b"2", b"7", b"5", b"not finite", b"3"]
