"""Composes the lanes of one collection, for its writer and for the tests alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from workers.lanes.alert_raising import AlertRaiser, Serving
from workers.lanes.alert_sending import AlertLane
from workers.lanes.embedding import EmbeddingLane, EmbeddingPace, ServingLane
from workers.lanes.item_writer import ItemWriter
from workers.lanes.lanes import LanePressure, Lanes
from workers.lanes.sale_windows import SaleWindows
from workers.lanes.sinks import Sinks
from workers.lanes.vector_writer import VectorWriter
from workers.retry import INDEX_BACKOFF, Backoff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.clock import Clock
    from workers.embedder.cache import VectorCache
    from workers.index.interface import Index
    from workers.lanes.assigned import AssignedPartitions
    from workers.lanes.lane_order import LaneBounds
    from workers.lanes.sinks import Alerts, DeadLetters, Sink
    from workers.lanes.vector_writer import Documents
    from workers.query_gate import QueryGate
    from workers.watches.watch_set import WatchSet


class ServingCollection(ServingLane, Serving, Protocol):
    """Knows which collection searches ask, and its embedding lane."""


class LaneParts(NamedTuple):
    """The parts of a process that the lanes of all its collections share."""

    assigned: AssignedPartitions
    serving: ServingCollection
    cache: VectorCache
    clock: Clock
    gate: QueryGate
    shop_currency: str | None
    dead_letters: DeadLetters
    watches: WatchSet
    alerts: Alerts


class LaneTuning(NamedTuple):
    """The bounds and paces of the lanes."""

    bounds: LaneBounds | None = None
    """The bounds of the queues; None for the product's own."""
    pace: EmbeddingPace = EmbeddingPace()
    backoff: Backoff = INDEX_BACKOFF


TUNING = LaneTuning()
"""The tuning of the product."""


class CollectionLanes(NamedTuple):
    """The lanes of one collection, each of which is to be run beside the others, and the pressure on them."""

    items: Lanes
    embedding: EmbeddingLane
    windows: SaleWindows
    alerts: AlertLane
    pressure: LanePressure


def compose_lanes(
    index: Index,
    documents: Documents,
    parts: LaneParts,
    *,
    observing: Sink,
    sinks: Sequence[Sink],
    tuning: LaneTuning = TUNING,
) -> CollectionLanes:
    """Put the lanes of a collection together, and start nothing.

    `observing` gets the events of all lanes; `sinks`, which has it too, gets those of the item records, in its order.
    """
    pressure, alert_raiser = LanePressure(parts.clock), _alert_raiser(index, parts, observing)
    embedding = _embedding(index, documents, parts, observing, pressure, tuning.pace)
    alerts = _alerts(index, parts, observing, alert_raiser)
    sink = Sinks(*sinks, embedding, alerts)
    writer = ItemWriter(
        index,
        cache=parts.cache,
        shop_currency=parts.shop_currency,
        clock=parts.clock,
        sink=sink,
        dead_letters=parts.dead_letters,
        alert_raiser=alert_raiser,
        gate=parts.gate,
        backoff=tuning.backoff,
    )
    items = Lanes(writer, sink=sink, pressure=pressure, clock=parts.clock, bounds=tuning.bounds)
    windows = _windows(index, parts, Sinks(observing, alerts), alert_raiser)
    return CollectionLanes(items, embedding, windows, alerts, pressure)


def _alert_raiser(index: Index, parts: LaneParts, sink: Sink) -> AlertRaiser:
    return AlertRaiser(
        parts.watches, index.collection, serving=parts.serving, clock=parts.clock, sink=sink, gate=parts.gate
    )


def _embedding(
    index: Index, documents: Documents, parts: LaneParts, sink: Sink, pressure: LanePressure, pace: EmbeddingPace
) -> EmbeddingLane:
    return EmbeddingLane(
        index,
        VectorWriter(index, documents, parts.cache, clock=parts.clock, sink=sink),
        assigned=parts.assigned,
        serving=parts.serving,
        pressure=pressure,
        clock=parts.clock,
        sink=sink,
        dead_letters=parts.dead_letters,
        pace=pace,
    )


def _alerts(index: Index, parts: LaneParts, sink: Sink, alert_raiser: AlertRaiser) -> AlertLane:
    return AlertLane(
        index,
        parts.watches,
        parts.alerts,
        alert_raiser=alert_raiser,
        assigned=parts.assigned,
        clock=parts.clock,
        sink=sink,
    )


def _windows(index: Index, parts: LaneParts, sink: Sink, alert_raiser: AlertRaiser) -> SaleWindows:
    return SaleWindows(
        index,
        assigned=parts.assigned,
        shop_currency=parts.shop_currency,
        clock=parts.clock,
        sink=sink,
        alert_raiser=alert_raiser,
    )
