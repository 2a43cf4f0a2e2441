"""The state of one partition: the join of the records in its logs and of the events folded since. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from schemas.items import NO_REVIEWS, Entity, ItemState, ReviewSummary
from schemas.logged_item import decoded_entity
from schemas.state_codec import EncodedItem, encode_product, encode_record
from workers.state import fold, reviews
from workers.state.staleness import why_unchanged

if TYPE_CHECKING:
    from schemas.events import Event
    from schemas.items import Change
    from schemas.logged_item import LoggedItem
    from workers.state.staleness import Unchanged

NO_PRODUCT = encode_product(Entity())


@dataclass(slots=True)
class HeldItem:
    """An item in the memory of the worker that its partition is assigned to.

    Its product stays encoded while prices and reviews come: as objects it takes several times the memory, and each
    record would encode it again.
    """

    prices: ItemState
    """The state of the item without its product."""
    product_json: bytes = NO_PRODUCT
    reviews: dict[str, Entity] = field(default_factory=dict)
    summary: ReviewSummary = NO_REVIEWS
    """The summary of `reviews`, updated with each review, so that one more costs the same however many there are."""
    logged: EncodedItem | None = None
    """The content of the item's last record in the item log; None where it has none. It is less than the state after a
    crash between review and item record, or when a worker that was frozen wrote last."""

    @property
    def state(self) -> ItemState:
        """The whole state, whose product is decoded for it."""
        return replace(self.prices, product=decoded_entity(self.product_json))

    @property
    def content(self) -> EncodedItem:
        """The content of its next record."""
        return EncodedItem(self.prices, self.product_json, self.summary)

    def hold(self, state: ItemState) -> None:
        """Replace the whole state."""
        self.prices, self.product_json = replace(state, product=Entity()), encode_product(state.product)


class ItemPartition:
    """All items of one partition, by product_id."""

    def __init__(self, number: int, writer: str) -> None:
        """`writer` names this assignment of the partition in every record that is written from it.

        It does not name the process: records that the same process sent in an earlier assignment may arrive after
        those of the worker that had the partition in between.
        """
        self.number = number
        self.writer = writer
        self.items: dict[str, HeldItem] = {}
        self.appended: dict[str, int] = {}
        """By topic of state: the offset of the last record that this worker appended, as far as it is confirmed."""
        self.hidden_reviews: dict[str, set[str]] = {}
        """By product_id: the review_ids of the reviews whose last record in the log is less than their state."""
        self.evicted = 0
        """The number of offers, languages and attributes that the limits of their items have left out."""

    def fold(self, event: Event) -> bool:
        """Fold an event; return whether it changed anything."""
        held = self._held(event.product_id)
        if event.topic == "reviews":
            return self.join_review(event.product_id, event.part or "", reviews.delta(event))
        of_prices = event.topic == "prices"
        before = held.prices if of_prices else held.state
        after = fold.fold(before, event)
        self.evicted += fold.count_evicted(before, event, after)
        if after is before:
            return False
        if of_prices:
            held.prices = after
        else:
            held.hold(after)
        return True

    def why_unchanged(self, event: Event) -> Unchanged:
        """Return why an event changed nothing."""
        held = self._held(event.product_id)
        state = held.state if event.topic == "products" else held.prices
        return why_unchanged(state, held.reviews, event)

    def join_review(self, product_id: str, review_id: str, review: Entity) -> bool:
        """Join the state of one review; return whether it changed anything."""
        held = self._held(product_id)
        before = held.reviews.get(review_id)
        after = review if before is None else reviews.join(before, review)
        if after is before:
            return False
        held.reviews[review_id] = after
        held.summary = reviews.replaced(held.summary, before, after)
        return True

    def join_record(self, item: LoggedItem, *, followed: bool = False) -> bool:
        """Join an item record from the log; return whether the item must be published again.

        It must be if the record differs from the join, or if the record had something new but is `followed` by a record
        of this worker that lacks it: compaction keeps the later one. Raises ForeignRecord.
        """
        held, prices = self._held(item.product_id), item.prices
        is_known = item.product_json == held.product_json
        before, state = (held.prices, prices) if is_known else (held.state, item.state)
        joined = fold.join(before, state)
        held.logged = EncodedItem(prices, bytes(item.product_json), item.reviews)
        if is_same := joined == state:  # One object, not two equal ones, for each item that was recovered.
            held.prices, held.product_json = prices, held.logged.product_json
        elif is_known:
            held.prices = joined
        else:
            held.hold(joined)
        return not is_same or item.reviews != held.summary or (joined is not before and followed)

    def join_review_record(self, product_id: str, review_id: str, review: Entity, *, followed: bool = False) -> bool:
        """Join the record of one review from the log; return whether the item must be published again.

        A record that hides something is among `hidden_reviews`, as in `join_record`.
        """
        changed = self.join_review(product_id, review_id, review)
        hidden = self.items[product_id].reviews[review_id] != review or (changed and followed)
        if hidden:
            self.hidden_reviews.setdefault(product_id, set()).add(review_id)
        elif product_id in self.hidden_reviews:
            self.hidden_reviews[product_id].discard(review_id)
        return changed or hidden

    def take_hidden_reviews(self, product_id: str) -> dict[str, Entity]:
        """Return the states of the hidden reviews of an item, by review_id: they are to be appended again."""
        hidden = self.hidden_reviews.pop(product_id, ())
        return {review_id: self.items[product_id].reviews[review_id] for review_id in hidden}

    def next_record(self, product_id: str, changes: dict[str, Change]) -> bytes:
        """Return the value of the record of an item to append to the log now, and note that the log has it."""
        held = self.items[product_id]
        held.logged = held.content
        return encode_record(self.writer, held.logged, changes)

    def hide(self, product_id: str) -> bool:
        """Note that a foreign record, which compaction keeps, came last under this key; return whether to publish the
        item again."""
        held = self.items.get(product_id)
        if held is None:
            return False
        held.logged = None
        return True

    def unlogged(self) -> list[str]:
        """Return the items of which the last records in the logs are not the state: they are to be published again."""
        return [
            product_id
            for product_id, held in self.items.items()
            if held.logged != held.content or self.hidden_reviews.get(product_id)
        ]

    def _held(self, product_id: str) -> HeldItem:
        held = self.items.get(product_id)
        if held is None:
            held = self.items[product_id] = HeldItem(ItemState(product_id))
        return held
