"""The inverted index over watches finds what a loop over all of them finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.contents import content, offer
from tests.support.watching import watch
from workers.state.prices import price_changes_at_ms, price_now
from workers.state.projection import name_keys
from workers.watches.watch import NOTHING, filter_values
from workers.watches.watch_set import Side, WatchSet, newly_matching
from workers.words.item import item_words

if TYPE_CHECKING:
    from schemas.points import Content
    from workers.watches.watch import Watch

NOW_MS = 1_000
prices = st.none() | st.sampled_from([1.0, 2.5, 5.0, 9.0])
some = st.none()
words = st.sampled_from(["lamp", "desk lamp", "lamps for a desk", "cake", "500 ml", "蛋糕", "wi-fi", "wi fi", "brass"])
currencies = st.sampled_from(["EUR", "USD"])


@st.composite
def watches(draw: st.DrawFn) -> list[Watch]:
    return [_watch(draw, str(number)) for number in range(draw(st.integers(1, 8)))]


def _watch(draw: st.DrawFn, watch_id: str) -> Watch:
    filters: dict[str, Any] = {
        "max_price": draw(prices),
        "min_price": draw(prices),
        "seller": draw(some | st.sampled_from(["A", "B", ["A", "B"]])),
        "brand": draw(some | st.sampled_from(["Acme", "ACME", "Other", ["Acme", "Other"]])),
        "category": draw(some | st.sampled_from(["Lamps", "Food", ["Lamps", "Food"]])),
        "availability": draw(some | st.sampled_from(["in_stock", "out_of_stock", ["in_stock", "preorder"]])),
        "attribute": draw(some | st.sampled_from(["color:Red", ["color:red", "color:blue", "size:M"]])),
        "min_rating": draw(some | st.sampled_from([2.0, 4.0])),
    }
    bounded = any(filters[name] is not None for name in ("max_price", "min_price"))
    filters["currency"] = draw(currencies if bounded else some | currencies)
    expires_at_ms = draw(st.sampled_from([NOW_MS, NOW_MS + 1]))
    product_id = draw(some | st.sampled_from(["a", "b"]))
    query = None if product_id else draw(some | words)
    return watch(watch_id, query, product_id, expires_at_ms=expires_at_ms, **filters)


SALE = ("sale_price", "sale_starts_at_ms", "sale_ends_at_ms")
sale = st.sampled_from([(None, None, None), (1.0, None, None), (1.0, NOW_MS, NOW_MS + 5), (2.0, None, NOW_MS)])
sold = st.dictionaries(
    st.sampled_from(["A", "B", "C"]), st.tuples(st.sampled_from([2.5, 5.0, 9.0]), currencies, sale), max_size=3
)


@st.composite
def facets(draw: st.DrawFn) -> dict[str, Any]:
    at_ms = draw(st.sampled_from([NOW_MS - 1, NOW_MS, NOW_MS + 5]))
    offers = [
        offer(seller, price, currency, **dict(zip(SALE, on_sale, strict=True)))
        for seller, (price, currency, on_sale) in draw(sold).items()
    ]
    price, currency = price_now(offers, None, at_ms)
    return {
        "status": draw(st.sampled_from(["visible", "visible", "delisted"])),
        "offers": offers,
        "sellers": [each["seller"] for each in offers],
        "price": price,
        "currency": currency,
        "price_changes_at_ms": price_changes_at_ms(offers, at_ms),
        "rating": draw(some | st.sampled_from([1.0, 2.0, 3.0, 5.0])),
    }


products = st.fixed_dictionaries(
    {
        "title": words.map(lambda text: {"en": text}),
        "description": some.map(lambda _: {}) | words.map(lambda text: {"en": text}),
        "brand": some | st.sampled_from(["Acme", "Other"]),
        "category": st.lists(st.sampled_from(["Lamps", "Food"]), unique=True),
        "availability": some | st.sampled_from(["in_stock", "out_of_stock"]),
        "attributes": st.sampled_from([{}, {"color": "red"}, {"color": ["Blue", "Green"], "size": "M"}]),
    }
)


def point(product: dict[str, Any], facet: dict[str, Any], *, keyed: bool = True) -> Content:
    keys = name_keys(product["brand"], product["category"], product["attributes"]) if keyed else None
    return content(**product, **facet, name_keys=keys)


def by_loop(found: list[Watch], before: Content | None, after: Content) -> set[str]:
    """The definition: each watch that the item matches after and not before."""
    sides = [Side(before), Side(after)]
    matched = [{each.watch_id for each in found if newly_matching([each], Side(None), side, NOW_MS)} for side in sides]
    return matched[1] - matched[0]


def filled(found: list[Watch]) -> WatchSet:
    made = WatchSet()
    for each in found:
        made.put(each)
    return made


@given(watches(), st.none() | st.tuples(products, facets()), products, facets(), st.booleans())
def test_a_change_of_the_product_finds_what_a_loop_finds(
    found: list[Watch],
    was: tuple[dict[str, Any], dict[str, Any]] | None,
    product: dict[str, Any],
    facet: dict[str, Any],
    keyed: bool,
) -> None:
    made, before = filled(found), None if was is None else point(*was, keyed=keyed)
    after = point(product, facet, keyed=keyed)
    candidates = made.of_product("a") + made.asking(after, item_words(after).counts.keys())
    assert len({each.watch_id for each in candidates}) == len(candidates)
    new = newly_matching(candidates, Side(before), Side(after), NOW_MS)
    assert {each.watch_id for each in new} == by_loop(found, before, after)


@given(watches(), products, facets(), facets())
def test_a_change_of_price_sellers_or_rating_finds_what_a_loop_finds(
    found: list[Watch], product: dict[str, Any], was: dict[str, Any], now: dict[str, Any]
) -> None:
    made, before, after = filled(found), point(product, was), point(product, now)
    turning = made.turning(filter_values(before), filter_values(after))
    if turning is None:
        assert not (filter_values(before).visible and filter_values(after).visible)
        return
    new = newly_matching(made.of_product("a") + turning, Side(before), Side(after), NOW_MS)
    assert {each.watch_id for each in new} == by_loop(found, before, after)


@given(watches(), st.sets(st.integers(0, 7)), products, facets(), facets())
def test_a_removed_or_replaced_watch_is_as_if_it_had_never_been(
    found: list[Watch], removed: set[int], product: dict[str, Any], was: dict[str, Any], now: dict[str, Any]
) -> None:
    made = filled([*found, *found])
    for number in removed:
        made.remove(str(number))
        made.remove(str(number))
    kept = [each for each in found if int(each.watch_id) not in removed]
    assert {each.watch_id for each in made} == {each.watch_id for each in kept} and len(made) == len(kept)
    after = point(product, now)
    candidates = made.of_product("a") + made.asking(after, item_words(after).counts.keys())
    new = newly_matching(candidates, Side(point(product, was)), Side(after), NOW_MS)
    assert {each.watch_id for each in new} == by_loop(kept, point(product, was), after)
    for each in kept:
        made.remove(each.watch_id)
    assert not len(made) and not made.turning(filter_values(after), filter_values(after))
    assert made.asking(after, item_words(after).counts.keys()) == [] == made.of_product("a")


def test_the_lowest_of_two_sellers_rises_above_a_bound_where_the_cheaper_one_leaves() -> None:
    asked, product = watch("w", seller=["A", "B"], min_price=4, currency="EUR"), {"title": {"en": "Lamp"}}
    offers = [offer("A", 3.0), offer("B", 5.0)]
    both = content(**product, offers=offers, sellers=["A", "B"], price=3.0, currency="EUR")
    one = content(**product, offers=offers[1:], sellers=["B"], price=5.0, currency="EUR")
    assert filled([asked]).turning(filter_values(both), filter_values(one)) == [asked]
    assert newly_matching([asked], Side(both), Side(one), NOW_MS) == [asked]


def test_too_many_turned_watches_are_left_to_the_words_of_the_item() -> None:
    made = WatchSet(turning_max=2)
    for number in range(3):
        made.put(watch(str(number), "lamp", max_price=5, currency="EUR"))
    before, after = (NOTHING._replace(visible=True, prices={(None, "EUR"): price}) for price in (9.0, 4.0))
    assert made.turning(before, after) is None
    made.remove("0")
    turned = made.turning(before, after)
    assert turned is not None and {each.watch_id for each in turned} == {"1", "2"}


def test_an_owner_has_as_many_watches_as_were_put() -> None:
    made = filled([watch("1", "lamp", owner="x"), watch("2", product_id="a", owner="x"), watch("3", "lamp", owner="y")])
    assert (made.count_of("x"), made.count_of("y"), made.count_of("z")) == (2, 1, 0)
    made.remove("2")
    assert (made.count_of("x"), len(made)) == (1, 2)
