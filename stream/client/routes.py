"""Every public route of the API, a line each. A test compares them with the routes that the API has."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from schemas.answers import SearchAnswer
from schemas.explanations import Explanation
from schemas.recommendations import Recommendations, RecommendRequest, SimilarRequest
from schemas.suggestions import Suggestions, SuggestRequest
from schemas.watches import Alert, ShownWatch, WatchesRequest, WatchList, WatchRequest
from stream.api.dashboard.models import SaleCalendar, Snapshot
from stream.api.dead_letters.models import LetterList, LettersParameters, RepairRequest, Resent
from stream.api.models import ItemAnswer, ProgressAnswer, ReadyAnswer, StatusReport
from stream.api.parameters import (
    ExplainParameters,
    NoParameters,
    ProgressParameters,
    RebuildParameters,
    ReconcileParameters,
    SearchParameters,
)
from stream.api.trial_parameters import TrialParameters
from stream.api.why.models import ProductLife
from stream.client.endpoints import Endpoint, EventEndpoint
from stream.runtime.jobs import JobReport

CHANGE_SECONDS_MAX = 60.0
"""The time that a change of a whole index may take."""


class OneProduct(BaseModel):
    """The parameter of a route that is about one product."""

    model_config = ConfigDict(extra="forbid")

    product_id: str = Field(min_length=1)


class ItemsSimilarTo(SimilarRequest):
    """The parameters of a request for the items similar to one product."""

    product_id: str = Field(min_length=1)


class OneWatch(BaseModel):
    """The parameter of a route that is about one watch."""

    model_config = ConfigDict(extra="forbid")

    watch_id: str = Field(min_length=1)


class WatchEvents(OneWatch):
    """The parameters of the stream of a watch."""

    last_event_id: str | None = Field(
        None,
        min_length=1,
        pattern=r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$",  # A header can have it, as UTF-8.
        description="the id of the last alert that was read: the stream begins with what came after",
    )


class Routes:
    """The methods of both clients. Parameters are given by name, and are those of the route."""

    search = Endpoint("GET", "/search", SearchParameters, SearchAnswer)
    trial = Endpoint("POST", "/search/trial", TrialParameters, SearchAnswer, in_body=True)
    suggest = Endpoint("GET", "/suggest", SuggestRequest, Suggestions)
    item = Endpoint("GET", "/items/{product_id}", OneProduct, ItemAnswer)
    similar = Endpoint("GET", "/items/{product_id}/similar", ItemsSimilarTo, Recommendations)
    recommend = Endpoint("POST", "/recommend", RecommendRequest, Recommendations, in_body=True)
    set_watch = Endpoint("POST", "/watch", WatchRequest, ShownWatch, in_body=True)
    watch = Endpoint("GET", "/watch/{watch_id}", OneWatch, ShownWatch)
    watches = Endpoint("GET", "/watches", WatchesRequest, WatchList)
    end_watch = Endpoint("DELETE", "/watch/{watch_id}", OneWatch, ShownWatch)
    alerts = EventEndpoint("/watch/{watch_id}/events", WatchEvents, "alert", Alert, {"last_event_id": "Last-Event-ID"})
    explain = Endpoint("GET", "/explain", ExplainParameters, Explanation)
    life = Endpoint("GET", "/products/{product_id}/life", OneProduct, ProductLife)
    progress = Endpoint("GET", "/progress", ProgressParameters, ProgressAnswer)
    status = Endpoint("GET", "/status", NoParameters, StatusReport)
    snapshots = EventEndpoint("/events", NoParameters, "snapshot", Snapshot)
    sales = Endpoint("GET", "/sales", NoParameters, SaleCalendar)
    metrics = Endpoint("GET", "/metrics", NoParameters, str)
    alive = Endpoint("GET", "/livez", NoParameters, str)
    ready = Endpoint("GET", "/readyz", NoParameters, ReadyAnswer)
    dead_letters = Endpoint("GET", "/dead-letters", LettersParameters, LetterList)
    resend = Endpoint("POST", "/dead-letters/resend", RepairRequest, Resent, in_body=True)
    start_rebuild = Endpoint("POST", "/rebuild", RebuildParameters, JobReport)
    rebuild = Endpoint("GET", "/rebuild", NoParameters, JobReport)
    roll_back = Endpoint("POST", "/rebuild/rollback", NoParameters, dict[str, Any], seconds_max=CHANGE_SECONDS_MAX)
    finish_rebuild = Endpoint("POST", "/rebuild/finish", NoParameters, dict[str, Any], seconds_max=CHANGE_SECONDS_MAX)
    start_reconcile = Endpoint("POST", "/reconcile", ReconcileParameters, JobReport)
    reconcile = Endpoint("GET", "/reconcile", NoParameters, JobReport)
