"""The trace context of an item record on its way through the lanes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from schemas.trace_context import TraceContext

TRACED_MAX = 32
"""The most records of one pending item whose traces are kept: those that came first."""


class TracedRecord(NamedTuple):
    """An item record that belongs to a trace."""

    context: TraceContext
    offset: int
    delivered_at_ms: int
