"""The interface through which every part records spans. Without OpenTelemetry there is no tracer, and nothing is done.

Times are in milliseconds since the epoch. No method raises or blocks: spans are exported by a thread of their own.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.trace_context import TraceContext


class SpanKind(StrEnum):
    """The kinds of OpenTelemetry that occur here."""

    PRODUCER = "PRODUCER"
    """A record is sent; the span ends when the broker has confirmed it."""
    CONSUMER = "CONSUMER"
    """A record is handled; the span ends when it is acked."""
    CLIENT = "CLIENT"
    """The index is called."""
    INTERNAL = "INTERNAL"
    """Anything else in this process."""


class Span(Protocol):
    """A span that is recorded and not yet ended."""

    @property
    def context(self) -> TraceContext:
        """The context of spans and records that come after this span."""

    def annotate(self, attributes: Mapping[str, str | int | float | bool]) -> None:
        """Add attributes, or replace their values."""

    def link(self, other: TraceContext) -> None:
        """Link to a span of another trace, such as one of a record that went on together with this one."""

    def fail(self, reason: str) -> None:
        """Mark the span as failed."""

    def end(self, at_ms: int) -> None:
        """End the span. It is then exported."""


class Tracer(Protocol):
    """Records spans."""

    @property
    def provider(self) -> Any:
        """OpenTelemetry's TracerProvider, for a library that records spans itself. Its type stays in `otel`."""

    def begin(
        self,
        name: str,
        kind: SpanKind,
        *,
        parent: TraceContext | None,
        at_ms: int,
        attributes: Mapping[str, str | int | float | bool],
        links: Sequence[TraceContext] = (),
    ) -> Span | None:
        """Begin a span; without a parent it begins a trace. Return None if the sampler decides not to record it."""

    def annotate_current(self, attributes: Mapping[str, str | int | float | bool]) -> None:
        """Add attributes to the span of the request that this task answers, if it has one."""

    def close(self) -> None:
        """Export what is recorded, and stop. Returns after some seconds even if the collector is away."""
