"""The bodies of answers: JSON of our models, and the models of GET /status and GET /progress."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import BaseModel, Field, computed_field
from starlette.responses import Response

from stream.progress.lag import Lag
from stream.runtime.jobs import JobReport


class JSONAnswer(Response):
    """A pydantic model or plain values as JSON. FastAPI would validate a second time what is valid already."""

    media_type = "application/json"

    def __init__(self, content: object, status_code: int = 200, headers: dict[str, str] | None = None) -> None:
        super().__init__(content, status_code, headers)

    def render(self, content: Any) -> bytes:
        """Return the body as UTF-8 bytes."""
        return orjson.dumps(content.model_dump() if isinstance(content, BaseModel) else content)


class Percentiles(BaseModel):
    """Seconds from the timestamp of an event's record to the moment search could show it, over the last 30 s."""

    p50: float | None = None
    p99: float | None = None
    events: int = 0


class Embeddings(BaseModel):
    """Since the process started."""

    computed: int = 0
    """Texts that went through the model."""
    cached: int = 0
    """Vectors that were still at hand for the same text."""
    avoided: int = 0
    """Changes made searchable with no vector work, as the text was the same."""
    failed: int = 0


class LogStatus(BaseModel):
    """The log the events are in."""

    kind: str
    """embedded, kafka."""
    id: str
    """The end of its tokens: offsets of another log mean nothing here."""
    address: str
    bytes: int | None = None
    """Of the embedded broker, which keeps everything in memory."""
    may_be_missing: str | None = None
    """What was lost when a log that lives in memory died: a sentence a line; None: nothing."""


class IndexStatus(BaseModel):
    """The index that answers."""

    backend: str
    """edge, server."""
    collection: str
    model: str | None = None
    """None while the model loads."""
    points: int = 0
    previous: str | None = None
    """The collection before the last rebuild, kept up to date; None: there is none."""
    rebuild: JobReport | None = None
    """The last one since the process started."""


class StatusReport(BaseModel):
    """The answer of GET /status."""

    ready: bool
    reasons: list[str] = Field(default_factory=list)
    """Why it is not ready: a sentence each."""
    failing: list[str] = Field(default_factory=list)
    """Those of them that stay until someone acts: what `up` cannot keep running, with its last words."""
    lag: Lag
    fresh_as_of: dict[str, str | None] = Field(default_factory=dict)
    """By topic: the time up to which everything that arrived is searchable, RFC 3339; None: not known yet."""
    dead_letters: dict[str, int] = Field(default_factory=dict)
    """Records refused, by the topic they came from."""
    components: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """State of each process, by name."""
    log: LogStatus
    index: IndexStatus
    freshness_seconds: dict[str, Percentiles] = Field(default_factory=dict)
    """By facet: product, price, reviews, and vector."""
    embeddings: Embeddings = Embeddings()
    plans: dict[str, int] = Field(default_factory=dict)
    """What was done with item records: skip, patch, embed, upsert, hide."""
    events: int = 0
    """Input events searchable since the process started."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def lag_events(self) -> int:
        """All that waits anywhere; 0 only when nothing does."""
        return self.lag.total


class ProgressAnswer(BaseModel):
    """The answer of GET /progress."""

    after: str
    """The token with the id of the log."""
    searchable: bool
    """False when the wait ran out."""
