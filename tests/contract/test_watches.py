"""Watches over every index backend: what raises an alert, once, through crashes, replays and lost indexes.

These tests prove docs/invariants.md#10.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from schemas.errors import Unavailable
from schemas.items import NO_REVIEWS, Change, ItemRecord, ItemState
from schemas.points import point_id
from schemas.queries import Filters
from schemas.state_codec import encode_item
from stream.kafka.partitions import Partition
from stream.kafka.topics import ITEMS
from stream.state_files.records import JOURNAL_WRITER, WRITER_HEADER
from tests.support.contents import offer
from tests.support.index_backends import BACKENDS, content, opened, put, vector
from tests.support.index_side import Documents, Models, OneCollection, now_ms, writing_side
from tests.support.record_batches import MadeRecord, batch_of
from tests.support.waiting import until
from tests.support.watching import RememberedAlerts, watch
from workers.clock import SystemClock
from workers.index.writes import Reprice
from workers.search.prices.asked_prices import with_prices
from workers.state.fold import fold
from workers.state.projection import facets
from workers.watches.watch import filter_values, fits, passes
from workers.watches.watch_set import WatchSet
from workers.words.item import item_words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from schemas.points import Payload
    from stream.index.compose_writing import WritingSide
    from workers.index.interface import Index
    from workers.watches.watch import Watch

PARTITION = Partition(ITEMS, 0)
HOUR_MS = 3_600_000


@pytest.fixture(params=BACKENDS)
async def index(request: pytest.FixtureRequest) -> AsyncIterator[Index]:
    async with opened(request.param) as opened_index:
        yield opened_index


class ClockAhead(SystemClock):
    """A clock that a test sets ahead."""

    ahead_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms


class FailingAlerts(RememberedAlerts):
    """A broker that is away as often as it is told."""

    away = 0

    async def send(self, point: Payload, raised: Sequence[tuple[Watch, str]]) -> None:
        if self.away:
            self.away -= 1
            raise Unavailable("the broker is away")
        await super().send(point, raised)


class Stack:
    """Item records that events lead to, and an index worker that writes them. It can be started again."""

    def __init__(self, index: Index, *watches: Watch) -> None:
        self.index, self.alerts, self.watches = index, FailingAlerts(), WatchSet()
        for each in watches:
            self.watches.put(each)
        self.clock = ClockAhead()
        self.records: list[MadeRecord] = []
        self.commit = 0
        self._states: dict[str, ItemState] = {}
        self._side: WritingSide

    @property
    def alerted(self) -> list[tuple[str, str]]:
        """(watch, item) of each alert."""
        return [(alert_id.partition(":")[0], product_id) for product_id, alert_id in self.alerts.sent]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run an index worker, which begins at the commit or where the index says."""
        self._side = writing_side(
            OneCollection(self.index), Models(Documents()), watches=self.watches, alerts=self.alerts, clock=self.clock
        )
        await self._side.writers.refresh_until_available()
        self.begun = (await self._side.worker.start_offsets({PARTITION: self.commit}))[PARTITION]
        self._side.worker.assign([0])
        writing = asyncio.create_task(self._side.writers.run())
        try:
            yield
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    def record(self, topic: str, product_id: str, *, restored: bool = False, **fields: Any) -> None:
        """Fold an event, and append the record of its item to the log."""
        from schemas.events import parse

        body, arrived_at_ms = orjson.dumps({"product_id": product_id, **fields}), now_ms() + len(self.records)
        event = parse(topic, None, body, arrived_at_ms=arrived_at_ms, event_time_ms=arrived_at_ms)
        state = self._states[product_id] = fold(self._states.get(product_id, ItemState(product_id)), event)
        change = {"product" if topic == "products" else "price": Change(arrived_at_ms, 1)}
        value = encode_item(ItemRecord("w", state, NO_REVIEWS, change))
        headers = ((WRITER_HEADER, JOURNAL_WRITER),) if restored else ()
        self.records.append(MadeRecord(len(self.records), product_id.encode(), value, arrived_at_ms, headers))

    async def deliver(self, start: int = 0) -> None:
        """Hand the worker the records from here on, and return once they are acked."""
        await self._side.worker.handle(batch_of(PARTITION, *self.records[start:], generation_id=0))
        await until(lambda: self._side.assignment.committable().get(0, 0) == len(self.records), "all are acked")

    async def send(self, topic: str, product_id: str, **fields: Any) -> None:
        self.record(topic, product_id, **fields)
        await self.deliver(len(self.records) - 1)

    async def settled(self) -> list[tuple[str, str]]:
        """Return the alerts once no point has any that is not sent."""

        async def none() -> bool:
            return not await self.index.pending_alerts([0], 9)

        await until(none, "no alert is pending")
        return self.alerted


LAMP = watch("lamps", "desk lamp", max_price=40, currency="EUR")


async def price(stack: Stack, product_id: str, amount: float, **more: Any) -> None:
    await stack.send("prices", product_id, price=amount, currency="EUR", **more)


async def test_an_item_that_begins_to_match_raises_one_alert(index: Index) -> None:
    stack = Stack(index, LAMP, watch("cakes", "cake"))
    async with stack.running():
        await stack.send("products", "a", title="Brass lamp for a desk")
        await price(stack, "a", 50)
        assert await stack.settled() == []
        await price(stack, "a", 39.9)
        assert await stack.settled() == [("lamps", "a")]
        await price(stack, "a", 30)
        await stack.send("products", "a", title="Brass lamp for a small desk")
        assert await stack.settled() == [("lamps", "a")], "it has matched all the time"
        await price(stack, "a", 45)
        await price(stack, "a", 35)
        assert await stack.settled() == [("lamps", "a")] * 2
    assert len({alert_id for _, alert_id in stack.alerts.sent}) == 2


async def test_search_shows_an_item_before_its_alert_is_sent(index: Index) -> None:
    shown: list[bool] = []

    class Looking(RememberedAlerts):
        async def send(self, point: Payload, raised: Sequence[tuple[Watch, str]]) -> None:
            passing = await index.find_exact(point["product_id"], Filters(max_price=40, currency="EUR"))
            shown.append(passing == [point_id(point["product_id"])])

    stack = Stack(index, LAMP)
    stack.alerts = Looking()  # type: ignore[assignment]
    async with stack.running():
        await stack.send("products", "a", title="Desk lamp")
        await price(stack, "a", 50)
        await price(stack, "a", 20)
        await stack.settled()
    assert shown == [True]


async def test_a_new_item_and_one_with_a_new_text_raise_an_alert(index: Index) -> None:
    stack = Stack(index, watch("w", "walnut cake"), watch("brand", brand="acme"))
    async with stack.running():
        await stack.send("products", "a", title="Walnut cake", brand="ACME")
        await stack.send("products", "b", title="Cake")
        assert sorted(await stack.settled()) == [("brand", "a"), ("w", "a")]
        await stack.send("products", "b", title="Cake with walnuts", brand="Acme")
        assert sorted(await stack.settled())[2:] == [("w", "a"), ("w", "b")]


async def test_a_product_reaches_its_target_price_and_does_so_again_after_it_was_delisted(index: Index) -> None:
    stack = Stack(index, watch("target", product_id="a", max_price=10, currency="EUR"))
    async with stack.running():
        for product_id in ("a", "b"):
            await stack.send("products", product_id, title="Lamp")
            await price(stack, product_id, 12)
            await price(stack, product_id, 10)
        assert await stack.settled() == [("target", "a")]
        await stack.send("products", "a", op="delete")
        await stack.send("products", "a", title="Lamp")
        assert await stack.settled() == [("target", "a")], "its price was void with it"
        await price(stack, "a", 9)
        assert await stack.settled() == [("target", "a")] * 2


async def test_a_sale_window_that_opens_without_an_event_raises_an_alert(index: Index) -> None:
    stack = Stack(index, LAMP, watch("target", product_id="a", max_price=40, currency="EUR"))
    async with stack.running():
        await stack.send("products", "a", title="Desk lamp")
        await price(stack, "a", 50, sale_price=35, sale_starts_at=now_ms() + HOUR_MS)
        assert await stack.settled() == []
        stack.clock.ahead_ms = HOUR_MS
        await until(lambda: len(stack.alerted) == 2, "the sale raises both alerts")
        assert sorted(await stack.settled()) == [("lamps", "a"), ("target", "a")]
        assert len({alert_id for _, alert_id in stack.alerts.sent}) == 2


async def test_a_watch_that_names_a_seller_compares_the_price_of_that_seller(index: Index) -> None:
    sold: dict[str, Any] = {"seller": "B", "max_price": 40, "currency": "EUR"}
    stack = Stack(index, watch("lamps", "desk lamp", **sold), watch("target", product_id="a", **sold))
    async with stack.running():
        await stack.send("products", "a", title="Desk lamp")
        await price(stack, "a", 45, seller="B")
        await price(stack, "a", 39, seller="C")
        assert await stack.settled() == [], "another seller asks so much"
        await price(stack, "a", 40, seller="B")
        assert sorted(await stack.settled()) == [("lamps", "a"), ("target", "a")], "the lowest price is the same"
        await price(stack, "a", 30, seller="C")
        await price(stack, "a", 38, seller="B")
        assert len(await stack.settled()) == 2
        await price(stack, "a", 41, seller="B")
        await price(stack, "a", 50, seller="B", sale_price=35, sale_starts_at=now_ms() + HOUR_MS)
        assert len(await stack.settled()) == 2
        stack.clock.ahead_ms = HOUR_MS
        await until(lambda: len(stack.alerted) == 4, "the sale of B raises both alerts again, and is no event")
        assert len(await stack.settled()) == 4
    assert len({alert_id for _, alert_id in stack.alerts.sent}) == 4


async def test_a_watch_in_a_currency_compares_the_offers_in_it(index: Index) -> None:
    stack = Stack(index, watch("w", "lamp", max_price=12, currency="USD"))
    async with stack.running():
        await stack.send("products", "a", title="Desk lamp")
        await price(stack, "a", 10)
        await stack.send("prices", "a", price=13, currency="USD", seller="B")
        assert await stack.settled() == []
        await stack.send("prices", "a", price=12, currency="USD", seller="B")
        assert await stack.settled() == [("w", "a")]


async def test_an_alert_that_a_worker_did_not_send_before_it_ended_is_sent_by_the_next_one(index: Index) -> None:
    stack = Stack(index, LAMP)
    stack.alerts.away = 1_000_000
    async with stack.running():
        await stack.send("products", "a", title="Desk lamp")
        await price(stack, "a", 20)
    assert stack.alerted == [] and len(await index.pending_alerts([0], 9)) == 1
    stack.alerts.away = 0
    for commit in (0, 2):  # Its records come again, or do not.
        stack.commit = commit
        async with stack.running():
            if stack.begun == 0:
                await stack.deliver()
            assert await stack.settled() == [("lamps", "a")]


async def test_an_alert_waits_while_the_broker_is_away(index: Index) -> None:
    stack = Stack(index, LAMP)
    stack.alerts.away = 3
    async with stack.running():
        await stack.send("products", "a", title="Desk lamp")
        await price(stack, "a", 20)
        assert await stack.settled() == [("lamps", "a")]


async def test_an_alert_that_comes_back_after_it_was_sent_is_cleared_and_not_sent_again(index: Index) -> None:
    """A write that was planned before the alert was cleared carries it on."""
    stack = Stack(index, LAMP)
    async with stack.running():
        await stack.send("products", "a", title="Desk lamp")
        await price(stack, "a", 20)
        assert await stack.settled() == [("lamps", "a")]
        [(_, alert_id)] = stack.alerts.sent
        due = {"alerts_due": [f"lamps@{alert_id.rpartition(':')[2]}"], "alerts_due_at_ms": 1}
        point = (await index.stored(["a"]))["a"].payload
        await index.write([Reprice("a", point["version"], due)])
        await stack.send("products", "b", title="Desk lamp")
        await price(stack, "b", 20)  # It wakes the lane.
        assert sorted(await stack.settled()) == [("lamps", "a"), ("lamps", "b")]


async def test_an_alert_that_is_raised_while_another_one_is_sent_is_not_lost(index: Index) -> None:
    class Meanwhile(FailingAlerts):
        async def send(self, point: Payload, raised: Sequence[tuple[Watch, str]]) -> None:
            await super().send(point, raised)
            if len(self.sent) == 1:
                both = {"alerts_due": [*(point["alerts_due"] or ()), f"second@{point['version']}.1"]}
                await index.write([Reprice("a", point["version"], both)])

    stack = Stack(index, LAMP)
    stack.alerts = Meanwhile()
    async with stack.running():
        await stack.send("products", "a", title="Desk lamp")
        stack.watches.put(watch("second", "lamp"))  # The item matches it already.
        await price(stack, "a", 20)
        assert await stack.settled() == [("lamps", "a"), ("second", "a")]


async def test_records_that_come_again_raise_no_alert(index: Index) -> None:
    stack = Stack(index, LAMP)
    async with stack.running():
        await stack.send("products", "a", title="Desk lamp")
        await price(stack, "a", 20)
        assert await stack.settled() == [("lamps", "a")]
    async with stack.running():
        await stack.deliver()
        assert await stack.settled() == [("lamps", "a")]


async def test_an_index_that_was_lost_is_filled_again_without_an_alert(index: Index) -> None:
    stack = Stack(index, LAMP)
    stack.record("products", "a", title="Desk lamp")
    stack.record("prices", "a", price=20, currency="EUR")
    stack.commit = 2  # Their effects were acked once; this index has none of them.
    async with stack.running():
        assert stack.begun == 0
        await stack.deliver()
        assert await stack.settled() == []
        await stack.send("products", "b", title="Desk lamp")
        await price(stack, "b", 20)
        assert await stack.settled() == [("lamps", "b")]


async def test_what_the_journal_brings_back_raises_no_alert(index: Index) -> None:
    stack = Stack(index, LAMP)
    stack.record("products", "a", title="Desk lamp", restored=True)
    stack.record("prices", "a", price=20, currency="EUR", restored=True)
    async with stack.running():
        await stack.deliver()
        assert await stack.settled() == []


async def test_an_alert_for_an_item_that_matches_no_longer_is_not_sent(index: Index) -> None:
    stack = Stack(index, LAMP)
    stack.alerts.away = 1_000_000
    async with stack.running():
        await stack.send("products", "a", title="Desk lamp")
        await price(stack, "a", 20)
        assert len(await index.pending_alerts([0], 9)) == 1
        await price(stack, "a", 60)
    stack.alerts.away = 0
    async with stack.running():
        assert await stack.settled() == []


async def test_a_watch_that_ended_or_expired_raises_none(index: Index) -> None:
    stack = Stack(index, watch("ended", "lamp"), watch("expired", "lamp", expires_at_ms=now_ms()), watch("w", "lamp"))
    stack.watches.remove("ended")
    async with stack.running():
        await stack.send("products", "a", title="Desk lamp")
        assert await stack.settled() == [("w", "a")]


async def test_a_bug_in_a_watch_costs_its_alert_and_never_the_item(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise ValueError("a bug")

    stack = Stack(index, LAMP)
    monkeypatch.setattr(stack.watches, "asking", fail)
    async with stack.running():
        await stack.send("products", "a", title="Desk lamp")
        assert (await index.stored(["a"]))["a"].payload["title"] == {"und": "Desk lamp"}
        assert await stack.settled() == []


async def test_a_whole_point_that_is_written_keeps_the_alerts_that_are_pending(index: Index) -> None:
    stack = Stack(index, LAMP)
    stack.alerts.away = 1_000_000
    async with stack.running():
        await stack.send("products", "a", title="Desk lamp")
        await price(stack, "a", 20)
        await stack.send("products", "a", title="Desk lamp in brass")
        [point] = await index.pending_alerts([0], 9)
        assert point["title"] == {"und": "Desk lamp in brass"}
        assert [each.partition("@")[0] for each in point["alerts_due"] or ()] == ["lamps"]


async def test_points_with_pending_alerts_are_read_by_partition_oldest_first(index: Index) -> None:
    for number, product_id in enumerate(("a", "b", "c", "none")):
        await put(index, content(product_id, partition=number % 2), 1)
        if product_id != "none":
            due = {"alerts_due": ["w@1"], "alerts_due_at_ms": 10 - number}
            await index.write([Reprice(product_id, 1, due)])
    assert [each["product_id"] for each in await index.pending_alerts([0, 1], 9)] == ["c", "b", "a"]
    assert [each["product_id"] for each in await index.pending_alerts([0], 1)] == ["c"]
    await index.write([Reprice("c", 1, {"alerts_due": None, "alerts_due_at_ms": None})])
    assert [each["product_id"] for each in await index.pending_alerts([0], 9)] == ["a"]
    assert (await index.heads(["c"]))["c"]["alerts_due"] is None
    assert (await index.heads(["a"]))["a"]["alerts_due"] == ["w@1"]


FILTERS: tuple[dict[str, Any], ...] = (
    {"max_price": 5},
    {"min_price": 5},
    {"min_price": 2, "max_price": 9, "currency": "EUR"},
    {"currency": "USD"},
    {"seller": "A"},
    {"brand": "acme"},
    {"category": "LAMPS"},
    {"availability": "in_stock"},
    {"min_rating": 4},
    {"brand": ["acme", "ACME & co"]},
    {"category": ["lamps", "desks"], "availability": ["in_stock", "preorder"]},
    {"seller": ["B", "C"]},
    {"attribute": "color:RED"},
    {"attribute": ["color:green", "color:red", "dimmable:yes"]},
)


async def test_a_watch_and_a_search_have_the_same_filters(index: Index) -> None:
    items = [
        content(
            "a",
            price=5.0,
            currency="EUR",
            sellers=["A", "B"],
            brand="Acme",
            rating=4.0,
            attributes={"color": ["Red", "Blue"], "dimmable": True},
        ),
        content(
            "b",
            attributes={"color": "red"},
            price=9.5,
            currency="USD",
            category=["Home", "Lamps"],
            availability="in_stock",
            rating=3.9,
        ),
        content("c", brand="Acme & Co", category=["lamps"], availability="out_of_stock", name_keys=[]),
        content("d", price=1.0, currency="EUR", brand="acme", name_keys=[]),
        content("e", price=1.0, currency="EUR", sellers=["A"], status="delisted", brand="Acme", rating=5.0),
    ]
    for item in items:
        await put(index, item, 1, dense=vector(1))
    passing = 0
    for filters in FILTERS:
        asked = watch(**filters)
        for item in items:
            point = (await index.stored([item["product_id"]]))[item["product_id"]].payload
            said = item_words(point).counts.keys()
            matches = passes(asked, filter_values(point)) and fits(asked, point, said)
            found = point_id(item["product_id"]) in await index.find_exact(item["product_id"], Filters(**filters))
            assert matches == found, (filters, item["product_id"])
            passing += matches
    assert passing == 19


PRICES: tuple[dict[str, Any], ...] = (
    {"currency": "EUR", "seller": "B"},
    {"currency": "USD"},
    {"currency": "USD", "max_price": 12},
    {"currency": "USD", "min_price": 12.5},
    {"currency": "EUR", "seller": "B", "max_price": 9},
    {"currency": "EUR", "seller": ["B", "C"], "min_price": 7},
    {"currency": "EUR", "seller": ["B", "C"], "max_price": 6},
    {"currency": "EUR", "max_price": 6},
)


async def test_a_watch_and_a_search_compare_the_same_prices(index: Index) -> None:
    sale: dict[str, Any] = {"sale_price": 6.0, "sale_starts_at_ms": 1_000, "sale_ends_at_ms": 2_000}
    sold = {
        "a": [offer("shop", 10.0), offer("B", 12.0, "USD"), offer("C", 13.0, "USD")],
        "b": [offer("shop", 5.0), offer("B", 9.0), offer("C", 7.0)],
        "c": [offer("shop", 9.0), offer("B", 20.0, **sale)],
        "d": [offer("C", 6.0), offer("B", 13.0, "USD")],
        "e": [],
    }
    passing = 0
    for now in (999, 1_000, 2_000):
        for product_id, offers in sold.items():
            of_offers = facets(offers, NO_REVIEWS, now_ms=now, shop_currency=None)
            await put(index, content(product_id, **of_offers), now, dense=vector(1))
        for filters in PRICES:
            asked = watch(**filters)
            priced = await with_prices(index, Filters(**filters), None, now)
            for product_id in sold:
                point = (await index.stored([product_id]))[product_id].payload
                found = await priced.of.find_exact(product_id, Filters(**filters))
                matches = passes(asked, filter_values(point))
                assert matches == (found == [point_id(product_id)]), (now, filters, product_id)
                passing += matches
    assert passing == 38
