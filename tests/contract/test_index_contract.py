"""The suite that every index backend must pass.

These tests prove docs/invariants.md#1.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.points import point_id
from schemas.queries import Filters
from tests.support.index_backends import BACKENDS, content, ids, opened, planned, point_ids, put, vector
from tests.support.queries import search_lexical
from workers.index.conditions import FiltersNow
from workers.index.layout import HEAD_FIELDS
from workers.index.traits import Traits
from workers.index.writes import DenseVector, Patch, Reprice, Upsert
from workers.words.identity import without_names
from workers.words.query import query_terms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from workers.index.interface import Index

NONE = Filters()


@pytest.fixture(params=BACKENDS)
async def index(request: pytest.FixtureRequest) -> AsyncIterator[Index]:
    async with opened(request.param) as opened_index:
        yield opened_index


async def found_by_words(index: Index, text: str, filters: Filters = NONE) -> list[str]:
    return point_ids(await search_lexical(index, text, filters, 10))


async def found_by_vector(index: Index, *values: float) -> list[str]:
    return point_ids(await index.search_dense(vector(*values), NONE, 10))


async def everything_finds(index: Index, product_id: str) -> dict[str, bool]:
    """Each way to find an item named cake with gtin 4890008100309 in partition 0, and whether it does."""
    point = point_id(product_id)
    return {
        "words": point in await found_by_words(index, "cake"),
        "vector": point in await found_by_vector(index, 1),
        "product_id": point in await index.find_exact(product_id, NONE),
        "gtin": point in await index.find_exact("4890008100309", NONE),
        "browsing": point in await index.browse(NONE, 10, 0),
        "browsing in an order": point in await index.browse_by("price", NONE, 10, descending=True),
        "browsing for traits": point
        in [point async for part in index.browse_traits(NONE, ["price"]) for point in part],
        "count": await index.count(NONE) > 0,
        "filtered count": await index.count(Filters(min_price=1)) > 0,
    }


async def test_a_written_point_is_read_back_whole(index: Index) -> None:
    wanted = content("a", {"en": "Cake", "zh-Hant": "蛋糕"}, price=9.5, attributes={"n": [1, {"x": "é"}]})
    await put(index, wanted, 7, dense=vector(1, 2))
    stored = (await index.stored(["a", "missing"], vectors=True))["a"]
    assert {field: stored.payload[field] for field in wanted} == wanted  # type: ignore[literal-required]
    assert stored.payload["version"] == 7
    assert stored.dense == pytest.approx(vector(1, 2))
    assert (await index.payloads([point_id("a"), point_id("missing")])) == {point_id("a"): stored.payload}
    assert (await index.stored(["a"]))["a"].dense is None


async def test_vectors_are_read_alone_and_only_of_points_that_have_one(index: Index) -> None:
    await put(index, content("a"), 1, dense=vector(1, 2))
    await put(index, content("words alone"), 1)
    await put(index, content("hidden", status="delisted"), 1, dense=vector(1))
    found = await index.vectors([*ids("a", "words alone", "hidden", "missing")])
    assert list(found) == ids("a") and found[point_id("a")] == pytest.approx(vector(1, 2))
    assert await index.vectors([]) == {}


async def test_a_head_has_what_prices_and_reviews_change_and_tells_the_product_by_its_digest(index: Index) -> None:
    wanted = content("a", "Cake", price=9.5, partition=2, brand="Acme", left_out=["offers"])
    await put(index, wanted, 7)
    await index.write([Patch("a", 7, 8, {"version": 8, "product_digest": "d"})])
    stored, head = (await index.stored(["a"]))["a"].payload, (await index.heads(["a", "missing"]))["a"]
    assert {name: value for name, value in stored.items() if name in HEAD_FIELDS or value is None} == {
        name: value
        for name, value in head.items()
        if name in HEAD_FIELDS or stored[name] is None  # type: ignore[literal-required]
    }
    assert head["title"] is None and (head["version"], head["product_digest"], head["partition"]) == (8, "d", 2)
    assert list(await index.heads(["missing"])) == []
    assert await index.times(["a", "missing"]) == {"a": stored["searchable_at_ms"]}


async def test_no_id_is_taken_for_that_of_the_hidden_point(index: Index) -> None:
    await index.save_positions({"items-0": 1})
    hidden = ["\0positions"]
    assert await index.stored(hidden, vectors=True) == {}
    assert await index.heads(hidden) == {}
    assert await index.times(hidden) == {}


async def test_a_canary_is_found_by_the_watch_alone_and_is_in_no_count_and_no_scan(index: Index) -> None:
    for version, product_id, status in ((1, "freshline-canary-0-0", "canary"), (2, "a", "visible")):
        await put(index, content(product_id, "Garden cake", status=status, currency="EUR", price=5.0), version)
    canary = point_id("freshline-canary-0-0")
    found = await index.find_canary("freshline-canary-0-0")
    assert found is not None and found["status"] == "canary"
    assert await index.find_canary("freshline-canary-1-0") is None
    for typed in ("freshline-canary-0-0", "FRESHLINE CANARY 00"):
        assert await index.find_exact(typed, NONE) == []
    assert (await index.payloads([canary]))[canary]["status"] == "canary"
    assert (await index.count_points(), await index.count(NONE), await index.count(Filters(min_price=1))) == (1, 1, 1)
    assert canary not in await index.browse(NONE, 10, 0)
    assert canary not in await index.browse_by("price", NONE, 10, descending=False)
    assert [list(part) async for part in index.browse_traits(NONE, ["price"])] == [ids("a")]
    for query in ("cake", "garden canary", "freshline", "0"):
        assert canary not in await found_by_words(index, query)
    assert [payload["product_id"] async for page in index.scan() for payload in page] == ["a"]
    assert await index.count_pending_embeddings() == 1, "its own text is not embedded"
    await put(index, content("freshline-canary-0-0", status="canary", currency="EUR", price=6.0), 3)
    assert (await index.payloads([canary]))[canary]["price"] == 6.0


async def test_a_scan_may_be_of_some_partitions(index: Index) -> None:
    for version, (product_id, partition) in enumerate((("a", 0), ("b", 1), ("c", 2), ("gone", 2)), start=1):
        await put(
            index, content(product_id, partition=partition, status="visible" if version < 4 else "delisted"), version
        )
    scanned = {point["product_id"] async for page in index.scan((1, 2)) for point in page}
    assert scanned == {"b", "c", "gone"}
    assert [page async for page in index.scan((3,))] == []


async def test_an_id_like_that_of_a_canary_is_found_where_it_is_an_item_of_the_shop(index: Index) -> None:
    await put(index, content("Freshline Canary 00"), 1)
    await put(index, content("freshline-canary-0-0", status="canary"), 2)
    assert await index.find_exact("freshline canary 00", NONE) == ids("Freshline Canary 00")


async def test_an_older_whole_point_changes_nothing(index: Index) -> None:
    newer, older = planned(content("a", "new"), 9), planned(content("a", "old"), 8)
    assert newer.write is not None and older.write is not None
    await index.write([newer.write, older.write, planned(content("a", "same"), 9).write])  # type: ignore[list-item]
    assert (await index.stored(["a"]))["a"].payload["title"] == {"und": "new"}


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=12)  # Plans alone have a hundred, see test_plan.
@given(
    records=st.lists(st.sampled_from(["visible", "delisted"]), min_size=1, max_size=5),
    data=st.data(),
)
def test_the_newest_record_wins_whatever_the_order_of_reads_and_writes(
    backend: str, records: list[str], data: st.DataObject
) -> None:
    async def interleave() -> None:
        async with opened(backend) as index:
            plans: list[tuple[int, Patch | Upsert | Reprice | None]] = []
            unread = data.draw(st.permutations(range(len(records))))
            while unread or plans:
                if unread and (not plans or data.draw(st.booleans())):
                    version = unread.pop()
                    stored = (await index.stored(["a"], vectors=True)).get("a")
                    wanted = content("a", "cake", price=float(version), status=records[version])
                    plans.append((version, planned(wanted, version, dense=vector(1), stored=stored).write))
                else:
                    version, write = plans.pop(data.draw(st.integers(0, len(plans) - 1)))
                    unread += [version] if write is not None and await index.write([write]) else []
            [point] = (await index.stored(["a"])).values()
            assert (point.payload["version"], point.payload["price"]) == (len(records) - 1, len(records) - 1)
            visible = ids("a") if records[-1] == "visible" else []
            assert await found_by_words(index, "cake") == await found_by_vector(index, 1) == visible

    asyncio.run(interleave())


async def test_writes_of_one_call_apply_in_order(index: Index) -> None:
    writes = [planned(content("a", f"title {version}"), version).write for version in range(1, 6)]
    await index.write([write for write in writes if write is not None])
    assert (await index.stored(["a"]))["a"].payload["title"] == {"und": "title 5"}


async def test_a_patch_applies_only_to_the_version_that_it_was_planned_on(index: Index) -> None:
    await put(index, content("a", brand="one"), 5)
    assert await index.write([Patch("a", 4, 6, {"brand": "two", "version": 6})]) == {"a"}
    assert (await index.stored(["a"]))["a"].payload["brand"] == "one"
    assert await index.write([Patch("a", 5, 6, {"brand": "three", "version": 6})]) == set()
    assert await index.write([Patch("a", 5, 6, {"brand": "late", "version": 6})]) == set()
    stored = (await index.stored(["a"]))["a"].payload
    assert (stored["brand"], stored["version"]) == ("three", 6)


async def test_a_patch_of_a_missing_point_leaves_it_missing_and_asks_for_a_new_plan(index: Index) -> None:
    assert await index.write([Patch("ghost", 1, 2, {"brand": "x", "version": 2})]) == {"ghost"}
    assert await index.stored(["ghost"]) == {}


async def test_a_patch_leaves_both_vectors(index: Index) -> None:
    await put(index, content("a"), 1, dense=vector(1))
    await put(index, content("a", price=3.0, sellers=["shop"]), 2)
    assert await found_by_words(index, "cake", Filters(seller="shop")) == ids("a")
    assert await found_by_vector(index, 1) == ids("a")


async def test_a_sale_window_is_not_repriced_once_an_event_came(index: Index) -> None:
    await put(index, content("a", price=3.0, price_changes_at_ms=50), 5)
    await index.write([Reprice("a", 4, {"price": 1.0}), Reprice("ghost", 5, {"price": 1.0})])
    assert (await index.stored(["a"]))["a"].payload["price"] == 3.0
    await index.write([Reprice("a", 5, {"price": 2.0, "price_changes_at_ms": None})])
    stored = (await index.stored(["a"]))["a"].payload
    assert (stored["price"], stored["version"], await index.count_due_price_changes(99)) == (2.0, 5, 0)


async def test_an_item_is_found_until_it_is_hidden_and_again_when_it_returns(index: Index) -> None:
    wanted = content("a", price=2.0, gtin="4890008100309")
    await put(index, wanted, 1, dense=vector(1))
    assert all((await everything_finds(index, "a")).values())
    await put(index, {**wanted, "status": "delisted"}, 2)
    assert not any((await everything_finds(index, "a")).values())
    assert (await index.stored(["a"]))["a"].payload["status"] == "delisted"
    await put(index, wanted, 3, dense=vector(1))
    assert all((await everything_finds(index, "a")).values())


async def test_a_hidden_item_owes_nothing_and_has_no_window(index: Index) -> None:
    await put(index, content("a", price_changes_at_ms=5), 1)
    assert (await index.count_pending_embeddings(), await index.count_due_price_changes(9)) == (1, 1)
    await put(index, content("a", price_changes_at_ms=5, status="delisted"), 2)
    assert (await index.count_pending_embeddings(), await index.count_due_price_changes(9)) == (0, 0)
    assert await index.pending_embeddings([0], 10, newest=True) == await index.due_price_changes([0], 9, 10) == []


async def test_the_vector_of_a_pending_embedding_is_written_and_clears_it(index: Index) -> None:
    await put(index, content("a"), 1)
    [pending] = await index.pending_embeddings([0], 10, newest=True)
    assert pending["vector_due"] == pending["fingerprint"]
    assert await found_by_vector(index, 1) == []
    await index.write_dense([DenseVector("a", pending["fingerprint"] or "", vector(1))])
    paid = (await index.stored(["a"]))["a"].payload
    assert (paid["vector_due"], paid["vector_due_at_ms"]) == (None, None)
    assert paid["vector_fingerprint"] == paid["fingerprint"]
    assert await found_by_vector(index, 1) == ids("a")
    assert await index.count_pending_embeddings() == 0


async def test_a_vector_of_another_text_is_not_written(index: Index) -> None:
    await put(index, content("a", "first"), 1)
    [first] = await index.pending_embeddings([0], 10, newest=True)
    await put(index, content("a", "second"), 2)
    await put(index, content("gone", "third", status="parked"), 3)
    late = [DenseVector(each, first["fingerprint"] or "", vector(1)) for each in ("a", "gone", "ghost")]
    await index.write_dense(late)
    assert await found_by_vector(index, 1) == []
    assert await index.count_pending_embeddings() == 1
    assert await index.stored(["ghost"]) == {}


async def test_the_old_vector_serves_while_a_new_embedding_is_pending(index: Index) -> None:
    await put(index, content("a", "first"), 1, dense=vector(1))
    await put(index, content("a", "second"), 2)
    assert await found_by_vector(index, 1) == ids("a")
    pending = (await index.stored(["a"]))["a"].payload
    assert pending["vector_fingerprint"] not in (None, pending["fingerprint"])


async def test_a_vector_is_given_up_only_for_the_text_that_failed(index: Index) -> None:
    await put(index, content("a"), 1)
    fingerprint = (await index.stored(["a"]))["a"].payload["fingerprint"] or ""
    await index.mark_embedding_failed("a", "another", "NaN")
    assert await index.count_pending_embeddings() == 1
    await index.mark_embedding_failed("a", fingerprint, "NaN")
    assert await index.count_pending_embeddings() == 0
    assert (await index.stored(["a"]))["a"].payload["vector_failed"] == "NaN"
    assert await found_by_words(index, "cake") == ids("a")


async def test_pending_embeddings_come_newest_or_oldest_first_of_the_asked_partitions(index: Index) -> None:
    for number in range(6):
        await put(index, content(str(number), partition=number % 2), number, now_ms=100 + number)
    newest = await index.pending_embeddings([0, 1], 3, newest=True)
    assert [payload["product_id"] for payload in newest] == ["5", "4", "3"]
    oldest = await index.pending_embeddings([1], 2, newest=False)
    assert [payload["product_id"] for payload in oldest] == ["1", "3"]
    assert await index.pending_embeddings([7], 2, newest=False) == []
    assert await index.count_pending_embeddings() == 6


async def test_windows_that_have_turned_are_due(index: Index) -> None:
    for number, at_ms in enumerate((10, 20, 30, None)):
        await put(index, content(str(number), partition=number % 2, price_changes_at_ms=at_ms), 1)
    due = {payload["product_id"] for payload in await index.due_price_changes([0, 1], 20, 10)}
    assert (due, await index.count_due_price_changes(20)) == ({"0", "1"}, 2)
    assert [payload["product_id"] for payload in await index.due_price_changes([1], 20, 10)] == ["1"]


async def test_of_many_coming_price_changes_the_soonest_are_given(index: Index) -> None:
    for number, at_ms in enumerate((30, 10, 50, 20, None, 40)):
        status = "delisted" if number == 1 else "visible"
        await put(index, content(str(number), price_changes_at_ms=at_ms, status=status), 1)
    coming = await index.coming_price_changes(45, 2)
    assert [payload["price_changes_at_ms"] for payload in coming] == [20, 30]


async def test_every_filter_keeps_what_it_says(index: Index) -> None:
    a = content(
        "a",
        brand="Garden",
        category=["Food", "Cakes"],
        sellers=["X", "Y"],
        price=5.0,
        availability="in_stock",
        currency="EUR",
    )
    await put(index, {**a, "rating": 4.5}, 1, dense=vector(1))
    b = content("b", brand="Other", category=["Food"], sellers=["X"], price=9.0, availability="preorder")
    await put(index, b, 2, dense=vector(1, 1))
    wanted = {
        "min_price": (9, "b"), "max_price": (5, "a"), "seller": ("Y", "a"), "brand": ("Other", "b"),
        "category": ("Cakes", "a"), "currency": ("EUR", "a"), "availability": ("preorder", "b"),
        "min_rating": (4.5, "a"),
    }  # fmt: skip
    for name, (value, product_id) in wanted.items():
        filters = Filters(**{name: value})
        assert await found_by_words(index, "cake", filters) == ids(product_id), name
        assert point_ids(await index.search_dense(vector(1), filters, 9)) == ids(product_id), name
        assert await index.browse(filters, 10, 0) == ids(product_id), name
        assert await index.find_exact(product_id, filters) == ids(product_id), name
        assert await index.count(filters) == 1, name
    assert await index.count(Filters(seller="X", max_price=6, category="Food")) == 1
    for brand in ("garden", "GARDEN", " Garden", "\uff27arden"):
        assert await index.count(Filters(brand=brand)) == 1, brand
    assert await index.count(Filters(brand="Garde")) == 0
    assert await index.count(Filters(seller=" Y\u200b ")) == 1


async def test_prices_of_a_moment_go_before_the_stored_ones(index: Index) -> None:
    for product_id, price in (("a", 5.0), ("b", 5.0), ("c", 50.0), ("d", 50.0)):
        await put(index, content(product_id, price=price), 1, dense=vector(1))
    turned = FiltersNow(max_price=10, turned=tuple(ids("b", "c")), passing=tuple(ids("c")))
    nothing = FiltersNow(max_price=10, turned=tuple(ids("a", "b")), passing=())
    for filters, found in ((turned, ids("a", "c")), (nothing, [])):
        assert sorted(await index.browse(filters, 10, 0)) == sorted(found)
        assert await index.count(filters) == len(found)
        assert sorted(point_ids(await search_lexical(index, "cake", filters, 9))) == sorted(found)
        assert sorted(point_ids(await index.search_dense(vector(1), filters, 9))) == sorted(found)


async def test_the_traits_of_a_point_are_those_that_were_last_written(index: Index) -> None:
    a = content(
        "a", brand="Garden", category=["Food", "Cakes"], sellers=["X"], price=5.0, currency="EUR", item_group_id="g",
        availability="in_stock", attributes={"color": ["red"]}, updated_at_ms={"product": 7},
    )  # fmt: skip
    [point, gone] = ids("a", "gone")
    keys = ["brand:garden", "category:cakes", "category:food", "attributes.color:red"]
    await put(index, {**a, "rating": 4.5, "review_count": 3}, 1)
    assert (await index.traits([point, gone])) == {
        point: Traits(
            "a",
            "g",
            "Garden",
            ("Food", "Cakes"),
            (*keys,),
            ("X",),
            "in_stock",
            5.0,
            "EUR",
            4.5,
            3,
            7,
            {"color": ["red"]},
            (),
        )
    }
    await index.write([Patch("a", 1, 2, {"price": 6.0, "version": 2})])
    assert (await index.traits([point]))[point].price == 6.0
    await index.write([Reprice("a", 2, {"price": 4.0})])
    assert (await index.traits([point]))[point].price == 4.0
    await put(index, content("a", brand="Other"), 3)
    assert (await index.traits([point]))[point].brand == "Other"
    await put(index, content("a", status="delisted"), 4)
    assert await index.traits([point]) == await index.traits([]) == {}
    await put(index, content("gone"), 5)
    assert list(await index.traits([gone])) == [gone]


async def test_the_offers_of_an_item_are_traits_while_one_of_them_has_a_sale_price(index: Index) -> None:
    plain = {"seller": "A", "price": 9.0, "currency": "EUR", "promotion": {}, "updated_at_ms": 1, "sale_price": None}
    regular = {**plain, "sale_starts_at_ms": None, "sale_ends_at_ms": None}
    sale = {**regular, "seller": "B", "sale_price": 5.0, "sale_ends_at_ms": 2_000}
    unreadable = {**sale, "sale_ends_at_ms": "tomorrow"}
    many = [{**regular, "seller": f"S{number}"} for number in range(30)]
    cases = ([regular], 0), ([regular, sale], 2), ([regular, unreadable], 0), (many, 0), ([*many, sale], 31)
    for number, (offers, kept) in enumerate(cases):
        await put(index, content("a", offers=offers), number)
        [item] = (await index.traits(ids("a"), sales=True)).values()
        assert list(item.offers_with_sales) == offers[:kept]
        [item] = (await index.traits(ids("a"))).values()
        assert list(item.offers_with_sales) in (offers[:kept], [])


async def test_a_value_of_a_wrong_type_counts_as_absent(index: Index) -> None:
    await put(index, content("a"), 1)
    broken = {"price": "cheap", "rating": True, "category": "Food", "brand": 7, "updated_at_ms": None, "attributes": []}
    await index.write([Patch("a", 1, 2, {**broken, "version": 2})])
    [item] = (await index.traits(ids("a"))).values()
    assert (item.price, item.rating, item.category, item.brand, item.changed_at_ms) == (None, None, (), None, None)
    assert item.attributes == {}


async def test_traits_of_many_points_are_read(index: Index) -> None:
    writes = [planned(content(str(n), price=float(n)), n).write for n in range(300)]
    await index.write([write for write in writes if write is not None])
    found = await index.traits(ids(*map(str, range(300))))
    assert [item.price for item in found.values()] == [float(n) for n in range(300)]


async def test_the_currencies_are_those_of_the_prices_of_visible_items(index: Index) -> None:
    assert await index.currencies() == []
    for number, currency in enumerate(["EUR", "EUR", "USD", None]):
        await put(index, content(str(number), price=1.0, currency=currency), number, dense=vector(1))
    await put(index, content("parked", price=1.0, currency="JPY", status="parked"), 9)
    assert await index.currencies() == ["EUR", "USD"]
    await put(index, content("2", price=1.0, currency="EUR"), 10, dense=vector(1))
    assert await index.currencies() == ["EUR"]


async def test_the_sellers_are_those_of_visible_items(index: Index) -> None:
    assert await index.sellers() == []
    await put(index, content("a", sellers=["X", "Y"]), 1, dense=vector(1))
    await put(index, content("b", sellers=["Y"]), 2, dense=vector(1))
    await put(index, content("parked", sellers=["Z"], status="parked"), 3)
    assert await index.sellers() == ["Y", "X"]


@pytest.mark.parametrize("asked", ["Nestl\u00e9", "Nestle\u0301", "nestl\u00e9", "NESTL\u00c9", "Nest\u00adl\u00e9"])
@pytest.mark.parametrize("stored", ["Nestl\u00e9", "NESTLE\u0301"])
async def test_a_brand_and_a_category_are_found_however_they_are_written(index: Index, stored: str, asked: str) -> None:
    await put(index, content("a", brand=stored, category=["Food", stored]), 1, dense=vector(1))
    await put(index, content("b", brand="Nestle", category=["Nestle"]), 2, dense=vector(1))
    for filters in (Filters(brand=asked), Filters(category=asked)):
        assert await index.browse(filters, 10, 0) == ids("a")


async def test_a_point_of_an_earlier_release_is_found_by_its_brand_as_it_was_written(index: Index) -> None:
    await put(index, content("a", brand="Garden", name_keys=None), 1, dense=vector(1))
    assert await index.browse(Filters(brand="Garden"), 10, 0) == ids("a")


async def test_what_is_counted_is_what_can_be_found(index: Index) -> None:
    """Items that were hidden, came back, or are of another brand now."""
    for number in range(30):
        of = content(str(number), brand="Garden", category=["Food"], sellers=["X"], price=5.0)
        await put(index, of, 1, dense=vector(1))
    for number in range(10):
        await put(index, content(str(number), brand="Garden", price=5.0, status="delisted"), 2)
    for number in range(5):
        await put(index, content(str(number), brand="Garden", category=["Food"], price=5.0), 3, dense=vector(1))
    for number in range(20, 24):
        await put(index, content(str(number), brand="Other", price=9.0), 4, dense=vector(1))
    for filters in (NONE, *(Filters(**each) for each in (
        {"brand": "Garden"}, {"brand": "Other"}, {"category": "Food"}, {"seller": "X"}, {"min_price": 6},
        {"max_price": 6}, {"min_price": 4, "max_price": 6}, {"brand": "Garden", "max_price": 6},
    ))):  # fmt: skip
        assert await index.count(filters) == len(await index.browse(filters, 100, 0)), filters
    assert await index.count(Filters(brand="Garden")) == 21


async def test_browsing_pages_show_each_item_once(index: Index) -> None:
    for number in range(7):
        await put(index, content(str(number)), number)
    pages = [await index.browse(NONE, 3, offset) for offset in (0, 3, 6, 9)]
    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert len({point for page in pages for point in page}) == 7


async def test_an_exact_product_id_comes_before_the_same_gtin(index: Index) -> None:
    await put(index, content("z", gtin="123"), 1)
    await put(index, content("123"), 2)
    assert await index.find_exact("123", NONE) == ids("123", "z")
    assert await index.find_exact("12", NONE) == []


@pytest.mark.parametrize("query", ["蛋糕", "嘉頓 蛋糕", "嘉頓", "marbo", "CAKE"])
async def test_chinese_and_english_words_find(index: Index, query: str) -> None:
    await put(index, content("cake", {"en": "Garden Marbo Cake", "zh-Hant": "嘉頓 孖寶蛋糕 - 合桃 78克"}), 1)
    await put(index, content("milk", {"en": "Fresh Milk", "zh-Hant": "維他奶 鮮牛奶 946毫升"}), 2)
    assert await found_by_words(index, query) == ids("cake")


@pytest.mark.parametrize("query", ["", "!!!", "  "])
async def test_a_query_without_words_finds_nothing(index: Index, query: str) -> None:
    await put(index, content("a"), 1)
    assert await found_by_words(index, query) == []


async def test_rarer_words_weigh_more(index: Index) -> None:
    for number in range(5):
        await put(index, content(str(number), "cake chocolate"), number)
    await put(index, content("rare", "walnut biscuit"), 9)
    assert (await found_by_words(index, "cake walnut"))[0] == point_id("rare")


async def test_the_best_score_by_terms_is_that_of_a_visible_item(index: Index) -> None:
    terms = query_terms("walnut cake")
    assert await index.best_by_terms(terms) == await index.best_by_terms({}) == 0
    await put(index, content("a", "walnut cake with cream", brand="Garden"), 1)
    [best] = await index.search_terms(terms, NONE, 1)
    assert await index.best_by_terms(terms) == pytest.approx(best.score) and best.score > 0
    await put(index, content("b", "walnut cake"), 2)
    titled = (await index.search_terms(terms, NONE, 2))[0]
    assert titled.point_id == point_id("b") and await index.best_by_terms(terms) == pytest.approx(titled.score)
    assert 0 < await index.best_by_terms(without_names(terms)) < titled.score / 3
    for product_id in ("a", "b"):
        await put(index, content(product_id, "walnut cake", status="delisted"), 3)
    assert await index.best_by_terms(terms) == 0


async def test_positions_are_kept_by_name_and_never_found(index: Index) -> None:
    assert await index.positions() == {}
    await index.save_positions({"0": 5, "3": 8})
    await index.save_positions({"3": (1 << 40) + 9})
    assert await index.positions() == {"0": 5, "3": (1 << 40) + 9}
    assert [page async for page in index.scan()] == []
    assert await index.browse(NONE, 10, 0) == [] and await index.count(NONE) == 0
    assert await index.count_pending_embeddings() == 0


async def test_a_scan_meets_every_point_once(index: Index) -> None:
    hidden = [planned(content(f"h{number}", status="parked"), number).write for number in range(300)]
    await index.write([write for write in hidden if write is not None])
    await put(index, content("seen"), 1)
    scanned = [payload["product_id"] async for page in index.scan() for payload in page]
    assert sorted(scanned) == sorted([f"h{number}" for number in range(300)] + ["seen"])


async def test_nothing_to_write_is_no_error(index: Index) -> None:
    assert await index.write([]) == set()
    await index.write_dense([])
    assert await index.stored([]) == {}
    assert await index.payloads([]) == {}


async def test_more_writes_than_fit_one_batch_all_arrive(index: Index) -> None:
    writes = [planned(content(str(n)), n).write for n in range(150)] + [
        Patch(str(n), n, 1_000, {"price": 1.0, "version": 1_000}) for n in range(150)
    ]
    assert all(isinstance(write, Upsert | Patch) for write in writes)
    assert await index.write([write for write in writes if write is not None]) == set()
    assert await index.count(Filters(min_price=1)) == 150


@pytest.mark.parametrize(
    "typed",
    ["0095205603217", "95205603217", "095205603217", "00095205603217", "0095-2056 03217", "００９５２０５６０３２１７"],
)
async def test_a_gtin_is_found_however_it_is_typed(index: Index, typed: str) -> None:
    await put(index, content("a", gtin="0095205603217"), 1)
    await put(index, content("b", gtin="0095205603218"), 2)
    assert await index.find_exact(typed, NONE) == ids("a")


@pytest.mark.parametrize("typed", ["AB-12/3", "ab-12/3", "ab123", "AB 12 3"])
async def test_a_product_id_is_found_however_it_is_typed_and_as_it_is_comes_first(index: Index, typed: str) -> None:
    for version, product_id in enumerate(("AB-12/3", "ab123", "AB124")):
        await put(index, content(product_id), version)
    found = await index.find_exact(typed, NONE)
    assert sorted(found) == sorted(ids("AB-12/3", "ab123"))
    assert found[0] == (point_id(typed) if typed in ("AB-12/3", "ab123") else min(found))


async def test_a_number_as_product_id_is_found_with_and_without_its_zeros_and_as_it_is_comes_first(
    index: Index,
) -> None:
    for version, product_id in enumerate(("0012345678", "12345678", "1234567800")):
        await put(index, content(product_id), version)
    for typed, other in (("0012345678", "12345678"), ("12345678", "0012345678")):
        assert await index.find_exact(typed, NONE) == ids(typed, other)
    assert sorted(await index.find_exact("012345678", NONE)) == sorted(ids("0012345678", "12345678"))


async def test_a_brand_is_known_whatever_its_case(index: Index) -> None:
    await put(index, content("a", brand="St. Ives"), 1)
    await put(index, content("b", brand="Nestlé", status="delisted"), 2)
    assert [await index.has_brand(text) for text in ("st. ives", "ST IVES", "ives", "nestle", "?")] == [
        True, True, False, False, False,
    ]  # fmt: skip


async def test_a_title_a_brand_and_an_id_are_known_as_names_and_a_part_of_them_is_not(index: Index) -> None:
    await put(index, content("AB-12", "Over 100 Puzzles", brand="Under 5", gtin="0095205603218"), 1)
    await put(index, content("b", "Between 5 and 9", status="delisted"), 2)
    for named in ("over 100 puzzles", "UNDER 5", "ab12", "95205603218"):
        assert await index.has_name(named), named
    for text in ("over 100", "puzzles", "between 5 and 9", "?", "b c"):
        assert not await index.has_name(text), text


async def test_equal_scores_have_one_order_for_every_limit(index: Index) -> None:
    for number in range(60):
        await put(index, content(f"p{number}", f"cake {number % 3}", brand="Garden"), number, dense=vector(1))
    words = point_ids(await search_lexical(index, "cake", NONE, 60))
    near = point_ids(await index.search_dense(vector(1), NONE, 60))
    assert words == near == sorted(ids(*(f"p{number}" for number in range(60))))
    for limit in (1, 2, 10, 20, 59):
        assert point_ids(await search_lexical(index, "cake", NONE, limit)) == words[:limit]
        assert point_ids(await index.search_dense(vector(1), NONE, limit)) == near[:limit]


async def test_a_ranking_ends_at_the_least_score_that_is_asked_for(index: Index) -> None:
    for number in range(40):
        text = " ".join(["walnut", *(f"w{word}" for word in range(number))])
        await put(index, content(f"p{number}", text, brand="Garden"), number, dense=vector(1, number / 10))
    for filters in (NONE, Filters(brand=("Garden",))):
        words = await search_lexical(index, "walnut", filters, 40)
        near = await index.search_dense(vector(1), filters, 40)
        for rank in (0, 7, 39):
            score = words[rank].score
            said = await index.search_terms(query_terms("walnut"), filters, 40, score)
            assert said == [each for each in words if each.score >= score]
            cosine = near[rank].score
            assert await index.search_dense(vector(1), filters, 40, cosine) == [x for x in near if x.score >= cosine]


async def test_scores_by_words_are_those_of_bm25_on_every_backend(index: Index) -> None:
    """Robertson and Zaragoza 2009. Their ratio is free of the document frequency, which counts items of other tests."""
    await put(index, content("title", "walnut", category=[]), 1)
    await put(index, content("described", "big cake", description={"und": "walnut"}, category=[]), 2)
    best, other = await search_lexical(index, "walnut bread", NONE, 10)
    assert [best.point_id, other.point_id] == ids("title", "described")
    saturated = [count * 1.6 / (count + 0.6 * (0.2 + 0.8 * length / 75)) for count, length in ((3, 3), (1, 7))]
    assert best.score / other.score == pytest.approx(saturated[0] / saturated[1], abs=1e-3)
