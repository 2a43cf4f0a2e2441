"""The spans of an items worker: one for each record that belongs to a trace, one for the item record it leads to.

Several events may become one item record. It belongs to the trace of the first of them, and links to the others, which
link to it: so each trace shows where its event went, and none claims what another one did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.trace_context import sampled_context
from stream.kafka.topics import ITEMS
from stream.runtime.telemetry.attributes import EVENTS, PRODUCT_ID, record_attributes
from stream.runtime.telemetry.interface import SpanKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stream.items.effects import PendingUpdate
    from stream.kafka.partitions import Partition
    from stream.kafka.record_batch import FetchedRecord
    from stream.runtime.telemetry.interface import Span, Tracer
    from workers.clock import Clock
    from workers.lanes.acks import Ack

SPANS_MAX = 32
"""The most events of one item record that are linked to it."""


class ItemsTraces:
    """Records the spans of one items worker. Without a tracer it does nothing."""

    def __init__(self, tracer: Tracer | None, clock: Clock) -> None:
        self._tracer = tracer
        self._clock = clock

    def begin(self, record: FetchedRecord, partition: Partition) -> Span | None:
        """Begin the span of a record that is handled now; return None if it belongs to no trace."""
        if self._tracer is None or not record.headers:
            return None
        parent = sampled_context(record.headers)
        if parent is None:
            return None
        attributes = record_attributes(partition.topic, "process", partition=partition.number, offset=record.offset)
        return self._tracer.begin(
            f"process {partition.topic}",
            SpanKind.CONSUMER,
            parent=parent,
            at_ms=self._clock.now_ms(),
            attributes=attributes,
        )

    def ack(self, span: Span, in_flight: Ack) -> Ack:
        """Return an ack that ends the span as well."""
        return _SpanAck(span, in_flight, self._clock)

    def begin_sending(self, number: int, updates: Mapping[str, PendingUpdate]) -> dict[str, Span]:
        """Begin a span for each of these item records of a partition that belongs to a trace."""
        if self._tracer is None:
            return {}
        sending = {product_id: self._send(number, product_id, each) for product_id, each in updates.items()}
        return {product_id: span for product_id, span in sending.items() if span is not None}

    def end_sending(self, spans: Mapping[str, Span]) -> None:
        """End the spans of item records that the broker has confirmed."""
        for span in spans.values():
            span.end(self._clock.now_ms())

    def _send(self, number: int, product_id: str, update: PendingUpdate) -> Span | None:
        if self._tracer is None or not update.spans:
            return None
        first, *others = update.spans
        events = sum(change.events for change in update.changes.values())
        sent = self._tracer.begin(
            f"send {ITEMS}",
            SpanKind.PRODUCER,
            parent=first.context,
            at_ms=self._clock.now_ms(),
            attributes=record_attributes(ITEMS, "send", partition=number) | {PRODUCT_ID: product_id, EVENTS: events},
            links=[other.context for other in others],
        )
        if sent is not None:
            for other in others:
                other.link(sent.context)
        return sent


def join_span(update: PendingUpdate, span: Span | None) -> None:
    """Add the span of an event, if it has one, to the update that states the event."""
    if span is not None and len(update.spans) < SPANS_MAX:
        update.spans += (span,)


class _SpanAck:
    """The ack of a record, which ends the span of its handling."""

    __slots__ = ("_clock", "_record", "_span")

    def __init__(self, span: Span, record: Ack, clock: Clock) -> None:
        self._span, self._record, self._clock = span, record, clock

    def ack(self) -> None:
        """Ack the record."""
        self._record.ack()
        self._span.end(self._clock.now_ms())
