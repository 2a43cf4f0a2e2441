"""Watches, which are standing queries, and the alerts that they raise."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.numbers import NumbersInDigits
from schemas.queries import QUERY_CHARS_MAX, Filters, check_price_order
from schemas.recommendations import GivenId  # noqa: TC001  (pydantic reads the types when it runs)

DAY_SECONDS = 86_400
EXPIRES_SECONDS, EXPIRES_SECONDS_MIN, EXPIRES_SECONDS_MAX = 90 * DAY_SECONDS, 60, 366 * DAY_SECONDS
OWNER_CHARS_MAX = 128
LISTED, LISTED_MAX = 100, 1_000

Owner = Annotated[str, Field(min_length=1, max_length=OWNER_CHARS_MAX)]


class WatchRequest(Filters):
    """A watch on a search (`q`, filters, or both), or on the price of one product (`product_id`, `target_price`)."""

    owner: Owner = Field(description="for whom it is: a name of yours, which each alert carries")
    q: str | None = Field(
        None, min_length=1, max_length=QUERY_CHARS_MAX, description="words, all of which an item must have"
    )
    product_id: GivenId | None = None
    target_price: float | None = Field(None, ge=0, allow_inf_nan=False, description="alert at this price or below")
    expires_in_seconds: int = Field(EXPIRES_SECONDS, ge=EXPIRES_SECONDS_MIN, le=EXPIRES_SECONDS_MAX)

    @property
    def filters(self) -> Filters:
        """The conditions beside the words and the product. A target price is the highest price that passes."""
        filters = Filters(**self.model_dump(include=set(Filters.model_fields)))
        return filters if self.target_price is None else filters.model_copy(update={"max_price": self.target_price})

    @model_validator(mode="after")
    def _watches_something(self) -> WatchRequest:
        if self.product_id is None and self.target_price is not None:
            raise ValueError("product_id: name the product whose price is to reach target_price")
        if self.product_id is None and self.q is None and not self.filters.any:
            raise ValueError("q: give a query, at least one filter, or a product_id with its target_price")
        if self.product_id is not None:
            self._check_product()
        if self.q is not None and not self.q.strip():
            raise ValueError("q: the query is blank")
        self._check_prices()
        return self

    def _check_product(self) -> None:
        if self.q is not None:
            raise ValueError("q: a watch has a query or a product_id, not both")
        if self.target_price is None:
            raise ValueError("target_price: name the price that the product is to reach")
        for bound in ("min_price", "max_price"):
            if getattr(self, bound) is not None:
                raise ValueError(f"{bound}: the watch of a product has a target_price instead")

    def _check_prices(self) -> None:
        bounds = ("target_price", "min_price", "max_price")
        bound = next((name for name in bounds if getattr(self, name) is not None), None)
        if bound is not None and self.currency is None:
            raise ValueError(f"currency: {bound} means nothing without the currency that it is in")
        check_price_order(self)


class WatchRecord(BaseModel):
    """A watch as the topic `watches` keeps it, under its id."""

    model_config = ConfigDict(frozen=True)

    owner: Owner
    key: str | None = None
    """The name of the key that it was set with, to which it belongs; None where the stack has no keys."""
    q: str | None = None
    product_id: str | None = None
    filters: Filters = Filters()
    created_at_ms: int
    expires_at_ms: int


class ShownWatch(BaseModel):
    """A watch as the API shows it."""

    id: str
    owner: str
    key: str | None
    """The name of the key that it belongs to; None where the stack has no keys."""
    q: str | None
    words: list[str]
    """The words that an item must all have; empty for a watch on a product, or on filters alone."""
    product_id: str | None
    filters: dict[str, Any]
    """The conditions beside them. A target price is `max_price` here."""
    matches_now: bool | None
    """True if the product has the price already, which raises no alert; None for a watch on a search."""
    created_at: str
    expires_at: str


class WatchesRequest(NumbersInDigits):
    """The parameters of a list of watches."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    owner: Owner | None = Field(None, description="only those of this owner")
    after: str | None = Field(None, min_length=1, description="the `next` of the page before")
    limit: int = Field(LISTED, ge=1, le=LISTED_MAX)


class WatchList(BaseModel):
    """A page of the watches of a key, in the order of their ids."""

    watches: list[ShownWatch]
    next: str | None
    """The `after` of the next page; None if this is the last one."""


class Alert(BaseModel):
    """An item has begun to match a watch. It is a record of the topic `alerts`, under the id of the watch."""

    id: str
    """The same for the same change, however often the alert is sent: watch, item, and version of the item."""
    watch_id: str
    owner: str
    q: str | None
    target_price: float | None
    product_id: str
    title: str | None
    price: float | None
    """The price of the item when the alert was sent, of the sellers and in the currency that the watch names."""
    currency: str | None
    availability: str | None
    link: str | None
    image_link: str | None
    at: str
    """RFC 3339 time at which it was sent. Search shows the item so since then at the latest."""
