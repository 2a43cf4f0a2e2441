"""What the index worker takes from the item log, and what it sends to the dead letters instead."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from prometheus_client import CollectorRegistry

from schemas.items import NO_REVIEWS, ItemRecord, ItemState
from schemas.points import point_version
from schemas.state_codec import encode_item
from stream.index.worker import IndexWorker
from stream.kafka.offsets import OffsetTrackers
from stream.kafka.partitions import Partition
from stream.progress.freshness import RecentFreshness
from stream.runtime.metrics import IndexMetrics
from stream.writers.metrics_sink import MetricsSink
from tests.support.failing import fail_test
from tests.support.waiting import until

if TYPE_CHECKING:
    from workers.lanes.pending_item import PendingItem

ITEM = encode_item(ItemRecord("a worker", ItemState("P1"), NO_REVIEWS, {}))
PLACE = Partition("items", 0)


class Bench:
    def __init__(self) -> None:
        self.taken: list[PendingItem] = []
        self.letters: list[tuple[str, bytes | None, bytes | None, dict[str, bytes]]] = []
        self.trackers = OffsetTrackers()
        self.worker = IndexWorker(
            1,
            trackers=self.trackers,
            send=self._send,
            report=lambda _word: None,
            current_generation=lambda: 0,
            fail=fail_test,
        )
        attached: Any = SimpleNamespace(writers=[SimpleNamespace(lanes=SimpleNamespace(put=self._put))])
        self.worker.attached = attached

    async def _send(self, topic: str, key: bytes | None, value: bytes | None, _number: int, headers: Any) -> Any:
        self.letters.append((topic, key, value, dict(headers)))
        confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        confirmed.set_result(None)
        return confirmed

    async def _put(self, pending: PendingItem) -> None:
        self.taken.append(pending)

    async def take(self, key: bytes | None, value: bytes) -> None:
        message = SimpleNamespace(
            topic="items", partition=0, offset=0, key=key, value=value, timestamp=1.0, headers=(), generation_id=0
        )
        await self.worker.take(message)


async def test_a_record_under_its_items_key_goes_to_the_lanes() -> None:
    b = Bench()
    await b.take(b"P1", ITEM)
    assert [pending.record.state.product_id for pending in b.taken] == ["P1"] and b.letters == []


@pytest.mark.parametrize(
    ("key", "value"), [(b"P2", ITEM), (None, ITEM), (b"\xff", ITEM), (b"P1", b"garbage"), (b"1", b'{"id":1}')]
)
async def test_a_record_under_another_key_is_a_dead_letter_and_touches_no_point(
    key: bytes | None, value: bytes
) -> None:
    b = Bench()
    await b.take(key, value)
    assert b.taken == []
    (letter,) = b.letters
    assert letter[:3] == ("items.dlq", key, value) and letter[3]["freshline-error"] == b"ForeignRecord"
    assert b.trackers.prefix(PLACE) == 1, "it is finished"


async def test_a_record_that_a_pure_stage_fails_on_is_a_counted_dead_letter_with_its_bytes_and_the_traceback() -> None:
    b, metrics = Bench(), IndexMetrics(CollectorRegistry())
    await b.take(b"P1", ITEM)
    observed = MetricsSink(metrics, RecentFreshness(), serves=lambda: True)
    observed.refuse = b.worker.refuse
    observed.refused(b.taken[0], ZeroDivisionError("a bug"))
    await until(lambda: b.trackers.prefix(PLACE) == 1, "it is finished")
    (letter,) = b.letters
    assert letter[:3] == ("items.dlq", b"P1", ITEM)
    assert letter[3]["freshline-offset"] == b"0" and b"ZeroDivisionError" in letter[3]["freshline-traceback"]
    assert metrics.bugs._value.get() == 1


async def test_the_letter_of_a_text_that_cannot_be_embedded_holds_the_item_and_how_often_it_was_tried() -> None:
    b = Bench()
    given_up: Any = {"product_id": "P1", "partition": 2, "version": point_version(1, 7), "vector_due_at_ms": 5}
    await b.worker.give_up_vector(given_up, "not finite")
    (letter,) = b.letters
    assert letter[1] == b"P1" and orjson.loads(letter[2] or b"") == given_up
    said = [letter[3][f"freshline-{name}"] for name in ("partition", "offset", "timestamp", "reason", "attempts")]
    assert said == [b"2", b"7", b"5", b"not finite", b"3"]
