"""The factors of an item's weight: the settings of each in a file, and the share from 0 to 1 that an item has of it."""

from __future__ import annotations

from abc import abstractmethod
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ConfigDict, Field, model_validator
from typing_extensions import override

from schemas.numbers import NumbersInDigits
from workers.state.prices import price_now, regular_price

if TYPE_CHECKING:
    from workers.index.traits import Traits

STRENGTH_MAX = 100.0
RATING_MIN, RATING_MAX = 1.0, 5.0
DAY_MS = 86_400_000
AVAILABLE = {"in_stock": 1.0, "preorder": 0.5, "backorder": 0.5, "out_of_stock": 0.0}
AVAILABILITY_UNKNOWN = 0.5
"""The share of an item that does not say whether it can be bought."""


class Moment(NamedTuple):
    """The time and the shop currency at which an item is weighed."""

    now_ms: int
    shop_currency: str | None
    """The setting; with None the price of an item is in the currency of its own offers."""


class Factor(NumbersInDigits):
    """A factor: of two items that match equally, one with the whole share of it counts 1 + `strength` times as much as
    one with none."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    strength: float = Field(ge=0, le=STRENGTH_MAX)

    @abstractmethod
    def share(self, item: Traits, moment: Moment) -> float:
        """Return how much the item has of it, from 0 to 1."""

    @property
    def loss(self) -> float:
        """The loss: an item without any share of the factor counts by 1 - 1 / (1 + `strength`) less than one with all
        of it."""
        return self.strength / (1 + self.strength)


class Rating(Factor):
    """The mean rating, drawn towards `prior` as if `prior_reviews` more reviews had given it (a Bayesian mean)."""

    prior: float = Field(3.5, ge=RATING_MIN, le=RATING_MAX)
    prior_reviews: float = Field(10, gt=0)

    @override
    def share(self, item: Traits, moment: Moment) -> float:
        reviews = 0.0 if item.rating is None else max(0.0, item.review_count)
        total = self.prior * self.prior_reviews + (item.rating or 0.0) * reviews
        return _within((total / (self.prior_reviews + reviews) - RATING_MIN) / (RATING_MAX - RATING_MIN))


class Reviews(Factor):
    """The number of reviews: none has the share 0, `half_at` of them 0.5, any number less than 1."""

    half_at: float = Field(20, gt=0)

    @override
    def share(self, item: Traits, moment: Moment) -> float:
        return _saturated(item.review_count, self.half_at)


class Availability(Factor):
    """The availability of the item: in stock 1, to be ordered or unknown 0.5, out of stock 0."""

    @override
    def share(self, item: Traits, moment: Moment) -> float:
        return AVAILABLE.get(item.availability or "", AVAILABILITY_UNKNOWN)


class Boost(Factor):
    """A number that the shop sends as an attribute of its products, such as a margin or what was sold: from 0, to
    `most` with the whole share. An item without the number has none."""

    attribute: str = Field("", max_length=128)
    most: float = Field(1, gt=0)

    @model_validator(mode="after")
    def _names_an_attribute(self) -> Boost:
        if self.strength and not self.attribute:
            raise ValueError("attribute: is missing: name the attribute of products that has the number")
        return self

    @override
    def share(self, item: Traits, moment: Moment) -> float:
        return _within((number_in(item.attributes.get(self.attribute)) or 0.0) / self.most)


class Popularity(Factor):
    """A count of behaviour that the shop sends as an attribute of its products, such as orders or views of the last
    days: none has the share 0, `half_at` of them 0.5, any number less than 1."""

    attribute: str = Field(min_length=1, max_length=128)
    half_at: float = Field(20, gt=0)

    @override
    def share(self, item: Traits, moment: Moment) -> float:
        return _saturated(number_in(item.attributes.get(self.attribute)) or 0.0, self.half_at)


class Newness(Factor):
    """The newness of the product by its last change at its source: half of the share is left after `half_life_days`."""

    half_life_days: float = Field(30, gt=0)

    @override
    def share(self, item: Traits, moment: Moment) -> float:
        if item.changed_at_ms is None:
            return 0.0
        return _within(0.5 ** (max(0.0, moment.now_ms - item.changed_at_ms) / DAY_MS / self.half_life_days))


class PriceDrop(Factor):
    """The drop of the price below the regular price, as a share of it; a drop of `most` has the whole share."""

    most: float = Field(0.5, gt=0, le=1)

    @override
    def share(self, item: Traits, moment: Moment) -> float:
        if not item.offers_with_sales:
            return 0.0
        price, currency = price_now(item.offers_with_sales, moment.shop_currency, moment.now_ms)
        regular = regular_price(item.offers_with_sales, price, currency, moment.now_ms)
        return 0.0 if not regular or price is None else _within((1 - price / regular) / self.most)


class Sellers(Factor):
    """The number of sellers that offer the item: one has the share 0, `half_at` more of them 0.5."""

    half_at: float = Field(2, gt=0)

    @override
    def share(self, item: Traits, moment: Moment) -> float:
        return _saturated(len(item.sellers) - 1, self.half_at)


def _saturated(count: float, half_at: float) -> float:
    counted = max(0.0, count)
    return _within(counted / (counted + half_at))


def _within(share: float) -> float:
    """Return the share between 0 and 1; 0 for a value that is no number, as a foreign writer may leave in the index."""
    return (share if share < 1.0 else 1.0) if share > 0.0 else 0.0


def number_in(value: object) -> float | None:
    """Return the number of an attribute, which may be written as a text; None for anything else."""
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        return None
    return number if number is not None and isfinite(number) else None
