"""The state of one partition: the join of all that its logs say and of the events taken since. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from schemas.items import NO_REVIEWS, Entity, ItemState, ReviewSummary
from workers.state import fold, reviews

if TYPE_CHECKING:
    from schemas.events import Event
    from schemas.items import ItemRecord

FACET_OF_TOPIC = {"products": "product", "prices": "price", "reviews": "reviews"}


@dataclass(slots=True)
class HeldItem:
    """An item as its owner holds it."""

    state: ItemState
    reviews: dict[str, Entity] = field(default_factory=dict)
    summary: ReviewSummary = NO_REVIEWS
    """Kept in step with `reviews`, so that one more review costs the same however many there are."""
    logged: tuple[ItemState, ReviewSummary] | None = None
    """What its last record in the item log says, None: it has none. Less than the state after a crash between review
    and item record, or when a worker that was frozen wrote last."""


class ItemPartition:
    """All items of one partition, by product_id."""

    def __init__(self, number: int, writer: str) -> None:
        """`writer`: names this ownership of the partition in all that is written of it.

        Not the process: what that sent of an earlier ownership may arrive after its successor's records.
        """
        self.number = number
        self.writer = writer
        self.items: dict[str, HeldItem] = {}
        self.displaced = 0
        """Offers, languages and attributes that the limits of their items have left out."""

    def take(self, event: Event) -> bool:
        """Folds an event; whether that changed anything."""
        held = self._held(event.product_id)
        if event.topic == "reviews":
            return self.take_review(event.product_id, event.part or "", reviews.delta(event))
        before = held.state
        changed = self._join(held, fold.delta(event))
        self.displaced += fold.count_evicted(before, event, held.state)
        return changed

    def take_review(self, product_id: str, review_id: str, review: Entity) -> bool:
        """Joins what is known of one review; whether that changed anything."""
        held = self._held(product_id)
        before = held.reviews.get(review_id)
        after = review if before is None else reviews.join(before, review)
        if after is before:
            return False
        held.reviews[review_id] = after
        held.summary = reviews.replaced(held.summary, before, after)
        return True

    def take_record(self, record: ItemRecord) -> bool:
        """Joins an item record from the log; whether the log must be told the join, as it differs from the record."""
        held = self._held(record.state.product_id)
        held.logged = (record.state, record.reviews)
        self._join(held, record.state)
        if held.state == record.state:
            held.state = record.state  # One object, not two equal ones, for each item that was recovered.
        return held.logged != (held.state, held.summary)

    def hidden(self, product_id: str) -> bool:
        """Another hand wrote last under this key, and compaction keeps that: whether to publish the item again."""
        held = self.items.get(product_id)
        if held is None:
            return False
        held.logged = None
        return True

    def unlogged(self) -> list[str]:
        """Items of which the log does not say what is known here: to be published again."""
        return [p for p, held in self.items.items() if held.logged != (held.state, held.summary)]

    def _held(self, product_id: str) -> HeldItem:
        held = self.items.get(product_id)
        if held is None:
            held = self.items[product_id] = HeldItem(ItemState(product_id))
        return held

    @staticmethod
    def _join(held: HeldItem, state: ItemState) -> bool:
        joined = fold.join(held.state, state)
        if joined is held.state:
            return False
        held.state = joined
        return True
