"""The parameters of POST /search/trial: a search, and what it is to be ranked by in the place of what is in force."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.event_fields import ProductId
from schemas.queries import SearchRequest
from schemas.rules import Rule
from workers.merchandising.weights import RankingFile
from workers.search.retrieval.fusion import HEAD_POINTS

TRIAL_RULES_MAX = 1_000
"""The most rules of a trial. They are checked for each search, on the event loop, in 35 ms of the processor."""
_Cosine = Annotated[float, Field(ge=-1.001, le=1.001, allow_inf_nan=False)]
"""A cosine of two float32 vectors, which rounding may put beyond 1."""


class NearByModel(BaseModel):
    """The products that the vectors of another model would find for the query."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cosines: dict[ProductId, _Cosine] = Field(max_length=HEAD_POINTS)
    """The nearest products with their cosines. No other one is found by its vector."""
    cosine_min: _Cosine
    """The cosine below which a query and a text have nothing in common, for this model."""


class TrialParameters(SearchRequest):
    """A search that changes nothing, by weights, rules or vectors that are not in force."""

    weights: RankingFile | None = None
    """The file of FRESHLINE_RANKING as JSON; `ranking` names one of its rankings. None: that of the stack."""
    rules: list[Rule] | None = Field(None, max_length=TRIAL_RULES_MAX)
    """The rules in the place of those of the stack; None: those of the stack."""
    near: NearByModel | None = None
    """The vectors in the place of those of the index; None: those of the index."""

    @model_validator(mode="after")
    def _is_searched_as_typed(self) -> TrialParameters:
        if self.near is None:
            return self
        if self.understand:
            raise ValueError("understand: must be false with near, whose cosines are those of the query as it is typed")
        if self.q is None or self.filters.any:
            raise ValueError("near: is for a query without filters")
        return self
