"""The query parameters of the API. They are checked before any work begins; an unknown one is an error."""

from __future__ import annotations

from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from schemas.numbers import NumbersInDigits
from schemas.queries import (
    LIMIT_MAX,
    QUERY_CHARS_MAX,
    WAIT_MS,
    WAIT_MS_MAX,
    Filters,
    SearchRequest,
    check_price_order,
)
from schemas.recommendations import GivenId
from schemas.tokens import Token


def _is_token(text: str | None) -> str | None:
    if text is not None:
        Token.parse(text)
    return text


class SearchParameters(SearchRequest):
    """The parameters of GET /search: the request, and the event to wait for."""

    after: str | None = Field(None, description="topic:partition:offset[@log] of an event that the answer must show")
    wait_ms: int = Field(WAIT_MS, ge=0, le=WAIT_MS_MAX, description="how long to wait for it")

    _token = field_validator("after")(_is_token)

    @cached_property
    def token(self) -> Token | None:
        """The event to wait for."""
        return Token.parse(self.after) if self.after else None


class ProgressParameters(NumbersInDigits):
    """The parameters of GET /progress."""

    model_config = ConfigDict(extra="forbid")

    after: str = Field(description="topic:partition:offset[@log] of an event")
    wait_ms: int = Field(0, ge=0, le=WAIT_MS_MAX, description="how long to wait for it")

    _token = field_validator("after")(_is_token)


class ExplainParameters(Filters):
    """The parameters of GET /explain: a query with its filters, and the item that it is explained for."""

    q: str = Field(min_length=1, max_length=QUERY_CHARS_MAX)
    product_id: GivenId
    understand: bool = Field(True, description="whether words such as `under 500` may become filters")

    @property
    def search(self) -> SearchRequest:
        """The search that is explained, with as many hits as an answer may have."""
        return SearchRequest(**self.model_dump(exclude={"product_id"}), limit=LIMIT_MAX)

    @model_validator(mode="after")
    def _prices_are_in_order(self) -> ExplainParameters:
        check_price_order(self)
        return self

    @field_validator("q")
    @classmethod
    def _asks_something(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("the query is blank")
        return text


class NoParameters(BaseModel):
    """The parameters of a route that has none: any parameter is an error."""

    model_config = ConfigDict(extra="forbid")


class ReconcileParameters(BaseModel):
    """The parameters of POST /reconcile."""

    model_config = ConfigDict(extra="forbid")

    repair: bool = False


class RebuildParameters(BaseModel):
    """The parameters of POST /rebuild."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = Field(
        None, min_length=1, description="name or folder; absent: that of the settings, or the present one"
    )
    dry_run: bool = False
