"""The factors of an item's weight."""

from __future__ import annotations

from math import inf, nan
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.traits import traits
from workers.merchandising.factors import (
    DAY_MS,
    Availability,
    Boost,
    Factor,
    Moment,
    Newness,
    Popularity,
    PriceDrop,
    Rating,
    Reviews,
    Sellers,
)
from workers.merchandising.weights import ItemWeights

NOW = Moment(100 * DAY_MS, "EUR")
FACTORS: list[Factor] = [
    Rating(strength=1),
    Reviews(strength=1),
    Availability(strength=1),
    Boost(strength=1, attribute="boost", most=10),
    Popularity(strength=1, attribute="boost"),
    Newness(strength=1),
    PriceDrop(strength=1),
    Sellers(strength=1),
]
numbers = st.one_of(st.floats(), st.integers(-10, 10**12), st.sampled_from([nan, inf, -inf]))
anything = st.one_of(st.none(), numbers, st.text(max_size=5), st.booleans())


def offer(price: float, sale_price: float | None = None, currency: str = "EUR", **window: Any) -> Any:
    times = {"sale_starts_at_ms": None, "sale_ends_at_ms": None, **window}
    return {"seller": "A", "price": price, "sale_price": sale_price, "currency": currency, **times}


@pytest.mark.parametrize("factor", FACTORS, ids=lambda factor: type(factor).__name__)
@given(st.one_of(st.none(), numbers), numbers, anything, anything, st.floats(0, 99), st.lists(st.floats(0, 9)))
def test_a_share_is_from_0_to_1_whatever_the_index_holds(
    factor: Factor,
    rating: float | None,
    count: float,
    availability: Any,
    boost: Any,
    strength: float,
    prices: list[float],
) -> None:
    item = traits(
        rating=rating,
        review_count=count,
        availability=availability if isinstance(availability, str) else None,
        changed_at_ms=rating,
        attributes={"boost": boost},
        offers_with_sales=tuple(offer(2 * price, price) for price in prices),
        sellers=("A",) * len(prices),
    )
    share = factor.share(item, NOW)
    assert 0 <= share <= 1
    weights = ItemWeights({"it": factor.model_copy(update={"strength": strength})})
    assert 1 / (1 + strength) - 1e-9 <= weights.weight(item, NOW) <= 1
    assert weights.weight(item, NOW) == pytest.approx((1 + strength * share) / (1 + strength))


@given(st.floats(1, 5), st.floats(1, 5), st.integers(0, 1_000))
def test_of_two_ratings_by_as_many_people_the_better_one_has_the_larger_share(a: float, b: float, count: int) -> None:
    low, high = (Rating(strength=1).share(traits(rating=each, review_count=count), NOW) for each in sorted((a, b)))
    assert low <= high


def test_a_rating_of_few_people_is_drawn_towards_the_prior() -> None:
    rating = Rating(strength=1, prior=3, prior_reviews=10)
    five_stars = [rating.share(traits(rating=5.0, review_count=count), NOW) for count in (0, 1, 10, 10_000)]
    assert five_stars[0] == rating.share(traits(rating=None), NOW) == 0.5
    assert five_stars == sorted(five_stars) and five_stars[2] == 0.75 and five_stars[3] > 0.99
    assert rating.share(traits(rating=5.0, review_count=1), NOW) < rating.share(
        traits(rating=4.5, review_count=200), NOW
    )


def test_what_is_counted_has_half_of_its_share_where_the_file_says() -> None:
    assert [Reviews(strength=1, half_at=8).share(traits(review_count=count), NOW) for count in (0, 8)] == [0, 0.5]
    sellers = Sellers(strength=1, half_at=2)
    assert [sellers.share(traits(sellers=("A", "B", "C")[:count]), NOW) for count in (0, 1, 3)] == [0, 0, 0.5]


def test_what_can_be_bought_goes_before_what_cannot() -> None:
    shares = [
        Availability(strength=1).share(traits(availability=each), NOW) for each in ("in_stock", None, "out_of_stock")
    ]
    assert shares == [1, 0.5, 0]


def test_newness_halves_with_each_half_life_and_a_time_ahead_of_the_clock_is_now() -> None:
    newness = Newness(strength=1, half_life_days=10)
    ages = [newness.share(traits(changed_at_ms=NOW.now_ms - days * DAY_MS), NOW) for days in (-5, 0, 10, 20)]
    assert ages == [1, 1, 0.5, 0.25] and newness.share(traits(changed_at_ms=None), NOW) == 0


@pytest.mark.parametrize(
    ("value", "share"), [(5, 0.5), ("2.5", 0.25), (99, 1), (-1, 0), (True, 0), ("much", 0), ([], 0)]
)
def test_a_boost_is_a_number_of_the_shops_own(value: Any, share: float) -> None:
    boost = Boost(strength=1, attribute="margin", most=10)
    assert boost.share(traits(attributes={"margin": value}), NOW) == share
    assert boost.share(traits(), NOW) == 0


def test_a_price_has_dropped_while_its_sale_window_is_open_and_not_a_millisecond_longer() -> None:
    window: dict[str, Any] = {"sale_starts_at_ms": 100, "sale_ends_at_ms": 200}
    item = traits(offers_with_sales=(offer(10, 8, **window), offer(11), offer(1, currency="USD")))
    drop = PriceDrop(strength=1, most=0.4)
    shares = {now_ms: drop.share(item, Moment(now_ms, "EUR")) for now_ms in (99, 100, 199, 200)}
    assert shares == pytest.approx({99: 0, 100: 0.5, 199: 0.5, 200: 0})
    assert drop.share(traits(offers_with_sales=(offer(0, 0),)), NOW) == 0


def test_the_lowest_price_counts_for_a_drop_as_hits_show_it() -> None:
    """An offer on sale that is still the dearer one makes no item cheaper."""
    item = traits(offers_with_sales=cast("Any", (offer(20, 12), offer(10))))
    assert PriceDrop(strength=1).share(item, NOW) == 0


def test_a_popular_item_has_more_of_it_and_never_all() -> None:
    popularity = Popularity(strength=1, attribute="sold", half_at=20)
    shares = [popularity.share(traits(attributes={"sold": sold}), NOW) for sold in (-5, 0, "20", 180)]
    assert shares == [0.0, 0.0, 0.5, 0.9] and popularity.share(traits(attributes={"sold": "many"}), NOW) == 0.0
