"""Records whose product has not changed: their plan, from offers and reviews alone, is that of the whole record."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import ForeignRecord
from schemas.items import NO_REVIEWS, Change, ItemRecord
from schemas.logged_item import LoggedItem
from schemas.state_codec import encode_item
from tests.support.events_strategy import NOW_MS, item_events, parsed, price_events, review_events
from tests.support.folding import folded
from tests.support.review_summary import summarised
from workers.embedder.interface import ModelId
from workers.index.layout import HEAD_FIELDS, complete_payload
from workers.index.stored import Stored
from workers.index.writes import Patch, Upsert
from workers.point.plan import Action, patch_facets, plan, same_product
from workers.state import reviews
from workers.state.logged_offers import logged_offers
from workers.state.projection import PROJECTION_VERSION, content, facets, product_digest

if TYPE_CHECKING:
    from schemas.events import Event
    from schemas.points import Payload

PARTITION = 3


def logged(events: list[Event], rated: list[Event]) -> LoggedItem:
    summary = summarised([reviews.delta(event) for event in rated])
    return LoggedItem(encode_item(ItemRecord("me", folded(events), summary, {"price": Change(1, 1)})))


def planned(stored: Payload | None, item: LoggedItem, version: int) -> Any:
    wanted = content(item.state, item.reviews, partition=PARTITION, now_ms=NOW_MS, shop_currency=None)
    point = None if stored is None else Stored(stored, None)
    return plan(
        point,
        wanted,
        version=version,
        model=ModelId("m", "1", 2),
        cached=lambda _: None,
        now_ms=NOW_MS + version,
        product_digest=product_digest(item),
    )


def written(events: list[Event], rated: list[Event]) -> Payload:
    made = planned(None, logged(events, rated), 1)
    assert isinstance(made.write, Upsert)
    return made.write.payload


def head(stored: Payload) -> Payload:
    return complete_payload({name: cast("dict[str, Any]", stored)[name] for name in HEAD_FIELDS})


@given(
    st.lists(item_events, max_size=8),
    st.lists(review_events, max_size=2),
    st.lists(price_events, max_size=3),
    st.lists(review_events, max_size=2),
)
def test_a_known_product_gives_the_plan_that_the_whole_record_gives(
    before: list[Event], rated: list[Event], prices: list[Event], more: list[Event]
) -> None:
    stored, item = written(before, rated), logged([*before, *prices], [*rated, *more])
    same = same_product(head(stored), PARTITION, product_digest(item))
    assert same == (stored["status"] == "visible"), "no price changes the product"
    if same:
        of_facets = facets(logged_offers(item), item.reviews, now_ms=NOW_MS, shop_currency=None)
        assert patch_facets(head(stored), item, of_facets, 2, NOW_MS + 2) == planned(stored, item, 2)


def by_many_sellers(**fields: Any) -> list[Event]:
    """The offers of 30 sellers, the last of them with these fields besides, and one of them withdrawn."""
    offers = [{"seller": f"many {number}", "price": number + 1, "currency": "USD"} for number in range(30)]
    offers[-1] |= fields
    withdrawn = {"seller": "many 7", "op": "delete", "updated_at": NOW_MS - 5}
    return [parsed("prices", {"updated_at": NOW_MS - 10, **body}) for body in (*offers, withdrawn)]


SALE = {"sale_price": 0.5, "sale_starts_at": NOW_MS - 1, "sale_ends_at": NOW_MS + 9}


@pytest.mark.parametrize(
    "fields",
    [{}, SALE, {"currency": "EUR"}, {"promotion": {"en": "two for one"}}],
    ids=["plain", "sale", "euro", "promotion"],
)
@given(before=st.lists(item_events, max_size=4), prices=st.lists(price_events, max_size=3))
def test_the_offers_of_many_sellers_give_the_plan_that_the_whole_record_gives(
    fields: dict[str, Any], before: list[Event], prices: list[Event]
) -> None:
    lamp = parsed("products", {"title": "lamp", "updated_at": NOW_MS - 20, "version": 2**40})
    offered = [lamp, *by_many_sellers(**fields)]
    stored, item = written([*before, *offered], []), logged([*before, *offered, *prices], [])
    assert same_product(head(stored), PARTITION, product_digest(item))
    of_facets = facets(logged_offers(item), item.reviews, now_ms=NOW_MS, shop_currency=None)
    assert patch_facets(head(stored), item, of_facets, 2, NOW_MS + 2) == planned(stored, item, 2)


@given(st.lists(item_events, max_size=8), item_events)
def test_the_digest_differs_wherever_the_product_in_the_state_does(before: list[Event], event: Event) -> None:
    one, other = folded(before), folded([*before, event])
    digests = [product_digest(logged(events, [])) for events in (before, [*before, event])]
    same = (one.product, one.deleted_unversioned_ms) == (other.product, other.deleted_unversioned_ms)
    assert (digests[0] == digests[1]) == same


def test_an_older_version_writes_nothing_and_a_newer_one_raises_the_version() -> None:
    lamp = [parsed("products", {"title": "lamp", "updated_at": 1})]
    stored, item = written(lamp, []), logged(lamp, [])
    of_facets = facets(logged_offers(item), item.reviews, now_ms=NOW_MS, shop_currency=None)
    assert patch_facets(head(stored), item, of_facets, 1, NOW_MS).action is Action.SKIP
    made = patch_facets(head(stored), item, of_facets, 2, NOW_MS)
    assert made.write == Patch("a", 1, 2, {"version": 2}) and made.became_searchable == ()


@pytest.mark.parametrize("field", ["product_digest", "fingerprint"])
def test_a_point_without_digest_or_hidden_is_read_whole_and_then_has_its_digest(field: str) -> None:
    """Points of earlier releases have no digest."""
    lamp = [parsed("products", {"title": "lamp", "updated_at": 1})]
    stored, item = written(lamp, []), logged(lamp, [])
    before = cast("Payload", {**stored, field: None})
    assert not same_product(head(before), PARTITION, product_digest(item))
    made = planned(before, item, 2)
    assert {**before, **made.write.payload}["product_digest"] == product_digest(item)


def test_a_point_in_another_partition_is_read_whole() -> None:
    lamp = [parsed("products", {"title": "lamp", "updated_at": 1})]
    assert not same_product(written(lamp, []), PARTITION + 1, product_digest(logged(lamp, [])))


def test_what_is_foreign_in_the_product_part_is_found_when_it_is_read() -> None:
    item = LoggedItem(encode_item(ItemRecord("me", folded([]), NO_REVIEWS, {})).replace(b'"p":{}', b'"p":{"f":[]}'))
    with pytest.raises(ForeignRecord):
        _ = item.record


def test_who_changes_what_the_projection_makes_of_a_product_raises_its_version() -> None:
    """Points keep the product that they have as long as the digest says that it is the same.

    If this fails, raise PROJECTION_VERSION, and put the two new values here.
    """
    product = {
        "title": {"en": "Red <b>lamp</b>", "zh-Hant": "燈"}, "description": "A lamp. " * 40, "brand": "Acmé & Co",
        "category": ["Home", "Lamps"], "attributes": {"colour": "red", "watts": 60, "sizes": [1, {"a": 2}]},
        "link": "https://shop/lamp", "image_link": "https://shop/lamp.png", "gtin": "4890008100309",
        "item_group_id": "g", "availability": "in_stock", "updated_at": 1,
    }  # fmt: skip
    states = [folded([parsed("products", body)]) for body in (product, {"op": "delete", "updated_at": 2})]
    shown = [content(state, NO_REVIEWS, partition=0, now_ms=0, shop_currency=None) for state in states]
    digest = hashlib.blake2b(orjson.dumps(shown, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()
    assert (PROJECTION_VERSION, digest) == (3, "43ea67718acafa96")
