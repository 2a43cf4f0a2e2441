"""The bodies of answers: JSON of our models, and the models of those answers that have no folder of their own.

The answer of a search, and a hit of it, are in `schemas.answers`.
"""

from __future__ import annotations

from typing import Any, Literal

import orjson
from pydantic import BaseModel, Field, computed_field
from starlette.responses import Response

from schemas.answers import IndexedItem
from stream.progress.lag import Lag
from stream.runtime.jobs import JobReport


class JSONAnswer(Response):
    """A pydantic model or plain values as JSON. FastAPI would validate values a second time that are valid already."""

    media_type = "application/json"

    def __init__(self, content: object, status_code: int = 200, headers: dict[str, str] | None = None) -> None:
        super().__init__(content, status_code, headers)

    def render(self, content: Any) -> bytes:
        """Return the body as UTF-8 bytes."""
        # Without the dictionaries of `model_dump` between them, an answer with facets takes half the time.
        return (
            content.__pydantic_serializer__.to_json(content)
            if isinstance(content, BaseModel)
            else orjson.dumps(content)
        )


class Percentiles(BaseModel):
    """Seconds from the timestamp of an event's record until search could show it, over the last 30 s."""

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    mean: float | None = None
    events: int = 0


class Embeddings(BaseModel):
    """Counts of embeddings since the process started."""

    computed: int = 0
    """Texts that the model embedded."""
    cached: int = 0
    """Texts whose vector was in the cache."""
    avoided: int = 0
    """Changes that were made searchable without a new vector, as the text was the same."""
    failed: int = 0


class LogStatus(BaseModel):
    """The log that the events are in."""

    kind: str
    """The kind of broker: embedded or kafka."""
    id: str
    """The id at the end of each token. Offsets of another log mean nothing in this one."""
    address: str
    bytes: int | None = None
    """The memory of the embedded broker, which keeps the whole log there; None for another broker."""
    may_be_missing: str | None = None
    """The events that were lost when a log in memory died, a sentence a line; None if none was."""


class IndexStatus(BaseModel):
    """The index that answers."""

    backend: str
    """The kind of index: edge or server."""
    collection: str
    model: str | None = None
    """The model that embeds queries; None while it loads."""
    points: int = 0
    previous: str | None = None
    """The collection before the last rebuild, which is kept up to date; None if there is none."""
    outdated: str | None = None
    """The reason why words do not find all that they should, and what to run; None for an index of the present word
    analysis."""
    hits_left_out: int = 0
    """Hits left out of answers since the process started, because the index holds a value of them that cannot be shown:
    `freshline reconcile --repair` finds and repairs them."""
    rebuild: JobReport | None = None
    """The last rebuild since the process started."""


class RulesStatus(BaseModel):
    """The merchant rules of the process that answers."""

    in_force: int = 0
    """The rules, also those whose time has not come or is over."""
    refused: dict[str, str] = Field(default_factory=dict)
    """By id, the reason why the last record of it is no rule; of many the newest 100."""


class Clocks(BaseModel):
    """The clocks of the stack, for comparison with another one."""

    api: str
    """The time of the process that answers, in RFC 3339."""
    broker_ahead_seconds: float | None = None
    """The seconds by which the broker's clock is ahead of the API's: below 0 if it is behind, 0 if it may be right.
    None where the broker stamps no records, or the canary has sent none yet."""


class Oldest(BaseModel):
    """The change that has waited longest and is not searchable yet."""

    topic: str
    seconds: float


class StatusReport(BaseModel):
    """The body of GET /status."""

    ready: bool
    reasons: list[str] = Field(default_factory=list)
    """The reasons why searches cannot be answered, a sentence each."""
    failing: list[str] = Field(default_factory=list)
    """The reasons that stay until a person acts: processes that `up` cannot keep running, with their last log line."""
    lag: Lag
    oldest: Oldest | None = None
    """The change that has waited longest; None while none waits, and in the answer of an earlier release."""
    fresh_as_of: dict[str, str | None] = Field(default_factory=dict)
    """By topic, the RFC 3339 time up to which all events that arrived are searchable; None while it is not known yet.
    """
    dead_letters: dict[str, int] = Field(default_factory=dict)
    """Dead letters, by the topic that their events came from."""
    components: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Counters of each process, by its name."""
    log: LogStatus
    index: IndexStatus
    rules: RulesStatus = RulesStatus()
    freshness_seconds: dict[str, Percentiles] = Field(default_factory=dict)
    """By facet: product, price, reviews, and vector."""
    embeddings: Embeddings = Embeddings()
    plans: dict[str, int] = Field(default_factory=dict)
    """Item records, by what was done with them in the index: skip, patch, embed, upsert, hide."""
    events: int = 0
    """Input events that became searchable since the process started."""
    clocks: Clocks | None = None
    """The clocks; None in the answer of an earlier release."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def lag_events(self) -> int:
        """The number of events that wait anywhere; 0 only when none does."""
        return self.lag.total


class ItemAnswer(BaseModel):
    """The body of GET /items/{product_id}."""

    product_id: str
    """The id as events carry it, however it was typed."""
    indexed: IndexedItem
    """The item as the index holds it."""


class ReadyAnswer(BaseModel):
    """The body of GET /readyz once searches can be served."""

    ready: Literal[True] = True


class ProgressAnswer(BaseModel):
    """The body of GET /progress."""

    after: str
    """The token with the id of the log."""
    searchable: bool
    """True if all events up to the token are searchable; False when the wait ran out."""
