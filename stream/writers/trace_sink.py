"""The trace sink: records the spans of item records on their way into the index, and of the vectors that come later."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from stream.kafka.topics import ITEMS
from stream.runtime.telemetry.attributes import PLAN, PRODUCT_ID, record_attributes, write_attributes
from stream.runtime.telemetry.interface import SpanKind
from workers.lanes.item_writer import REFUSED
from workers.lanes.sinks import TracedWrite, VectorSearchable
from workers.point.plan import Action

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.trace_context import TraceContext
    from stream.runtime.telemetry.interface import Tracer
    from stream.writers.attached import AttachedWriters
    from workers.lanes.sinks import LaneEvent, Sink
    from workers.lanes.traced_record import TracedRecord

PENDING_MAX = 10_000
"""The most texts that wait for their vectors and whose traces are kept, some 500 bytes each. The oldest one goes first:
its trace then ends where words find the text."""


class _PendingText(NamedTuple):
    fingerprint: str
    contexts: tuple[TraceContext, ...]
    """The spans of the records that brought the text, the first one at least."""


class TraceSink:
    """Records the spans of one collection while it serves, and hands every event on to the next sink.

    The vector of a text is computed from what the index holds, long after its record is acked. The payload of a point
    has no room for a trace context, so the context waits here, by item and fingerprint. A worker that starts again, or
    takes over the partition, does not know it.
    """

    def __init__(self, tracer: Tracer, passed_to: Sink, *, collection: str, attached: AttachedWriters) -> None:
        self._tracer = tracer
        self._passed_to = passed_to
        self._collection = collection
        self._attached = attached
        self._pending: OrderedDict[str, _PendingText] = OrderedDict()

    def note(self, event: LaneEvent) -> None:
        """Record the spans of an event. The next sink hears of a vector's trace with it."""
        if isinstance(event, TracedWrite) and self._attached.serves(self._collection):
            self._note_write(event)
        elif isinstance(event, VectorSearchable) and self._pending:
            event = self._note_vector(event)
        self._passed_to.note(event)

    def _note_write(self, write: TracedWrite) -> None:
        spans = [context for record in write.records if (context := self._record(record, write)) is not None]
        if spans and write.fingerprint is not None:
            self._pending[write.product_id] = _PendingText(write.fingerprint, tuple(spans))
            self._pending.move_to_end(write.product_id)
            if len(self._pending) > PENDING_MAX:
                self._pending.popitem(last=False)

    def _record(self, record: TracedRecord, write: TracedWrite) -> TraceContext | None:
        """Record the span of an item record, from its delivery until it is acked, and within it the span of the
        write."""
        attributes = record_attributes(ITEMS, "process", partition=write.partition, offset=record.offset)
        span = self._tracer.begin(
            f"process {ITEMS}",
            SpanKind.CONSUMER,
            parent=record.context,
            at_ms=record.delivered_at_ms,
            attributes=attributes | {PRODUCT_ID: write.product_id, PLAN: write.outcome},
            links=[other.context for other in write.records if other is not record],
        )
        if span is None:
            return None
        if write.outcome == REFUSED:
            span.fail("a pure stage failed on this record: see its dead letter")
        elif write.outcome != Action.SKIP:
            self._span(f"upsert {self._collection}", span.context, max(record.delivered_at_ms, write.began_ms), write)
        span.end(write.now_ms)
        return span.context

    def _note_vector(self, shown: VectorSearchable) -> VectorSearchable:
        """Record the span of a vector: from the moment words found the text until its vector does."""
        text = self._pending.get(shown.product_id)
        if text is None or text.fingerprint != shown.fingerprint:  # The vector may be of the text before.
            return shown
        del self._pending[shown.product_id]
        first, *others = text.contexts
        began_ms = shown.now_ms if shown.words_at_ms is None else shown.words_at_ms
        self._span("embed text", first, began_ms, shown, others)
        return shown._replace(trace_id=first.trace_id)

    def _span(
        self,
        name: str,
        parent: TraceContext,
        began_ms: int,
        of: TracedWrite | VectorSearchable,
        links: Sequence[TraceContext] = (),
    ) -> None:
        span = self._tracer.begin(
            name,
            SpanKind.CLIENT if isinstance(of, TracedWrite) else SpanKind.INTERNAL,
            parent=parent,
            at_ms=began_ms,
            attributes=write_attributes(self._collection) | {PRODUCT_ID: of.product_id},
            links=links,
        )
        if span is not None:
            span.end(of.now_ms)
