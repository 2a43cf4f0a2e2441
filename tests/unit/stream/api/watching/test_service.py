"""The service of watches: what it takes, what it refuses, and how watches end by themselves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from schemas.errors import Conflict, NotFound, RefusedRequest, Unauthorized, Unavailable
from schemas.watches import EXPIRES_SECONDS, ShownWatch, WatchesRequest, WatchRequest
from stream.api.watching.service import BOUNDS, WatchBounds, WatchParts, WatchService
from stream.kafka.cluster import Cluster
from stream.runtime.metrics import IndexMetrics
from stream.watches.alert_feed import AlertFeed
from stream.watches.feed import WatchFeed
from stream.watches.watch_log import WatchLog
from tests.support.contents import offer
from tests.support.index_backends import content, opened, put
from tests.support.index_side import Confirming
from tests.support.queries import OneIndex
from workers.search.hits import Shop
from workers.watches.watch_set import WatchSet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SEARCH: dict[str, Any] = {"owner": "somebody", "q": "Desk lamp for me"}
OFFERS = [offer("shop", 9.0), offer("B", 12.0), offer("C", 10.0, "USD")]


class Bench:
    """A service over an index, whose clock the test sets."""

    def __init__(
        self,
        index: Any,
        bounds: WatchBounds = BOUNDS,
        keys: dict[str, SecretStr] | None = None,
    ) -> None:
        self.index, self.ms, self.caught_up, self.kafka = index, 1_000, True, Confirming()
        self.metrics = IndexMetrics(CollectorRegistry())
        watches, written = WatchSet(), WatchLog(self.kafka, 4)
        alerts = AlertFeed(Cluster(""), 4, others_write=False)
        feed = WatchFeed(
            watches, written, alerts, kafka=Cluster(""), partitions=4, clock=self, gauge=self.metrics.watching.watches,
            others_write=False,
        )  # fmt: skip
        self.parts = WatchParts(watches, written, alerts, feed)
        context: Any = SimpleNamespace(
            collections=OneIndex(index), shop=Shop(None, ("en",)), clock=self, as_of=self, metrics=self.metrics
        )
        self.service = WatchService(context, self.parts, bounds, keys)

    def now_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.ms / 1000

    def thread_s(self) -> float:
        return 0.0

    async def refused(self, **fields: Any) -> str:
        with pytest.raises(RefusedRequest) as refused:
            await self.service.watch(WatchRequest(**(SEARCH | fields)), None)
        return refused.value.field


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with opened("edge") as index:
        await put(index, content("P1", price=9.0, currency="EUR", offers=OFFERS, sellers=["B", "C", "shop"]), 1)
        await put(index, content("gone", status="delisted"), 1)
        await put(index, content("freshline-canary-0", status="canary"), 1)
        yield Bench(index)


async def test_a_watch_is_on_its_topic_and_in_force_once_it_is_answered(bench: Bench) -> None:
    made = await bench.service.watch(WatchRequest(**SEARCH, brand="Acme"), None)
    assert (made.words, made.matches_now) == (["desk", "lamp", "me"], None)
    assert made.expires_at > made.created_at
    assert len(bench.kafka.sent) == 1 and bench.parts.watches.get(made.id) is not None
    assert bench.service.shown(made.id, None) == made
    ended = await bench.service.unwatch(made.id, None)
    assert ended == made and bench.kafka.sent[1][2] is None and not len(bench.parts.watches)
    with pytest.raises(NotFound):
        await bench.service.unwatch(made.id, None)
    assert len(bench.kafka.sent) == 2


async def test_the_watch_of_a_product_says_whether_it_has_the_price_already(bench: Bench) -> None:
    for product_id, target, matches in (("P1", 9, True), ("P1", 8, False), ("gone", 9, False)):
        asked = WatchRequest(owner="x", product_id=product_id, target_price=target, currency="EUR")
        assert (await bench.service.watch(asked, None)).matches_now is matches


async def test_the_watch_of_a_product_compares_the_seller_and_the_currency_that_it_names(bench: Bench) -> None:
    for target, currency, seller, matches in ((12, "EUR", "B", True), (11, "EUR", "B", False), (10, "USD", None, True)):
        asked = WatchRequest(owner="x", product_id="P1", target_price=target, currency=currency, seller=seller)
        assert (await bench.service.watch(asked, None)).matches_now is matches


async def test_the_watch_of_a_product_is_refused_in_a_currency_that_no_offer_of_it_is_in(bench: Bench) -> None:
    pounds: dict[str, Any] = {"q": None, "product_id": "P1", "target_price": 9, "currency": "GBP"}
    assert await bench.refused(**pounds) == "currency"
    gone = WatchRequest(**(SEARCH | pounds | {"product_id": "gone"}))
    assert (await bench.service.watch(gone, None)).matches_now is False


async def test_an_unknown_product_is_refused_and_while_the_index_is_behind_not_yet(bench: Bench) -> None:
    for product_id in ("P9", "freshline-canary-0"):
        asked: dict[str, Any] = {"q": None, "product_id": product_id, "target_price": 1, "currency": "EUR"}
        assert await bench.refused(**asked) == "product_id"
        bench.caught_up = False
        with pytest.raises(Unavailable, match="ask again"):
            await bench.service.watch(WatchRequest(**(SEARCH | asked)), None)
        bench.caught_up = True
    assert bench.kafka.sent == []


async def test_a_query_without_a_word_is_refused(bench: Bench) -> None:
    assert await bench.refused(q="!!") == "q"


async def test_an_owner_and_a_stack_have_so_many_watches_at_most(bench: Bench) -> None:
    small = Bench(bench.index, bounds=WatchBounds(watches_max=3, of_owner_max=2))
    for _ in range(2):
        await small.service.watch(WatchRequest(**SEARCH), None)
    assert await small.refused() == "owner"
    await small.service.watch(WatchRequest(**(SEARCH | {"owner": "other"})), None)
    with pytest.raises(Conflict, match="which is the most"):
        await small.service.watch(WatchRequest(**(SEARCH | {"owner": "third"})), None)


async def test_a_watch_ends_by_itself(bench: Bench) -> None:
    short = await bench.service.watch(WatchRequest(**SEARCH, expires_in_seconds=60), None)
    long = await bench.service.watch(WatchRequest(**SEARCH), None)
    bench.ms += 59_999
    await bench.parts.feed.end_expired()
    assert bench.service.shown(short.id, None) == short
    bench.ms += 1
    with pytest.raises(NotFound):
        bench.service.shown(short.id, None)
    await bench.parts.feed.end_expired()
    assert [each.watch_id for each in bench.parts.watches] == [long.id]
    assert bench.kafka.sent[-1][1:3] == (short.id.encode(), None)
    [gauge] = bench.metrics.watching.watches.collect()
    assert [sample.value for sample in gauge.samples] == [1]


async def test_a_watch_belongs_to_the_key_that_set_it(bench: Bench) -> None:
    older = await bench.service.watch(WatchRequest(**SEARCH), None)
    keys = {"shop": SecretStr("k" * 16), "app": SecretStr("a" * 16)}
    keyed = Bench(bench.index, bounds=WatchBounds(of_owner_max=1), keys=keys)
    keyed.parts.watches.put(bench.parts.watches.get(older.id) or pytest.fail("it is not in force"))
    for wrong in (None, "", "k" * 15, "shop"):
        with pytest.raises(Unauthorized, match="FRESHLINE_WATCH_KEYS"):
            keyed.service.key_of(wrong)
    shop, app = keyed.service.key_of("k" * 16), keyed.service.key_of("a" * 16)
    made = await keyed.service.watch(WatchRequest(**SEARCH), shop)
    assert (made.key, keyed.service.shown(made.id, shop)) == ("shop", made)
    with pytest.raises(NotFound):
        keyed.service.shown(made.id, app)
    with pytest.raises(NotFound):
        await keyed.service.unwatch(made.id, app)
    assert keyed.service.shown(older.id, app).key is None, "one that was set before belongs to no key"
    await keyed.service.watch(WatchRequest(**SEARCH), app)
    with pytest.raises(RefusedRequest, match="owner"):
        await keyed.service.watch(WatchRequest(**SEARCH), app)
    assert await keyed.service.unwatch(made.id, shop) == made


async def test_a_key_lists_its_own_watches_a_page_at_a_time(bench: Bench) -> None:
    keyed = Bench(bench.index, keys={"shop": SecretStr("k" * 16), "app": SecretStr("a" * 16)})
    owned = [await keyed.service.watch(WatchRequest(**SEARCH), "shop") for _ in range(3)]
    other = await keyed.service.watch(WatchRequest(**(SEARCH | {"owner": "other"})), "shop")
    await keyed.service.watch(WatchRequest(**SEARCH), "app")
    found: list[ShownWatch] = []
    after: str | None = None
    for _ in range(4):
        page = keyed.service.listed(WatchesRequest(limit=1, after=after), "shop")
        found, after = [*found, *page.watches], page.next
    assert (found, after) == (sorted([*owned, other], key=lambda each: each.id), None)
    of_owner = keyed.service.listed(WatchesRequest(owner="other"), "shop")
    assert (of_owner.watches, of_owner.next) == ([other], None)
    await keyed.service.unwatch(other.id, "shop")
    assert keyed.service.listed(WatchesRequest(owner="other"), "shop").watches == []
    keyed.ms += 1_000 * EXPIRES_SECONDS
    assert keyed.service.listed(WatchesRequest(), "shop").watches == []


async def test_without_keys_watches_are_not_listed(bench: Bench) -> None:
    with pytest.raises(Conflict, match="FRESHLINE_WATCH_KEYS"):
        bench.service.listed(WatchesRequest(), None)


async def test_without_keys_whoever_has_the_id_has_the_watch(bench: Bench) -> None:
    assert bench.service.key_of("whatever") is None is bench.service.key_of(None)
    keyed = Bench(bench.index, keys={"shop": SecretStr("k" * 16)})
    made = await keyed.service.watch(WatchRequest(**SEARCH), "shop")
    bench.parts.watches.put(keyed.parts.watches.get(made.id) or pytest.fail("it is not in force"))
    assert bench.service.shown(made.id, None).key == "shop"
