"""Decides the write of a pending item: its state is projected, and compared with its point."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from workers.lanes.pending_item import NewText
from workers.point.new_text import is_new_text
from workers.point.plan import PointPlan, patch_facets, plan, same_product
from workers.state.logged_offers import logged_offers
from workers.state.projection import content, facets, product_digest

if TYPE_CHECKING:
    from schemas.points import Content, Payload
    from workers.clock import Clock
    from workers.embedder.cache import VectorCache
    from workers.embedder.interface import ModelId
    from workers.index.interface import Stored
    from workers.lanes.pending_item import PendingItem

    Read = tuple[PendingItem, Stored | None]
    """An item, and its point as it was just read."""
    Head = tuple[PendingItem, Payload]
    """An item, and the head of its point as it was just read."""


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

    def unless_new_text(self, read: Read) -> NewText | Decided:
        """Return the write that an item needs; for an item whose text is a new one, that text, which waits for its
        turn."""
        pending, stored = read
        wanted = self._project(pending)
        model, version = self._model, pending.version
        if is_new_text(stored, wanted, version=version, model=model, repair=pending.repair):
            return NewText(pending, wanted, stored)
        return self._plan(pending, wanted, stored)

    def with_text(self, text: NewText) -> Decided:
        """Return the write that an item needs that has waited with a new text."""
        # A sale window that turned meanwhile has changed the price.
        turns_at_ms = text.content["price_changes_at_ms"]
        turned = turns_at_ms is not None and turns_at_ms <= self._clock.now_ms()
        return self._plan(text.pending, self._project(text.pending) if turned else text.content, text.stored)

    def of_facets(self, read: Head) -> Decided:
        """Return the write that an item needs whose point shows its product already."""
        pending, head = read
        item, now_ms = pending.record, self._clock.now_ms()
        shown = facets(logged_offers(item), item.reviews, now_ms=now_ms, shop_currency=self._shop_currency)
        return Decided(pending, patch_facets(head, item, shown, pending.version, now_ms), head)

    def whole(self, read: Read) -> Decided:
        """Return the write that an item needs, whatever its text."""
        pending, stored = read
        return self._plan(pending, self._project(pending), stored)

    def _project(self, pending: PendingItem) -> Content:
        return content(
            pending.record.state,
            pending.record.reviews,
            partition=pending.partition,
            now_ms=self._clock.now_ms(),
            shop_currency=self._shop_currency,
        )

    def _plan(self, pending: PendingItem, wanted: Content, stored: Stored | None) -> Decided:
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
        )
        return Decided(pending, made, None if stored is None else stored.payload)


def shows_product(head: Payload, pending: PendingItem) -> bool:
    """Return whether a point shows the product of a record already, or a later record."""
    if head["version"] >= pending.version:
        return True
    digest = product_digest(pending.record)
    return not pending.repair and same_product(head, pending.partition, digest)
