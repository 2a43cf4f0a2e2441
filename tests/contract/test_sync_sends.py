"""`freshline sync` on both brokers: the difference and nothing else reaches the topic, and only when it is asked to."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from schemas.events import parse
from schemas.items import NO_REVIEWS, ItemRecord, ItemState
from schemas.state_codec import encode_item
from stream.api.canary.names import canary_id
from stream.api.canary.probe import canary_event
from stream.kafka.partitions import Partition, partition_of
from stream.kafka.reader import Reader
from stream.kafka.topic_admin import ensure_topics
from stream.kafka.topics import ITEMS
from stream.state_files.records import StateRecord, publish_states
from tests.support.running_broker import new_broker
from tests.support.running_commands import freshline
from workers.state import fold

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stream.kafka.reader import Record
    from tests.support.running_broker import RunningBroker

PARTITIONS = 3
LAMPS: list[dict[str, Any]] = [
    {"product_id": f"商品 {n}", "title": f"Lamp {n}", "attributes": {"watt": n}} for n in range(20)
]
PRICES = [{"product_id": f"商品 {n}", "seller": s, "price": n + 0.5, "currency": "EUR"} for n in range(5) for s in "xy"]


class Shop:
    """A log, with an items worker that folds it step by step."""

    def __init__(self, broker: RunningBroker, folder: Path) -> None:
        self.broker, self._file = broker, folder / "feed.jsonl"
        self._states: dict[str, ItemState] = {}
        self._read_to: dict[Partition, int] = {}
        ensure_topics(broker.settings(partitions=PARTITIONS))

    def sync(self, topic: str, feed: list[dict[str, Any]], *flags: str) -> dict[str, Any]:
        """Run `freshline sync` and return its answer as JSON, with the exit code and stderr."""
        self._file.write_bytes(b"\n".join(map(orjson.dumps, feed)))
        done = freshline("sync", topic, str(self._file), "--json", *flags)
        assert done.out, done.err
        return {**json.loads(done.out), "code": done.code, "err": done.err}

    def fold_new(self, topic: str) -> list[bytes]:
        """Fold the new events of the topic into the item log, and return their values."""
        records = asyncio.run(self._new(topic))
        for record in records:
            event = parse(topic, record.key, record.value, arrived_at_ms=record.timestamp_ms, event_time_ms=None)
            assert record.partition.number == partition_of(record.key or b"", PARTITIONS)
            state = self._states.get(event.product_id, ItemState(event.product_id))
            self._states[event.product_id] = fold.fold(state, event)
        asyncio.run(publish_states(self.broker.cluster, map(self._record, self._states.values()), writer=b"a worker"))
        return [record.value or b"" for record in records]

    async def _new(self, topic: str) -> list[Record]:
        async with Reader(self.broker.cluster) as reader:
            reader.assign({p: self._read_to.get(p, 0) for p in (Partition(topic, n) for n in range(PARTITIONS))})
            records = [record async for some in reader.read_to_end() for record in some]
            self._read_to |= reader.positions
        return records

    @staticmethod
    def _record(state: ItemState) -> StateRecord:
        key = state.product_id.encode()
        value = encode_item(ItemRecord("a worker", state, NO_REVIEWS, {}))
        return StateRecord(Partition(ITEMS, partition_of(key, PARTITIONS)), key, value)


def counts(answer: dict[str, Any]) -> list[int]:
    return [answer[outcome] for outcome in ("added", "changed", "gone", "unchanged", "stale")]


def running(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    broker = new_broker(kind, folder).start()
    monkeypatch.setenv("FRESHLINE_KAFKA", broker.address)
    try:
        yield Shop(broker, folder)
    finally:
        broker.kill()


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def any_shop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A shop on each of the two brokers."""
    yield from running(request.param, tmp_path, monkeypatch)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    yield from running("embedded", tmp_path, monkeypatch)


def test_a_feed_is_planned_sent_and_then_no_news(any_shop: Shop) -> None:
    planned = any_shop.sync("products", LAMPS)
    assert planned["code"] == 0 and counts(planned) == [20, 0, 0, 0, 0] and not planned["executed"]
    assert any_shop.fold_new("products") == []
    sent = any_shop.sync("products", LAMPS, "--execute")
    assert (sent["code"], sent["sent"], sent["failed"]) == (0, 20, 0) and len(sent["tokens"]) == PARTITIONS
    assert len(any_shop.fold_new("products")) == 20
    again = any_shop.sync("products", LAMPS, "--execute")
    assert counts(again) == [0, 0, 0, 20, 0] and again["sent"] == 0 and again["tokens"] == []


def test_a_foreign_record_in_the_item_log_is_passed_over(shop: Shop) -> None:
    shop.sync("products", LAMPS, "--execute")
    shop.fold_new("products")
    foreign = [(LAMPS[0]["product_id"].encode(), b"garbage"), (b"unknown", b"{}"), (b"\xff", b"[1]")]
    partitions = [Partition(ITEMS, partition_of(key, PARTITIONS)) for key, _ in foreign]
    records = [StateRecord(partition, *each) for partition, each in zip(partitions, foreign, strict=True)]
    asyncio.run(publish_states(shop.broker.cluster, records, writer=b""))
    assert counts(shop.sync("products", LAMPS)) == [0, 0, 0, 20, 0]


def test_the_offer_of_a_canary_is_not_gone_where_a_feed_lacks_it(shop: Shop) -> None:
    shop.sync("prices", PRICES, "--execute", "--force")
    shop.fold_new("prices")
    key = canary_id(0, PARTITIONS).encode()
    event = parse("prices", key, canary_event(key.decode(), 1_790_000_000_000), arrived_at_ms=2**41, event_time_ms=None)
    state = Shop._record(fold.fold(ItemState(key.decode()), event))
    asyncio.run(publish_states(shop.broker.cluster, [state], writer=b"a worker"))
    assert counts(shop.sync("prices", PRICES)) == [0, 0, 0, len(PRICES), 0]


def test_what_differs_is_sent_and_nothing_else(shop: Shop) -> None:
    shop.sync("products", LAMPS, "--execute")
    shop.fold_new("products")
    feed: list[dict[str, Any]] = [*LAMPS[2:], LAMPS[1] | {"title": "Brass lamp"}, {"product_id": "new", "title": "New"}]
    answer = shop.sync("products", feed, "--execute")
    assert counts(answer) == [1, 1, 1, 18, 0]
    (changed,) = answer["examples"]["changed"]
    assert changed["line"] == 19 and changed["differences"] == [
        {"fact": "title/und", "before": "Lamp 1", "after": "Brass lamp"}
    ]
    values = sorted(map(orjson.loads, shop.fold_new("products")), key=lambda body: body["product_id"])
    assert [(body["product_id"], body.get("op")) for body in values] == [
        ("new", None),
        ("商品 0", "delete"),
        ("商品 1", None),
    ]
    assert counts(shop.sync("products", feed)) == [0, 0, 0, 20, 0]


def test_offers_are_compared_by_seller_whether_or_not_their_product_is_known(shop: Shop) -> None:
    assert shop.sync("prices", PRICES, "--execute")["sent"] == 10
    shop.fold_new("prices")
    feed = [*PRICES[1:9], PRICES[0] | {"price": "0.50"}]
    answer = shop.sync("prices", feed, "--execute")
    assert counts(answer) == [0, 0, 1, 9, 0]
    (gone,) = map(orjson.loads, shop.fold_new("prices"))
    assert (gone["product_id"], gone["seller"], gone["op"]) == ("商品 4", "y", "delete")


def test_a_feed_that_lacks_much_is_sent_by_force_alone(shop: Shop) -> None:
    shop.sync("products", LAMPS, "--execute")
    shop.fold_new("products")
    assert shop.sync("products", LAMPS[4:])["code"] == 0
    for flags in ([], ["--execute"]):
        refused = shop.sync("products", LAMPS[5:], *flags)
        assert refused["code"] == 1 and refused["gone"] == 5 and not refused["executed"]
        assert refused["err"].startswith("freshline: 5 of 20 products are not in the feed (25%, more than 20%)")
        assert refused["err"].count("\n") == 1
    assert shop.fold_new("products") == []
    assert shop.sync("products", LAMPS[5:], "--execute", "--force")["sent"] == 5
    assert len(shop.fold_new("products")) == 5


def test_the_state_is_the_join_of_the_records_of_several_writers(shop: Shop) -> None:
    """Given a worker that was frozen and appended an older record after its successor's."""
    shop.sync("products", LAMPS[:1], "--execute")
    shop.fold_new("products")
    old = Shop._record(ItemState(LAMPS[0]["product_id"]))
    for writer in (b"frozen", b"import"):
        asyncio.run(publish_states(shop.broker.cluster, [old], writer=writer))
    assert counts(shop.sync("products", LAMPS[:1])) == [0, 0, 0, 1, 0]
