"""The answer of GET /products/{product_id}/life."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from schemas.answers import IndexedItem


class LifeField(BaseModel):
    """One field of an event, and what became of it."""

    name: str
    """The field; empty for a delete, which is about all of them."""
    value: Any
    won: bool
    why: str | None
    """The reason why it does not count, in words; None if it won."""


class LifeEvent(BaseModel):
    """An event of the product."""

    topic: str
    partition: int
    offset: int
    arrived_at: str | None
    part: str | None
    """The seller of a price, the review_id of a review."""
    op: str | None
    version: int | None
    updated_at: str | None
    """The time of the change at its source, which its stamp begins with after the version."""
    outcome: Literal["counts", "counts in part", "outranked", "repeated", "void", "refused"]
    refused: str | None
    """The reason why the record is no event, in words; its dead letter says the same."""
    searchable: bool = False
    """True if search shows it, or the event that outranks it."""
    searchable_by: str | None = None
    """The time by which search did so, to a quarter of a second or coarser long ago; None for events from before this
    process."""
    fields: list[LifeField]


class VectorReport(BaseModel):
    """The vector of the product's point."""

    state: Literal["current", "pending", "failed", "none"]
    fingerprint: str | None
    """The fingerprint of the document that the stored vector was made from."""
    pending_since: str | None
    reason: str | None
    """The reason why the text cannot be embedded."""


class ProductLife(BaseModel):
    """All that is known of a product: its events in the order of their stamps, and its point as it stands."""

    product_id: str
    events: list[LifeEvent]
    events_left_out: int
    """The events that are known and not shown: only the newest 1,000 are."""
    complete: bool
    """False if reading the log took too long: then events are missing, and a winner may be one of them."""
    log_begins_at: str | None
    """The time of the oldest record that was read: what was there before is not in the log any more."""
    indexed: IndexedItem | None
    """The point; None if the index has none."""
    document: str | None
    """The text that is embedded and whose words are found; None for an item that is not visible."""
    fingerprint: str | None
    vector: VectorReport
