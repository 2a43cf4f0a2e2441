"""The requests for recommendations, and their answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, model_validator

from schemas.answers import Hit  # noqa: TC001  (pydantic reads the types when it runs)
from schemas.queries import LIMIT_MAX, Filters
from schemas.texts import name_of

GIVEN_MAX = 100
"""The most items of a list in a request."""
PRODUCT_ID_CHARACTERS_MAX = 256
DIVERSITY = 0.3
"""The diversity of recommendations for a shopper: of ten, it takes the place of those that hardly differ."""


def _named(text: str) -> str:
    product_id = name_of(text)
    if not product_id:
        raise ValueError("a product_id is blank")
    if "\0" in product_id:  # The hidden point of a collection has one.
        raise ValueError("no product_id has a NUL")
    return product_id


def _each_last(product_ids: list[str]) -> list[str]:
    """Return each id once, where it stands last: the later view counts."""
    return list(dict.fromkeys(reversed(product_ids)))[::-1]


GivenId = Annotated[str, Field(min_length=1, max_length=PRODUCT_ID_CHARACTERS_MAX), AfterValidator(_named)]
GivenIds = Annotated[list[GivenId], Field(max_length=GIVEN_MAX), AfterValidator(_each_last)]


class SimilarRequest(Filters):
    """The items that are similar to one item."""

    limit: int = Field(10, ge=1, le=LIMIT_MAX)
    diversity: float = Field(
        0.0, ge=0, le=1, description="how much items are to differ from one another: 0 orders by similarity alone"
    )

    @property
    def filters(self) -> Filters:
        """The filters of the request."""
        return Filters(**self.model_dump(include=set(Filters.model_fields)))

    @model_validator(mode="after")
    def _has_prices(self) -> SimilarRequest:
        if self.min_price is not None and self.max_price is not None and self.min_price > self.max_price:
            raise ValueError(f"min_price: {self.min_price} is above max_price {self.max_price}: no price is both")
        return self


class RecommendRequest(SimilarRequest):
    """Recommendations for somebody who likes, dislikes and viewed these items, each by its product_id."""

    liked: GivenIds = Field(default_factory=list, description="all count the same")
    disliked: GivenIds = Field(default_factory=list, description="recommendations turn away from them")
    viewed: GivenIds = Field(default_factory=list, description="in order, the last one viewed last: it counts most")
    diversity: float = Field(DIVERSITY, ge=0, le=1, description="how much items are to differ from one another")

    @model_validator(mode="after")
    def _has_a_taste(self) -> RecommendRequest:
        if not self.liked and set(self.viewed) <= set(self.disliked):
            raise ValueError(
                "liked: give an item that is liked, or one in viewed that is not disliked: a dislike alone says too "
                "little"
            )
        both = [each for each in self.disliked if each in self.liked]
        if both:
            raise ValueError(f"disliked: {both[0]} is among liked as well: leave it out of one of them")
        return self


class Recommendations(BaseModel):
    """Items that are recommended, the best first."""

    hits: list[Hit]
    """The score is the cosine to the taste, which is made of the given items; see `by`."""
    by: Literal["vectors", "words"]
    """The way the hits were found: by vectors if a given item has one, otherwise by words alone, and a score is a share
    of 1."""
    without_vector: list[str]
    """The given items that have no vector: new ones, whose embedding is pending, and hidden ones. They count by the
    words of their titles."""
    took_ms: float
    fresh_as_of: dict[str, str | None]
    """By topic: RFC 3339 time of arrival up to which every event is searchable."""
