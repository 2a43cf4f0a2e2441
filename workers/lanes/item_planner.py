"""Decides the write of a pending item: its state is projected, and compared with its point."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from workers.document import document
from workers.lanes.pending_item import Projected
from workers.point.new_text import is_new_text, known_fingerprint
from workers.point.payload import is_visible
from workers.point.plan import PointPlan, patch_facets, plan, same_product
from workers.state.logged_offers import logged_offers
from workers.state.projection import content, facets, product_digest

if TYPE_CHECKING:
    from schemas.points import Content, Payload
    from workers.clock import Clock
    from workers.document import Document
    from workers.embedder.cache import VectorCache
    from workers.embedder.interface import ModelId
    from workers.index.stored import Stored
    from workers.lanes.pending_item import PendingItem


class Arrived(NamedTuple):
    """An item that has arrived, and the head of its point as it was just read; None if it has no point."""

    pending: PendingItem
    head: Payload | None


class SameProduct(NamedTuple):
    """An item whose point shows its product already, and the head of that point."""

    pending: PendingItem
    head: Payload


class Read(NamedTuple):
    """An item, its point as it was just read with its vector, and what was made of its record before."""

    pending: PendingItem
    stored: Stored | None
    projected: Projected | None = None


class Decided(NamedTuple):
    """The decision about an item: the write, if any, and whether its text is new."""

    pending: PendingItem
    plan: PointPlan
    before: Payload | None
    """The point that it was planned on, or its head if the product does not change; None if there is none."""


class ItemPlanner:
    """Plans the writes of one collection. Nothing is read or written here."""

    def __init__(self, model: ModelId, cache: VectorCache, shop_currency: str | None, clock: Clock) -> None:
        """`model` is that of the collection. `cache` has its vectors by fingerprint."""
        self._model = model
        self._cache = cache
        self._shop_currency = shop_currency
        self._clock = clock

    def projected(self, arrived: Arrived) -> Projected:
        """Return the content that search is to show of an item, and whether its text is a new one."""
        pending, head = arrived
        wanted, known = self._project(pending), known_fingerprint(head, repair=pending.repair)
        if not is_visible(wanted) or known is None:
            return Projected(pending, wanted, None, is_new_text=is_visible(wanted))
        present = document(wanted, self._model)
        return Projected(pending, wanted, present, is_new_text=is_new_text(known, present))

    def of_facets(self, same: SameProduct) -> Decided:
        """Return the write that an item needs whose point shows its product already."""
        pending, head = same
        item, now_ms = pending.record, self._clock.now_ms()
        shown = facets(logged_offers(item), item.reviews, now_ms=now_ms, shop_currency=self._shop_currency)
        return Decided(pending, patch_facets(head, item, shown, pending.version, now_ms), head)

    def whole(self, read: Read) -> Decided:
        """Return the write that an item needs, whatever its text."""
        pending, stored, projected = read
        if projected is None:
            return self._plan(pending, self._project(pending), stored, None)
        # A sale window that turned meanwhile has changed the price.
        turns_at_ms = projected.content["price_changes_at_ms"]
        turned = turns_at_ms is not None and turns_at_ms <= self._clock.now_ms()
        wanted = self._project(pending) if turned else projected.content
        return self._plan(pending, wanted, stored, projected.document)

    def _project(self, pending: PendingItem) -> Content:
        return content(
            pending.record.state,
            pending.record.reviews,
            partition=pending.partition,
            now_ms=self._clock.now_ms(),
            shop_currency=self._shop_currency,
        )

    def _plan(self, pending: PendingItem, wanted: Content, stored: Stored | None, present: Document | None) -> Decided:
        text = pending.changes.get("product")
        made = plan(
            stored,
            wanted,
            version=pending.version,
            model=self._model,
            cached=self._cache.get,
            now_ms=self._clock.now_ms(),
            # A record may carry no timestamp, and then says -1.
            text_arrived_at_ms=None if text is None else max(0, text.first_arrived_at_ms),
            repair=pending.repair,
            serving=pending.serving,
            product_digest=product_digest(pending.record),
            present=present,
        )
        return Decided(pending, made, None if stored is None else stored.payload)


def shows_product(head: Payload, pending: PendingItem) -> bool:
    """Return whether a point shows the product of a record already, or a later record."""
    if head["version"] >= pending.version:
        return True
    digest = product_digest(pending.record)
    return not pending.repair and same_product(head, pending.partition, digest)
