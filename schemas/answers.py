"""The answer of a search, and the items in it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from schemas.explanations import HitExplanation  # noqa: TC001  (pydantic reads the types when it runs)
from schemas.highlights import Highlights  # noqa: TC001  (as above)
from schemas.refinements import Refinement  # noqa: TC001  (as above)
from schemas.understood import Relaxation, Understood  # noqa: TC001  (as above)


class ShownOffer(BaseModel):
    """An offer that is valid at answer time."""

    seller: str
    price: float
    """The price now: the sale price inside its window, else the price."""
    regular_price: float
    """The reference price: the price of the offer outside of its sale window."""
    discount_percent: int
    """The discount: how much lower the price is than the regular price, in whole percent, rounded down."""
    currency: str
    sale_ends_at: str | None
    promotion: dict[str, str]
    updated_at: str


class SearchableAt(BaseModel):
    """RFC 3339 times at which the present product, price and reviews became searchable; None if the item has none."""

    product: str | None
    price: str | None
    reviews: str | None


class ShownItem(BaseModel):
    """An item as search shows it."""

    product_id: str
    title: str | None
    """The title in the shop's first language that has one."""
    titles: dict[str, str]
    description: str | None
    brand: str | None
    category: list[str]
    attributes: dict[str, Any]
    link: str | None
    image_link: str | None
    gtin: str | None
    item_group_id: str | None
    availability: str | None
    price: float | None
    """The lowest price now. It is a price of the sellers and in the currency that a search asks for, otherwise of any
    seller in the item's currency. `offers` has the price of each seller."""
    regular_price: float | None
    """The reference price of the offer that has the price."""
    discount_percent: int
    """The discount of that offer."""
    currency: str | None
    rating: float | None
    review_count: int
    rating_histogram: list[int]
    offers: list[ShownOffer]
    left_out: list[str] = Field(default_factory=list)
    """The parts of which the limits of an item leave out some: title, description, attributes, offers."""
    searchable_at: SearchableAt
    vector_is_current: bool
    """False while the embedding of the present text is pending: until then the item is found by its words."""


class Variants(BaseModel):
    """The found items of one item group, in the order of the answer."""

    count: int
    product_ids: list[str]
    """The ids of the items, the shown item's first; at most 100."""


class Hit(ShownItem):
    """An item and how well it matches."""

    score: float
    highlights: Highlights | None = None
    """The words that matched, with `highlight=true`."""
    team: str | None = None
    """The ranking that the hit came from, with `compare`. None if both show it here, as they do an exact match, a
    pinned hit, and a hit beyond the first 200 of both rankings."""
    pinned: str | None = None
    """The rule that shows it here, if one pins it."""
    explanation: HitExplanation | None = None
    """The reasons for its place, with `explain=true`."""
    variants: Variants | None = None
    """The item's group, if the search groups; None for an item without one."""


class IndexedItem(ShownItem):
    """A point as GET /items/{product_id} shows it."""

    status: str
    version: int
    updated_at: SearchableAt
    """RFC 3339 times of the change at its source, by facet."""
    vector_failed: str | None


class ErrorDetail(BaseModel):
    """An error: what happened, and what to do."""

    field: str | None
    """The parameter to change, where there is one."""
    message: str
    """One plain sentence."""


class ErrorAnswer(BaseModel):
    """The body of every route's answer with a status of 400 or more."""

    error: ErrorDetail


class SearchAnswer(BaseModel):
    """The answer of GET /search."""

    query: str | None
    hits: list[Hit]
    total: int
    """The number of items that are found: for a query those up to where relevance ends."""
    total_is_exact: bool
    """False if there may be more: each ranking of a query is read to 200 items, to 1,000 with an order, groups or
    facets, or to the page that is asked for."""
    facets: dict[str, list[Refinement]] = Field(default_factory=dict)
    """By field that was asked for: the values of what is found, most frequent first, at most 100 of a level."""
    facets_are_exact: bool = True
    """False if a count may be higher, since its items are read as those of `total` are."""
    took_ms: float
    by: Literal["words and vectors", "words", "filters"]
    """The retrievers that found the hits: words alone while the model loads."""
    fresh_as_of: dict[str, str | None]
    """By topic: RFC 3339 time of arrival up to which every event is searchable."""
    understood: Understood | None = None
    """The query as it was understood; None if no part of it was."""
    did_you_mean: str | None = None
    """The query with words that the catalogue has in the place of words that it lacks; None if there are none."""
    relaxed: list[Relaxation] = Field(default_factory=list)
    """The steps that were taken, in order, because the query as typed found nothing or almost nothing."""
    fresh: bool = True
    """False when the wait for `after` ran out."""
