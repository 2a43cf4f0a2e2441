"""Each rule of the fold, with a property of its own.

These tests prove docs/invariants.md#5 and docs/invariants.md#6.
"""

from __future__ import annotations

from functools import reduce
from itertools import permutations
from typing import Any
from unittest import mock

from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.items import NO_REVIEWS, ItemState
from schemas.stamps import Stamp
from tests.support.events_strategy import T0_MS, parsed, price_events, product_events
from tests.support.folding import folded
from tests.support.review_summary import summarised
from workers.state import fold, limits, reviews
from workers.state.limits import OFFERS_MAX
from workers.state.projection import content


def product(title: Any = "lamp", **body: Any) -> Any:
    return parsed("products", {"title": title, **body})


def patch(topic: str = "products", **body: Any) -> Any:
    return parsed(topic, {"op": "patch", **body})


def delete(topic: str = "products", **body: Any) -> Any:
    return parsed(topic, {"op": "delete", **body})


def price(amount: float = 1, seller: str = "x", **body: Any) -> Any:
    return parsed("prices", {"price": amount, "currency": "EUR", "seller": seller, **body})


def shown(*events: Any, now_ms: int = 100) -> Any:
    return content(folded(events), NO_REVIEWS, partition=3, now_ms=T0_MS + now_ms, shop_currency=None)


def prices(*events: Any) -> dict[str, float]:
    return {offer["seller"]: offer["price"] for offer in shown(*events)["offers"]}


stamps = st.builds(Stamp, st.integers(-1, 3), st.integers(0, 3), st.sampled_from(["a", "b"]))
times = st.integers(0, 50)
words_or_none = st.none() | st.sampled_from(["red", "green", "blue"])


class TestStamps:
    @given(stamps, stamps, stamps)
    def test_they_are_totally_ordered(self, a: Stamp, b: Stamp, c: Stamp) -> None:
        assert (a < b) + (a == b) + (a > b) == 1
        if a < b < c:
            assert a < c

    def test_a_version_outranks_none_so_that_no_three_events_form_a_cycle(self) -> None:
        a, b, c = (
            product("A", version=1, updated_at=30),
            product("B", version=2, updated_at=10),
            product("C", updated_at=20),
        )
        assert {shown(*order)["title"]["und"] for order in permutations([a, b, c])} == {"B"}

    @given(times, times, st.permutations(range(2)))
    def test_without_versions_the_later_at_the_source_wins(self, one: int, other: int, order: list[int]) -> None:
        events = [product("one", updated_at=one), product("other", updated_at=other)]
        title = shown(*(events[n] for n in order))["title"]["und"]
        assert one == other or title == ("one" if one > other else "other")

    def test_equal_stamps_but_different_content_are_ordered_by_their_digest(self) -> None:
        events = [product(title, updated_at=5) for title in "abc"]
        assert len({shown(*order)["title"]["und"] for order in permutations(events)}) == 1


class TestFloors:
    @given(times, st.permutations(range(2)))
    def test_an_upsert_clears_what_it_does_not_name_if_that_is_older(self, at: int, order: list[int]) -> None:
        events = [product(brand="old", colour="red", updated_at=20), product("new", updated_at=at)]
        item = shown(*(events[n] for n in order))
        kept = at < 20
        assert (item["brand"], item["attributes"]) == (("old", {"colour": "red"}) if kept else (None, {}))

    @given(product_events, product_events)
    def test_a_patch_leaves_what_it_does_not_name(self, event: Any, other: Any) -> None:
        before = folded([event, other])
        after = fold.fold(before, patch(brand="patched", version=7, updated_at=12))
        assert after.product.facts["brand"].value == "patched"
        untouched = (
            before.product.facts.items() - {("brand", before.product.facts.get("brand"))} if _plain(before) else []
        )
        assert all(after.product.facts[key] == register for key, register in untouched)

    def test_a_patch_older_than_the_upsert_is_below_its_floor(self) -> None:
        assert shown(product(updated_at=5), patch(brand="late", updated_at=4))["brand"] is None
        assert shown(product(updated_at=5), patch(brand="newer", updated_at=6))["brand"] == "newer"


def _plain(state: ItemState) -> bool:
    """Return whether all values can stand in a set."""
    return all(not isinstance(register.value, list) for register in state.product.facts.values())


class TestLanguagesAndAttributes:
    def test_languages_fold_one_by_one(self) -> None:
        item = shown(
            product({"en": "lamp", "fr": "lampe"}, updated_at=1),
            patch(title={"zh-Hant": "燈"}, updated_at=2),
            patch(title={"fr": None}, updated_at=3),
        )
        assert item["title"] == {"en": "lamp", "zh-Hant": "燈"}

    @given(st.lists(st.tuples(st.sampled_from(["en", "fr", "zh-Hant"]), words_or_none, st.integers(2, 40)), max_size=8))
    def test_each_language_has_its_latest_text(self, changes: list[tuple[str, str | None, int]]) -> None:
        latest = {language: (at, text) for language, text, at in sorted(changes, key=lambda each: each[2])}
        times = [(language, at) for language, _, at in changes]
        assume(len(times) == len(set(times)))
        patches = [patch(title={language: text}, updated_at=at) for language, text, at in changes]
        item = shown(product({"en": "lamp"}, updated_at=1), *patches)
        wanted = {"en": "lamp"} | {language: text for language, (_, text) in latest.items()}
        assert item["title"] == {language: text for language, text in wanted.items() if text}

    def test_a_plain_text_replaces_all_languages(self) -> None:
        item = shown(product({"en": "lamp", "fr": "lampe"}, updated_at=1), patch(title="luminaire", updated_at=2))
        assert item["title"] == {"und": "luminaire"}

    def test_null_clears_all_languages_below_it_and_no_later_ones(self) -> None:
        text = patch(description={"en": "a"}, updated_at=2), patch(description={"fr": "b"}, updated_at=4)
        for order in permutations([product(updated_at=1), *text, patch(description=None, updated_at=3)]):
            assert shown(*order)["description"] == {"fr": "b"}

    @given(st.permutations([("red", 2), ("blue", 3), (None, 4), ("green", 5)]), st.integers(1, 4))
    def test_attributes_fold_key_by_key(self, colours: list[tuple[str | None, int]], taken: int) -> None:
        some = colours[:taken]
        size = patch(size=4, updated_at=2)
        item = shown(product(updated_at=1), size, *(patch(colour=colour, updated_at=at) for colour, at in some))
        latest = max(some, key=lambda each: each[1])[0]
        assert item["attributes"] == {"size": 4} | ({"colour": latest} if latest else {})


class TestDeleteAndVoid:
    @given(times, times, st.booleans(), st.permutations(range(3)))
    def test_a_delisting_hides_what_is_older_and_voids_its_offers(
        self, at: int, offered_at: int, null: bool, order: list[int]
    ) -> None:
        gone = delete(updated_at=20)
        events = [product(updated_at=at), price(updated_at=offered_at), gone]
        item = shown(*(events[n] for n in order))
        # of equal times of two product events the digest decides, but never so that a delete of that time is overtaken
        assert item["status"] == ("visible" if at > 20 else "delisted")
        assert bool(item["offers"]) == (offered_at > 20)

    def test_a_null_record_delists_even_what_has_a_version(self) -> None:
        null = parsed("products", None)  # its time is that of its record
        assert shown(product(version=9, updated_at=5), price(version=3), null)["status"] == "delisted"
        assert shown(product(version=9, updated_at=10_001), null)["status"] == "visible"

    def test_the_greatest_versioned_delete_and_the_latest_unversioned_one_both_hold(self) -> None:
        deletes = delete(version=5, updated_at=10), delete(updated_at=30)
        for order in permutations([product(version=6, updated_at=20), *deletes]):
            assert shown(*order)["status"] == "delisted"
        for order in permutations([product(version=4, updated_at=40), *deletes]):
            assert shown(*order)["status"] == "delisted"
        for order in permutations([product(version=6, updated_at=40), *deletes]):
            assert shown(*order)["status"] == "visible"

    @given(product_events.filter(lambda event: event.op == "patch"))
    def test_a_patch_never_revives(self, late: Any) -> None:
        revived = shown(product(updated_at=1), delete(version=3, updated_at=2), late, patch(title="back", version=9))
        assert revived["status"] == "delisted"

    def test_a_stale_price_does_not_come_back_with_the_item(self) -> None:
        back = price(1, "x", updated_at=5), price(2, "y", updated_at=15), delete(updated_at=10), product(updated_at=20)
        for order in permutations(back):
            assert prices(*order) == {"y": 2}

    def test_a_void_fact_stays_hidden_when_a_lower_stamp_is_later(self) -> None:
        older_but_greater = price(1, version=2, updated_at=5)
        assert (
            prices(product(updated_at=20), older_but_greater, price(9, version=1, updated_at=15), delete(updated_at=10))
            == {}
        )

    @given(price_events.filter(lambda event: event.op != "upsert"))
    def test_a_withdrawn_offer_returns_only_by_an_upsert(self, event: Any) -> None:
        seller = event.part
        withdrawn = product(), price(3, seller, updated_at=1), delete("prices", seller=seller, version=6, updated_at=12)
        assert prices(*withdrawn, event) == {}
        assert prices(*withdrawn, event, price(4, seller, version=7)) == {seller: 4}


class TestParked:
    @given(st.lists(price_events, max_size=4))
    def test_what_comes_before_its_product_waits_and_shows_with_it(self, offers: list[Any]) -> None:
        before = shown(*offers)
        assert (before["status"], before["title"]) == ("parked", {})
        assert shown(*offers, product())["status"] == "visible"
        assert shown(*offers, product())["offers"] == before["offers"]

    def test_a_patch_alone_is_parked_and_shows_with_its_upsert(self) -> None:
        early = patch(brand="Garden", title={"fr": "lampe"}, updated_at=5)
        assert shown(early)["status"] == "parked"
        both = shown(early, product({"en": "lamp"}, updated_at=4))
        assert (both["status"], both["brand"], both["title"]) == ("visible", "Garden", {"en": "lamp", "fr": "lampe"})

    def test_a_product_whose_title_was_cleared_is_parked(self) -> None:
        assert shown(product(updated_at=1), patch(title=None, updated_at=2))["status"] == "parked"

    def test_an_offer_that_was_only_patched_does_not_show(self) -> None:
        assert prices(product(), patch("prices", seller="x", price=2, currency="EUR")) == {}


class TestSaleWindows:
    @given(st.integers(0, 40), st.integers(0, 20), st.integers(21, 40))
    def test_the_price_is_a_function_of_the_state_and_now(self, now_ms: int, starts: int, ends: int) -> None:
        sale = price(10, sale_price=8, sale_starts_at=starts, sale_ends_at=ends)
        item = shown(product(), sale, price(9, "y"), now_ms=now_ms)
        on_sale = starts <= now_ms < ends
        assert (item["price"], item["currency"]) == (8 if on_sale else 9, "EUR")
        boundaries = [T0_MS + boundary for boundary in (starts, ends) if boundary > now_ms]
        assert item["price_changes_at_ms"] == min(boundaries, default=None)

    def test_between_two_boundaries_the_price_stays(self) -> None:
        events = (
            product(),
            price(10, sale_price=8, sale_starts_at=5, sale_ends_at=9),
            price(7, "y", sale_price=6, sale_starts_at=7),
        )
        now_ms, seen = 0, []
        while True:
            item = shown(*events, now_ms=now_ms)
            until = item["price_changes_at_ms"]
            seen.append((now_ms, item["price"]))
            if until is None:
                break
            now_ms = until - T0_MS
            assert shown(*events, now_ms=now_ms - 1)["price"] == item["price"]
        assert seen == [(0, 7), (5, 7), (7, 6), (9, 6)]

    def test_a_sale_price_that_is_not_below_the_price_is_none(self) -> None:
        on_sale = price(10, sale_price=8, updated_at=1)
        assert shown(product(), on_sale)["price"] == 8
        assert shown(product(), on_sale, patch("prices", seller="x", price=7, updated_at=2))["price"] == 7
        assert shown(product(), price(10, sale_price=12))["price"] == 10

    def test_without_a_shops_currency_the_shops_own_offer_says_it_however_many_offer_in_others(self) -> None:
        own = parsed("prices", {"price": 9, "currency": "EUR"})
        others = [parsed("prices", {"price": 1, "currency": "USD", "seller": str(n)}) for n in range(5)]
        for number in range(6):
            item = shown(product(), own, *others[:number])
            assert (item["price"], item["currency"]) == (9, "EUR")
        assert shown(product(), *others)["currency"] == "USD"

    def test_the_lowest_price_is_that_in_the_shops_currency(self) -> None:
        offers = [price(5, "x"), price(6, "y"), parsed("prices", {"price": 1, "currency": "USD", "seller": "z"})]
        state = folded([product(), *offers])

        def lowest(currency: str | None) -> tuple[float | None, str | None]:
            item = content(state, NO_REVIEWS, partition=0, now_ms=0, shop_currency=currency)
            assert item["currencies"] == ["EUR", "USD"]
            return item["price"], item["currency"]

        assert (lowest(None), lowest("USD"), lowest("HKD")) == ((5, "EUR"), (1, "USD"), (None, None))


class TestLimits:
    @given(st.permutations(range(24)), st.sets(st.integers(0, 19)), st.sampled_from([20, 2**40]))
    def test_live_offers_never_yield_to_sellers_who_withdrew(
        self, order: list[int], live: set[int], version: int
    ) -> None:
        """Whatever the versions, times and order of the others: of the fewer than 24 sellers none is left out."""
        offers = [price(n, f"seller {n}", updated_at=n, version=version - n if n % 2 else None) for n in range(20)]
        gone = [delete("prices", seller=f"seller {n}", updated_at=40, version=version) for n in set(range(20)) - live]
        own = [parsed("prices", {"price": 9, "currency": "EUR", "version": 1, "updated_at": 1}), product()]
        events = [*offers, *gone, *own]
        events = [events[n] for n in order if n < len(events)] + events
        with mock.patch.object(limits, "SELLERS_MAX", 21):
            assert set(prices(*events)) == {f"seller {n}" for n in live} | {"shop"}

    def test_sellers_who_came_and_went_push_out_nobody(self) -> None:
        events = [product(), price(5, "cheap", updated_at=1), price(7, "shop", version=1, updated_at=1)]
        for n in range(500):
            seller = f"s{n}"
            events += [
                price(9, seller, version=n + 2, updated_at=n + 2),
                delete("prices", seller=seller, version=n + 3, updated_at=n + 3),
            ]
        assert prices(*events) == {"cheap": 5, "shop": 7}
        later = [patch("prices", seller="cheap", price=4), price(6, "shop", version=2)]
        assert prices(*events, *later) == {"cheap": 4, "shop": 6}
        assert shown(*events)["left_out"] == []

    def test_texts_and_promotions_do_not_yield_to_sellers_who_came_and_went(self) -> None:
        texts = {"title": "Lamp", "description": "d" * 9_000, "attributes": {f"k{n}": "v" * 62 for n in range(255)}}
        promotion = {"en": "Free shipping", "de": "Versand frei"}
        state = folded([product(**texts), price(5, "x", promotion=promotion)])
        sellers = [price(9, f"s{n}", updated_at=1) for n in range(limits.SELLERS_MAX - 1)]
        for event in [*sellers, *(delete("prices", seller=event.part, updated_at=2) for event in sellers)]:
            state = fold.join(state, fold.delta(event))
        item = content(state, NO_REVIEWS, partition=0, now_ms=0, shop_currency=None)
        assert item["offers"][0]["promotion"] == promotion
        assert (item["description"], item["attributes"]) == ({"und": texts["description"]}, texts["attributes"])
        assert item["left_out"] == []

    def test_promotions_of_very_many_sellers_keep_fewer_languages_and_it_is_told(self) -> None:
        promotion = {f"l{chr(97 + n)}": "Two for one" for n in range(6)}
        offers = [price(9, f"s{n}", updated_at=1) for n in range(limits.SELLERS_MAX - 1)]
        item = shown(product(), *offers, price(5, "x", promotion=promotion))
        kept = limits.promotion_languages(limits.SELLERS_MAX)
        assert (kept, len(next(o for o in item["offers"] if o["seller"] == "x")["promotion"])) == (4, 4)
        assert item["left_out"] == ["offers", "promotions"]

    def test_beyond_the_limit_of_sellers_the_shop_itself_stays_and_it_is_told(self) -> None:
        offers = [price(n, f"seller {n}", updated_at=n) for n in range(30)]
        own = price(1, "shop", updated_at=1)
        with mock.patch.object(limits, "SELLERS_MAX", 20):
            state, evicted = folded([product(), own]), 0
            for offer in offers:
                before, state = state, fold.fold(state, offer)
                evicted += fold.count_evicted(before, offer, state)
            assert folded([*reversed(offers), own, product()]) == state
        assert (evicted, len(state.offers), "shop" in state.offers) == (11, 20, True)
        item = content(state, NO_REVIEWS, partition=0, now_ms=0, shop_currency=None)
        assert item["left_out"] == ["offers"]

    def test_of_very_many_offers_the_shops_own_and_the_cheapest_are_shown(self) -> None:
        offers = [price(10 + n, f"seller {n:03}", updated_at=1) for n in range(OFFERS_MAX + 50)]
        item = shown(product(), *offers, price(999, "shop"), parsed("prices", {"price": 1, "currency": "USD"}))
        sellers = [offer["seller"] for offer in item["offers"]]
        assert sellers == [f"seller {n:03}" for n in range(OFFERS_MAX - 1)] + ["shop"]
        assert (item["price"], len(item["sellers"]), item["left_out"]) == (10, OFFERS_MAX + 51, ["offers"])

    def test_languages_and_attributes_have_a_limit(self) -> None:
        tags = [f"l{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(300)]
        titles = [patch(title={tag: "x"}, updated_at=n + 1) for n, tag in enumerate(tags)]
        attributes = [patch(updated_at=n + 1, **{f"key{n}": str(n)}) for n in range(300)]
        state, evicted = folded([product(updated_at=0)]), 0
        for change in (*titles, *attributes):
            before, state = state, fold.fold(state, change)
            evicted += fold.count_evicted(before, change, state)
        item = content(state, NO_REVIEWS, partition=0, now_ms=0, shop_currency=None)
        assert len(item["title"]) == limits.PARTS_MAX["title"]
        assert set(item["attributes"].values()) == {str(n) for n in range(300 - limits.PARTS_MAX["attributes"], 300)}
        assert evicted == (301 - limits.PARTS_MAX["title"]) + 300 - limits.PARTS_MAX["attributes"]
        assert item["left_out"] == ["title", "attributes"]

    def test_what_was_cleared_goes_first_and_is_not_told_as_left_out(self) -> None:
        before = product(updated_at=1, **{f"old{n}": n for n in range(200)})
        after = product(updated_at=2, **{f"new{n}": n for n in range(200)})
        item = shown(before, after)
        assert (len(item["attributes"]), item["left_out"]) == (200, [])
        more = [patch(updated_at=3, attributes={f"more{n}": n for n in range(100)})]
        item = shown(before, after, *more)
        assert (len(item["attributes"]), item["left_out"]) == (limits.PARTS_MAX["attributes"], ["attributes"])

    def test_what_an_event_clears_is_not_evicted(self) -> None:
        before = folded([product(updated_at=0, color="red", brand="A")])
        again = product(updated_at=1)
        assert fold.count_evicted(before, again, fold.fold(before, again)) == 0

    def test_more_languages_share_the_room_of_one(self) -> None:
        texts = [patch(description={language: language * 10_000}, updated_at=2) for language in ("en", "fr")]
        sizes = [len(text.encode()) for text in shown(product(updated_at=1), *texts)["description"].values()]
        assert sizes == [limits.DESCRIPTION_BYTES // 2] * 2


@given(st.sampled_from(["products", "prices", "reviews"]), st.none() | st.integers(0, 6), words_or_none)
def test_of_two_changes_at_the_same_version_and_millisecond_the_delete_wins(
    topic: str, version: int | None, word: str | None
) -> None:
    named: Any = {"products": {}, "prices": {"seller": "x"}, "reviews": {"review_id": "r"}}[topic]
    said: Any = {
        "products": {"title": word or "x"},
        "prices": {"price": 1, "currency": "EUR"},
        "reviews": {"rating": 5},
    }[topic]
    at = {"updated_at": 5, "version": version, "extra": word, **named}
    upsert, gone = parsed(topic, {**said, **at}), parsed(topic, {"op": "delete", **at})
    for events in ((upsert, gone), (gone, upsert)):
        if topic == "reviews":
            assert summarised([reduce(reviews.join, map(reviews.delta, events))]).count == 0
        elif topic == "prices":
            assert prices(product(), *events) == {}
        else:
            assert shown(*events)["status"] == "delisted"
