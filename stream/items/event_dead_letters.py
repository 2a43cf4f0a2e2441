"""The dead letters of the items worker: records of the input topics that cannot be folded, in `<topic>.dlq`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import InvalidEvent
from stream.items.effects import Outgoing
from stream.kafka.headers import bug_headers, dead_letter_headers, dead_letter_topic
from stream.kafka.refusal_log import RefusalLog
from stream.kafka.topics import INPUTS

if TYPE_CHECKING:
    from stream.items.partition import ItemPartition
    from stream.kafka.headers import Origin
    from stream.kafka.record_batch import FetchedRecord
    from stream.runtime.metrics import ItemsMetrics
    from stream.runtime.telemetry.interface import Span
    from workers.clock import Clock

FOLD = "fold"
"""The pure stage of this worker, by whose name its bugs are counted."""


class EventDeadLetters:
    """Makes dead letters, and logs and counts them. The publisher sends them; only then is the record acked."""

    def __init__(self, metrics: ItemsMetrics, clock: Clock) -> None:
        self._metrics = metrics
        self._refusals = RefusalLog(clock)
        # Prometheus sees no increase in a series that begins with the first event.
        metrics.bugs.labels(FOLD)
        for topic in INPUTS:
            metrics.dead_letters.labels(topic, InvalidEvent.__name__)

    def refuse(
        self, record: FetchedRecord, state: ItemPartition, origin: Origin, error: Exception, span: Span | None
    ) -> Outgoing:
        """Return the dead letter of a record that is invalid, or that a pure stage failed on, which is a bug."""
        if isinstance(error, InvalidEvent):
            self._refusals.refused(origin, record.key, error)
            headers = dead_letter_headers(origin, record.headers, error)
        else:
            self._refusals.bug(origin, record.key, error)
            self._metrics.bugs.labels(FOLD).inc()
            headers = bug_headers(origin, record.headers, error)
        if span is not None:
            span.fail(f"{type(error).__name__}: {error}")
        self._metrics.dead_letters.labels(origin.topic, type(error).__name__).inc()
        return Outgoing(state, dead_letter_topic(origin.topic), record.key, record.value, state.number, headers)
