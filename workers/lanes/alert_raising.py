"""Raises alerts: it adds to a write the watches that its item begins to match, so that no crash comes between.

This module enforces docs/invariants.md#10.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

import structlog

from schemas.points import version_offset
from workers.index.layout import HEAD_FIELDS
from workers.index.writes import Reprice, Upsert
from workers.lanes.sinks import WatchFailed
from workers.point.payload import is_visible
from workers.query_gate import CooperativeTurns
from workers.watches.watch import filter_values
from workers.watches.watch_set import Side, newly_matching
from workers.words.item import item_words

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from schemas.points import Payload
    from workers.clock import Clock
    from workers.index.writes import Write
    from workers.lanes.sinks import Sink
    from workers.query_gate import QueryGate
    from workers.watches.watch import Watch
    from workers.watches.watch_set import WatchSet

    Read = Callable[[Sequence[str]], Awaitable[Mapping[str, Payload]]]
    """Reads the whole payloads of items, by product_id."""

log = structlog.get_logger(__name__)


class RaisedAlert(NamedTuple):
    """An alert that was raised and is not sent yet, as `alerts_due` of a point has it."""

    watch_id: str
    by: str
    """The cause of the alert: the version of the item, and the boundary of the sale window where one has turned."""

    @classmethod
    def parsed(cls, text: str) -> RaisedAlert:
        """Return the alert of `str`."""
        watch_id, _, by = text.partition("@")
        return cls(watch_id, by)

    def __str__(self) -> str:
        return f"{self.watch_id}@{self.by}"

    def alert_id(self, product_id: str) -> str:
        """Return the id of the alert, the same however often it is sent."""
        return f"{self.watch_id}:{product_id}:{self.by}"


class ChangedPoint(NamedTuple):
    """A write that is to be made, and the point that it changes."""

    write: Write
    before: Payload | None
    """The point, or its head if the product does not change; None if there is none."""
    unseen: bool
    """True if an item without a point is a new one; False if the index has lost it."""


class Serving(Protocol):
    """Knows which collection searches ask."""

    def serves(self, collection: str) -> bool:
        """Return whether this collection answers searches."""


class AlertRaiser:
    """Compares the points of one collection before and after each write with all watches, while it serves."""

    def __init__(
        self, watches: WatchSet, collection: str, *, serving: Serving, clock: Clock, sink: Sink, gate: QueryGate
    ) -> None:
        """`gate`: the queries to which many comparisons give way."""
        self._watches = watches
        self._collection = collection
        self._serving = serving
        self._clock = clock
        self._sink = sink
        self._gate = gate
        self.turn = asyncio.Lock()
        """Held from reading the alerts of points to writing them. A sale window that turns, and alerts that are sent,
        leave the version of a point as it is, so the version does not keep two such writes apart: both would raise the
        same alert, or one would lose the alert of the other."""

    @property
    def compares(self) -> bool:
        """True if writes are compared with watches: there are some, and the collection serves."""
        return len(self._watches) > 0 and self._serving.serves(self._collection)

    def turn_of_writes(self) -> AbstractAsyncContextManager[object]:
        """Return `turn` if writes are compared with watches; otherwise they need not wait for it."""
        return self.turn if self.compares else contextlib.nullcontext()

    async def with_alerts(self, several: Sequence[ChangedPoint], read: Read) -> list[Write]:
        """Return the writes with the alerts they raise; an upsert also keeps the point's pending alerts.

        Raises Unavailable as `read` does. A watch that cannot be compared costs its alert and never the write.
        """
        compares = self.compares
        asking = [each.write.product_id for each in several if self._asks_for_words(each)] if compares else []
        whole = await read(asking) if asking else {}
        writes: list[Write] = []
        turns = CooperativeTurns(self._gate)
        for each in several:
            raised = self._raised(each, whole.get(each.write.product_id)) if compares else []
            writes.append(self._with_due(each, raised))
            await turns.yield_if_over()
        return writes

    def _asks_for_words(self, compared: ChangedPoint) -> bool:
        """Return whether a watch may begin to match an item of which only the head is known."""
        before = compared.before
        if isinstance(compared.write, Upsert) or before is None or before["title"] is not None:
            return False
        if self._watches.of_product(compared.write.product_id):
            return True
        after = cast("Payload", {**before, **compared.write.payload})
        return self._watches.turning(filter_values(before), filter_values(after)) != []

    def _raised(self, compared: ChangedPoint, whole: Payload | None) -> list[str]:
        """Return the alerts that a write raises. `whole`: the point, where its head is known and more is asked for."""
        write, before, unseen = compared
        if before is None and not unseen:
            return []
        try:
            watches = self._beginning(write, before, whole)
        except Exception:
            log.exception(
                "bug in the watches",
                product_id=write.product_id,
                partition=None if before is None else before["partition"],
                offset=version_offset(write.version),
            )
            self._sink.note(WatchFailed())
            return []
        turned = f".{before['price_changes_at_ms']}" if before is not None and isinstance(write, Reprice) else ""
        return [str(RaisedAlert(watch.watch_id, f"{write.version}{turned}")) for watch in watches]

    def _with_due(self, compared: ChangedPoint, raised: Sequence[str]) -> Write:
        write, before, _ = compared
        kept = (before["alerts_due"] or []) if before is not None else []
        if not raised and not (kept and isinstance(write, Upsert)):
            return write
        since_ms = before["alerts_due_at_ms"] if before is not None and kept else None
        due = list(dict.fromkeys((*kept, *raised)))
        fields = {"alerts_due": due, "alerts_due_at_ms": self._clock.now_ms() if since_ms is None else since_ms}
        payload: Any = dict(write.payload) | fields
        return replace(write, payload=payload)

    def _beginning(self, write: Write, before: Payload | None, whole: Payload | None) -> list[Watch]:
        """Return the watches that an item begins to match."""
        if isinstance(write, Upsert):
            said = None if write.words is None else write.words.counts.keys()
            return self._of_product(Side(before), Side(write.payload, said))
        if before is None:
            return []
        after = cast("Payload", {**before, **write.payload})
        if before["title"] is None:
            return [] if whole is None else self._of_facets(_completed(before, whole), _completed(after, whole))
        if isinstance(write, Reprice):
            return self._of_facets(before, after)
        return self._of_product(Side(before), Side(after))

    def _of_product(self, before: Side, after: Side) -> list[Watch]:
        """Return the watches that an item begins to match whose product may have changed."""
        point = after.point
        if point is None or not is_visible(point):
            return []
        said = item_words(point).counts.keys() if after.said is None else after.said
        watches = self._watches.of_product(point["product_id"]) + self._watches.asking(point, said)
        return newly_matching(watches, before, after._replace(said=said), self._clock.now_ms())

    def _of_facets(self, before: Payload, after: Payload) -> list[Watch]:
        """Return the watches that an item begins to match by its price, sellers or rating; its words are the same."""
        watches = self._watches.of_product(after["product_id"])
        turning = self._watches.turning(filter_values(before), filter_values(after))
        if not watches and turning == []:
            return []
        said = item_words(after).counts.keys()
        watches += self._watches.asking(after, said) if turning is None else turning
        return newly_matching(watches, Side(before, said), Side(after, said), self._clock.now_ms())


def _completed(head: Payload, whole: Payload) -> Payload:
    """Return the head with the fields of the product, which only the whole point has."""
    fields: dict[str, Any] = {name: value for name, value in head.items() if name in HEAD_FIELDS}
    return cast("Payload", {**whole, **fields})
