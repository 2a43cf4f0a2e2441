"""The spans of records that a command sends: each begins a trace, which the record carries to the workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stream.runtime.telemetry.attributes import position_attributes, record_attributes
from stream.runtime.telemetry.interface import SpanKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka.producer.future import FutureRecordMetadata, RecordMetadata

    from stream.kafka.send import Headers
    from stream.runtime.telemetry.interface import Span, Tracer
    from workers.clock import Clock


class SendSpans:
    """Records a span for each record that is sent, from the call until the broker has confirmed or refused it."""

    def __init__(self, tracer: Tracer, clock: Clock) -> None:
        self._tracer = tracer
        self._clock = clock

    def send(
        self, topic: str, headers: Headers, send: Callable[[Headers], FutureRecordMetadata]
    ) -> FutureRecordMetadata:
        """Call `send` with the headers of a record, and with the headers of its trace if it is recorded."""
        attributes = record_attributes(topic, "send")
        span = self._tracer.begin(
            f"send {topic}", SpanKind.PRODUCER, parent=None, at_ms=self._clock.now_ms(), attributes=attributes
        )
        if span is None:
            return send(headers)
        try:
            future = send([*headers, *span.context.headers])
        except Exception as error:
            self._failed(span, error)
            raise
        # kafka-python calls them in its own thread.
        future.add_callback(lambda written: self._confirmed(span, written))
        future.add_errback(lambda error: self._failed(span, error))
        return future

    def _confirmed(self, span: Span, written: RecordMetadata) -> None:
        span.annotate(position_attributes(partition=written.partition, offset=written.offset))
        span.end(self._clock.now_ms())

    def _failed(self, span: Span, error: BaseException) -> None:
        span.fail(f"{type(error).__name__}: {error}")
        span.end(self._clock.now_ms())
