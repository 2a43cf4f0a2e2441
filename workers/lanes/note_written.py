"""Tells the sinks what a write of several items has brought about.

What is the same for many items is told once, with their number: one by one it took a tenth of what the index worker
spends on a price.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from schemas.canaries import is_canary
from schemas.items import Change
from workers.index.writes import Upsert
from workers.lanes.sinks import AlertsRaised, Planned, Rewritten, Searchable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.lanes.item_planner import Decided
    from workers.lanes.sinks import Sink
    from workers.lanes.stages import StageTimes
    from workers.point.plan import Action


def note_written(sink: Sink, decided: Sequence[Decided], now_ms: int) -> None:
    """Note the plans of items whose points are written, and the events that search shows since."""
    if any(made.write is not None and made.write.payload.get("alerts_due") for _, made, _ in decided):
        sink.note(AlertsRaised())
    planned: Counter[Action] = Counter()
    searchable: Counter[tuple[str, int, StageTimes | None, str | None]] = Counter()
    for pending, made, _ in decided:
        if not is_canary(pending.product_id):
            planned[made.action] += 1
            if isinstance(made.write, Upsert):
                sink.note(Rewritten(made.write.payload))
        trace_id = pending.traced[0].context.trace_id if pending.traced else None
        for facet in made.became_searchable:
            if (change := pending.changes.get(facet)) is not None:
                searchable[facet, change.first_arrived_at_ms, pending.times, trace_id] += change.events
    for action, items in planned.items():
        sink.note(Planned(action, items))
    for (facet, arrived_at_ms, times, trace_id), events in searchable.items():
        sink.note(Searchable(facet, Change(arrived_at_ms, events), now_ms, times, trace_id))
