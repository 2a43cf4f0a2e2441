"""A tracer whose spans the test reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import format_span_id, format_trace_id

from schemas.trace_context import TraceContext
from stream.runtime.telemetry.otel import tracer_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.sdk.trace import ReadableSpan


class RecordedSpan(NamedTuple):
    """A span that has ended."""

    name: str
    context: TraceContext
    parent_id: str | None
    began_ms: float
    ended_ms: float
    failed: bool
    attributes: Mapping[str, object]
    links: list[TraceContext]


class Recording:
    """A tracer, and the spans that it has exported."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.tracer = tracer_of("test", SimpleSpanProcessor(self._exporter))

    @property
    def spans(self) -> list[RecordedSpan]:
        """The spans that have ended, in the order in which they began."""
        return sorted(map(_read, self._exporter.get_finished_spans()), key=lambda span: span.began_ms)

    def named(self, name: str) -> list[RecordedSpan]:
        """Return the spans of this name that have ended."""
        return [span for span in self.spans if span.name == name]


def _read(span: ReadableSpan) -> RecordedSpan:
    assert span.context is not None and span.start_time is not None and span.end_time is not None
    return RecordedSpan(
        span.name,
        TraceContext(format_trace_id(span.context.trace_id), format_span_id(span.context.span_id)),
        None if span.parent is None else format_span_id(span.parent.span_id),
        span.start_time / 1e6,
        span.end_time / 1e6,
        not span.status.is_ok,
        dict(span.attributes or {}),
        [
            TraceContext(format_trace_id(link.context.trace_id), format_span_id(link.context.span_id))
            for link in span.links
        ],
    )
