from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.items import NO_REVIEWS, Entity, ItemState, ReviewSummary
from schemas.state_codec import decode_review, encode_review, review_key, split_review_key
from tests.support.events_strategy import T0_MS, parsed, review_events
from tests.support.folding import folded
from tests.support.review_summary import summarised
from workers.state import reviews
from workers.state.projection import content

if TYPE_CHECKING:
    from schemas.events import Event


class Item:
    """The reviews of one item, and their summary kept in step."""

    def __init__(self) -> None:
        self.reviews: dict[str | None, Entity] = {}
        self.summary = NO_REVIEWS

    def take(self, event: Event) -> None:
        before, said = self.reviews.get(event.part), reviews.delta(event)
        after = said if before is None else reviews.join(before, said)
        self.reviews[event.part] = after
        self.summary = reviews.replaced(self.summary, before, after)


def taken(events: list[Event]) -> Item:
    item = Item()
    for event in events:
        item.take(event)
    return item


def review(rating: float = 5, review_id: str = "r", **body: Any) -> Event:
    return parsed("reviews", {"review_id": review_id, "rating": rating, **body})


def withdrawal(**body: Any) -> Event:
    return parsed("reviews", {"review_id": "r", "op": "delete", **body})


@given(
    st.lists(review_events, max_size=10).flatmap(lambda events: st.tuples(st.just(events), st.permutations(events * 2)))
)
def test_any_order_with_duplicates_gives_the_same_reviews_and_summary(case: tuple[list[Event], list[Event]]) -> None:
    events, shuffled = (taken(list(each)) for each in case)
    assert events.reviews == shuffled.reviews
    assert events.summary == shuffled.summary


@given(st.lists(review_events, max_size=10))
def test_the_summary_kept_in_step_is_that_of_all_reviews(events: list[Event]) -> None:
    item = taken(events)
    assert item.summary == summarised(item.reviews.values())
    assert item.summary.count == sum(item.summary.histogram)


def test_an_edited_review_counts_once_with_its_last_rating() -> None:
    item = taken([review(2, updated_at=1), review(4, updated_at=3), review(1, updated_at=2)])
    assert item.summary == ReviewSummary(1, 400, (0, 0, 0, 1, 0), T0_MS + 3)


def test_a_withdrawn_review_leaves_until_it_is_written_again() -> None:
    events = [review(2, updated_at=1), review(5, "s", updated_at=1), withdrawal(updated_at=2)]
    assert taken(events).summary == ReviewSummary(1, 500, (0, 0, 0, 0, 1), T0_MS + 2)
    assert taken([*events, review(2, updated_at=1)]).summary.count == 1
    assert taken([*events, review(3, updated_at=4)]).summary == ReviewSummary(2, 800, (0, 0, 1, 0, 1), T0_MS + 4)


def test_reviews_return_with_their_product_id_and_leave_where_they_are_withdrawn() -> None:
    relisted = [
        parsed("products", {"title": "Old toaster", "updated_at": 1}),
        parsed("products", {"op": "delete", "updated_at": 2}),
        parsed("products", {"title": "Different kettle", "updated_at": 3}),
    ]
    for reviewed, rating in (([review(1)], 1.0), ([review(1, updated_at=1), withdrawal(updated_at=4)], None)):
        item = content(folded(relisted), taken(reviewed).summary, partition=0, now_ms=0, shop_currency=None)
        assert (item["title"], item["rating"]) == ({"und": "Different kettle"}, rating)


def test_a_patch_alone_does_not_count() -> None:
    assert taken([parsed("reviews", {"review_id": "r", "op": "patch", "rating": 3})]).summary.count == 0


def test_half_stars_round_up_in_the_histogram_and_stay_exact_in_the_mean() -> None:
    summary = taken([review(4.5), review(2.25, "s")]).summary
    assert summary.histogram == (0, 1, 0, 0, 1)
    item = content(ItemState("a"), summary, partition=0, now_ms=0, shop_currency=None)
    assert (item["rating"], item["review_count"], item["rating_histogram"]) == (3.38, 2, [0, 1, 0, 0, 1])


@given(st.lists(review_events, min_size=1, max_size=5))
def test_a_review_comes_back_from_its_record(events: list[Event]) -> None:
    for entity in taken(events).reviews.values():
        assert decode_review(encode_review(entity)) == entity
        assert len(encode_review(entity)) < 200


ids = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


@given(ids, ids)
def test_the_key_of_a_review_names_item_and_review(product_id: str, review_id: str) -> None:
    assert split_review_key(review_key(product_id, review_id)) == (product_id, review_id)
