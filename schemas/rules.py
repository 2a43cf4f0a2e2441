"""Merchant rules: pin, bury or boost items of a search. A rule is a record of the topic `rules`, under its id."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.canaries import is_canary
from schemas.event_fields import ProductId, TimeMs  # noqa: TC001  (pydantic reads the types when it runs)
from schemas.numbers import NumbersInDigits
from schemas.queries import Filters, check_price_order
from schemas.texts import values_in_words

RULE_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"
POSITION_MAX = 100
BOOST_MAX = 100.0
QUERY_CHARS_MAX = 256


class Target(Filters):
    """The items that a rule is about: one product, or all that pass the filters."""

    product_id: ProductId | None = None

    @property
    def in_words(self) -> str:
        """The conditions, for a person."""
        return ", ".join(
            f"{name} {values_in_words(value)}" for name, value in self.model_dump(exclude_none=True).items()
        )

    @model_validator(mode="after")
    def _names_items(self) -> Target:
        if self.product_id is None and not self.any:
            raise ValueError("product_id: name a product, or at least one filter")
        check_price_order(self)
        bound = next((name for name in ("min_price", "max_price") if getattr(self, name) is not None), None)
        if bound is not None and self.currency is None:
            raise ValueError(f"currency: {bound} means nothing without the currency that it is in")
        return self


class PinAction(NumbersInDigits):
    """Show a product at a position, if it is visible and passes the filters of the search."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    product_id: ProductId
    position: int = Field(ge=1, le=POSITION_MAX)

    @model_validator(mode="after")
    def _is_a_product(self) -> PinAction:
        if is_canary(self.product_id):
            raise ValueError(f"product_id: {self.product_id} is a hidden item of Freshline's own, not a product")
        return self


class BoostAction(NumbersInDigits):
    """Multiply the score of items; below 1 they count less."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    items: Target
    by: float = Field(gt=0, le=BOOST_MAX)


class Rule(BaseModel):
    """One rule of a shop. It has one action."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=RULE_ID_PATTERN)]
    query: str | None = Field(None, min_length=1, max_length=QUERY_CHARS_MAX)
    """The phrase that the query must be or contain; None: the rule holds for every search."""
    match: Literal["exact", "contains"] = "exact"
    pin: PinAction | None = None
    bury: Target | None = None
    boost: BoostAction | None = None
    starts_at: TimeMs | None = None
    ends_at: TimeMs | None = None

    @model_validator(mode="after")
    def _checked(self) -> Rule:
        actions = [name for name in ("pin", "bury", "boost") if getattr(self, name) is not None]
        if len(actions) != 1:
            raise ValueError(f"{' and '.join(actions) or 'pin'}: a rule has one action: pin, bury or boost")
        if self.starts_at is not None and self.ends_at is not None and self.ends_at <= self.starts_at:
            raise ValueError("ends_at: the rule would end before it starts")
        if self.query is None and "match" in self.model_fields_set:
            raise ValueError("match: there is no query to match: name one, or leave match out")
        return self
