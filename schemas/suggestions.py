"""The request and the answer of GET /suggest."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from schemas.numbers import NumbersInDigits

SUGGESTION_CHARS_MAX = 100
SUGGESTIONS_MAX = 20


class SuggestRequest(NumbersInDigits):
    """The text that a shopper has typed so far, and the number of suggestions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    q: str = Field(min_length=1, max_length=SUGGESTION_CHARS_MAX, description="what was typed so far")
    limit: int = Field(5, ge=1, le=SUGGESTIONS_MAX, description="the most queries and the most products")


class SuggestedProduct(BaseModel):
    """An item whose title has the typed text."""

    product_id: str
    title: str
    """The title that has it, in the first language of the shop that does."""


class Suggestions(BaseModel):
    """Suggestions of how the typed text may go on."""

    query: str
    queries: list[str]
    """Whole queries: the typed text with its last word completed, in words of the catalogue."""
    products: list[SuggestedProduct]
    """Visible items, the best first."""
    took_ms: float
