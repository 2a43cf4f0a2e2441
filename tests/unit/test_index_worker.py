"""What the index worker takes from the item log, and what it sends to the dead letters instead."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from schemas.codec import encode_item
from schemas.items import NO_REVIEWS, ItemRecord, ItemState
from stream.index.worker import IndexWorker
from stream.tracker import Partition, Trackers

if TYPE_CHECKING:
    from workers.pending import Pending

ITEM = encode_item(ItemRecord("a worker", ItemState("P1"), NO_REVIEWS, {}))
PLACE = Partition("items", 0)


class Bench:
    def __init__(self) -> None:
        self.taken: list[Pending] = []
        self.letters: list[tuple[str, bytes | None, bytes | None, dict[str, bytes]]] = []
        self.trackers = Trackers()
        self.worker = IndexWorker(
            1,
            trackers=self.trackers,
            send=self._send,  # type: ignore[arg-type]
            report=lambda _word: None,
            current_generation=lambda: 0,
            fail=pytest.fail,
        )
        attached: Any = SimpleNamespace(writers=[SimpleNamespace(lanes=SimpleNamespace(put=self._put))])
        self.worker.attached = attached

    async def _send(self, topic: str, key: bytes | None, value: bytes | None, _number: int, headers: Any) -> Any:
        self.letters.append((topic, key, value, dict(headers)))
        confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        confirmed.set_result(None)
        return confirmed

    async def _put(self, pending: Pending) -> None:
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
    assert letter[:3] == ("items.dlq", key, value) and letter[3]["freshline-error"] == b"NotOurs"
    assert b.trackers.prefix(PLACE) == 1, "it is finished"
