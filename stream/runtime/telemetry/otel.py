"""The tracer on OpenTelemetry's SDK, configured by the standard OTEL_* variables.

This module alone imports OpenTelemetry, and only a process that is to record spans imports this module.
"""

from __future__ import annotations

import os
import threading
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags, TraceState
from typing_extensions import override

from schemas.errors import Misconfigured
from schemas.trace_context import TraceContext
from stream.runtime.telemetry.interface import Span, SpanKind, Tracer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.sdk.trace.export import SpanExporter

SCOPE = "freshline"
"""The name of the instrumentation, as traces show it."""
CLOSE_SECONDS_MAX = 3.0
"""The time that the end of a process waits for the collector."""
NS_PER_MS = 1_000_000
OTLP_BY_PROTOCOL = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
"""The exporter of each protocol, by the name of its entry point."""


class OtelSpan(Span):
    """A recording span of the SDK."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        context = span.get_span_context()
        self._context = TraceContext(
            trace.format_trace_id(context.trace_id),
            trace.format_span_id(context.span_id),
            context.trace_state.to_header(),
        )

    @property
    @override
    def context(self) -> TraceContext:
        return self._context

    @override
    def annotate(self, attributes: Mapping[str, str | int | float | bool]) -> None:
        self._span.set_attributes(attributes)

    @override
    def link(self, other: TraceContext) -> None:
        self._span.add_link(_span_context(other))

    @override
    def fail(self, reason: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR, reason))

    @override
    def end(self, at_ms: int) -> None:
        self._span.end(at_ms * NS_PER_MS)


class OtelTracer(Tracer):
    """Records spans through one provider of the SDK."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer(SCOPE)

    @property
    @override
    def provider(self) -> TracerProvider:
        return self._provider

    @override
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
        # An empty context, not None: a span of the task that runs now is no parent.
        around = (
            Context()
            if parent is None
            else trace.set_span_in_context(NonRecordingSpan(_span_context(parent)), Context())
        )
        span = self._tracer.start_span(
            name,
            around,
            trace.SpanKind[kind],
            attributes,
            [Link(_span_context(each)) for each in links],
            at_ms * NS_PER_MS,
        )
        return OtelSpan(span) if span.is_recording() else None

    @override
    def annotate_current(self, attributes: Mapping[str, str | int | float | bool]) -> None:
        trace.get_current_span().set_attributes(attributes)

    @override
    def close(self) -> None:
        # The SDK waits for a collector that is away for as long as it takes: in a thread that may be left behind.
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS_MAX)


def configured_tracer(service: str) -> Tracer:
    """Return a tracer whose spans go where OTEL_TRACES_EXPORTER says, by default to a collector by OTLP.

    Raises Misconfigured if no such exporter is installed.
    """
    names = os.environ.get("OTEL_TRACES_EXPORTER", "otlp").split(",")
    return tracer_of(service, *(BatchSpanProcessor(_exporter(name.strip())) for name in names))


def tracer_of(service: str, *processors: SpanProcessor) -> Tracer:
    """Return a tracer with these processors. `service` names the process, unless OTEL_SERVICE_NAME does."""
    provider = TracerProvider(resource=_resource(service), shutdown_on_exit=False)
    for processor in processors:
        provider.add_span_processor(processor)
    return OtelTracer(provider)


def _exporter(name: str) -> SpanExporter:
    wanted = OTLP_BY_PROTOCOL.get(_otlp_protocol(), _otlp_protocol()) if name == "otlp" else name
    found = entry_points(group="opentelemetry_traces_exporter", name=wanted)
    if not found:
        raise Misconfigured(f"OTEL_TRACES_EXPORTER: no exporter {wanted!r} is installed; `otlp` and `console` are")
    exporter: SpanExporter = next(iter(found)).load()()
    return exporter


def _otlp_protocol() -> str:
    general = os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    return os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", general)


def _resource(service: str) -> Resource:
    """Return the resource that OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES describe."""
    described = Resource.create()
    is_unnamed = str(described.attributes[SERVICE_NAME]).startswith("unknown_service")
    return described.merge(Resource({SERVICE_NAME: service})) if is_unnamed else described


def _span_context(context: TraceContext) -> SpanContext:
    return SpanContext(
        int(context.trace_id, 16),
        int(context.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
        trace_state=TraceState.from_header([context.state]) if context.state else None,
    )
