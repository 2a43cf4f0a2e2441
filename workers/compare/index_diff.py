"""Compares the index with the item state, by one ladder of outcomes for every item.

The index is a projection of the item log, so a difference is repaired by publishing the state of the item again.
"""

from __future__ import annotations

from enum import StrEnum
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from schemas.items import NO_REVIEWS, REPAIRER, ItemRecord, ItemState
from workers.document import document
from workers.point.payload import CURRENT_PRICE_FIELDS, differing_fields, is_visible
from workers.state.fold import join

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.points import Content, Payload
    from workers.embedder.interface import ModelId

VECTOR_OVERDUE_MS = 3_600_000
"""An embedding that is pending for longer than this is a fault; until then it belongs to the backlog."""


class IndexOutcome(StrEnum):
    """The outcome of comparing one item: the branches of the ladder."""

    UP_TO_DATE = "up_to_date"
    NEWER = "newer"
    """The point of the item was written from a record later than the compared ones, by live traffic."""
    VECTOR_PENDING = "vector_pending"
    """The embedding of the item is pending: lexical search finds it, and the embedding lane will embed it."""
    MISSING = "missing"
    """The item is in the item log and not in the index."""
    GHOST = "ghost"
    """The item is in the index and not in the item log."""
    STALE = "stale"
    """The point of the item was written from a record older than the last one."""
    AHEAD = "ahead"
    """The point of the item has a version that the item log has not reached: it came from another log."""
    DIFFERENT = "different"
    """The point of the item has the version of the last record and other content."""
    UNSHOWABLE = "unshowable"
    """The point of the item holds a value that no answer can show: it is left out of every answer."""
    WRONG_FINGERPRINT = "wrong_fingerprint"
    """The text of the item has another fingerprint, or the vector is of another text and no embedding is pending."""
    VECTOR_FAILED = "vector_failed"
    """The embedding of the item has failed; only lexical search finds it."""
    VECTOR_OVERDUE = "vector_overdue"
    """The embedding of the item has been pending for more than an hour."""


FAULTS = frozenset(IndexOutcome) - {IndexOutcome.UP_TO_DATE, IndexOutcome.NEWER, IndexOutcome.VECTOR_PENDING}
REPAIRABLE = FAULTS - {IndexOutcome.AHEAD, IndexOutcome.VECTOR_OVERDUE}
"""The faults that publishing the state of the item again repairs.

The index only raises versions, so it never takes back a point that is ahead; and an embedding that is already pending
does not come sooner if it is asked for again.
"""


class Expected(NamedTuple):
    """The content and version that a point should have."""

    content: Content
    version: int
    """The version of the last record of the item."""


class IndexFinding(NamedTuple):
    """The outcome for one item, with the evidence in a few words."""

    outcome: IndexOutcome
    detail: str = ""


def compare_point(
    wanted: Expected | None,
    stored: Payload | None,
    *,
    log_end: int,
    model: ModelId,
    now_ms: int,
    unshowable: str = "",
) -> IndexFinding:
    """Compare one item. `wanted` is None if the log does not have it, `stored` if the index does not.

    All versions that the index can have of this partition lie below `log_end`. `now_ms` must be the moment for which
    the content was computed, and must not be earlier than the moment at which the point was read. `unshowable` says why
    no answer can show the point, if none can.
    """
    if stored is None:
        # The index lost it, or its record was refused: nobody can find the item.
        return IndexFinding(IndexOutcome.MISSING) if wanted is not None else IndexFinding(IndexOutcome.UP_TO_DATE)
    if wanted is None:
        # Another log or a foreign writer left it: no event will ever correct it.
        return IndexFinding(IndexOutcome.GHOST, stored["status"])
    if stored["version"] < wanted.version:
        # The index worker acked this record and has not written it.
        return IndexFinding(IndexOutcome.STALE, f"version {stored['version']} instead of {wanted.version}")
    if stored["version"] >= log_end:
        # Later records of this log would all be refused as older.
        return IndexFinding(IndexOutcome.AHEAD, f"version {stored['version']}, the log ends before {log_end}")
    if stored["version"] > wanted.version:
        # The state that it is compared with is no longer the state of the item.
        return IndexFinding(IndexOutcome.NEWER)
    fields = _differing(wanted.content, stored, now_ms)
    if fields:
        # A write was half done, a foreign writer wrote it, or a setting was changed.
        return IndexFinding(IndexOutcome.DIFFERENT, ", ".join(fields))
    if unshowable:
        # A foreign writer wrote a field that is no part of the content.
        return IndexFinding(IndexOutcome.UNSHOWABLE, unshowable)
    return _compare_vector(wanted.content, stored, model, now_ms)


def _differing(content: Content, stored: Payload, now_ms: int) -> list[str]:
    """Return the fields that differ, without the price fields if a sale window turned and is about to be patched."""
    fields = differing_fields(stored, content)
    turns_at_ms = stored["price_changes_at_ms"]
    if turns_at_ms is not None and turns_at_ms <= now_ms:
        return [field for field in fields if field not in CURRENT_PRICE_FIELDS]
    return fields


def _compare_vector(content: Content, stored: Payload, model: ModelId, now_ms: int) -> IndexFinding:
    present = document(content, model).fingerprint if is_visible(content) else None
    due, failed = stored["vector_due"], stored["vector_failed"]
    if stored["fingerprint"] != present:
        # Every later text is compared with this fingerprint: a text equal to it would keep the wrong vector.
        return IndexFinding(IndexOutcome.WRONG_FINGERPRINT, f"{stored['fingerprint']} instead of {present}")
    if due is not None and due != present:
        # The vector would be made for a text that the item does not have.
        return IndexFinding(
            IndexOutcome.WRONG_FINGERPRINT, f"the vector of {due} is pending instead of that of {present}"
        )
    if due is None and failed is None and stored["vector_fingerprint"] != present:
        # Dense search finds the item by another text or not at all, and no later step will correct that.
        return IndexFinding(
            IndexOutcome.WRONG_FINGERPRINT, f"its vector is of {stored['vector_fingerprint']}, not {present}"
        )
    if failed is not None:
        # The model may have been repaired since.
        return IndexFinding(IndexOutcome.VECTOR_FAILED, failed)
    if due is not None:
        # A backlog is no fault as long as it moves.
        pending_ms = now_ms - (stored["vector_due_at_ms"] or 0)
        if pending_ms > VECTOR_OVERDUE_MS:
            return IndexFinding(IndexOutcome.VECTOR_OVERDUE, f"pending for {pending_ms // 60_000} minutes")
        return IndexFinding(IndexOutcome.VECTOR_PENDING)
    return IndexFinding(IndexOutcome.UP_TO_DATE)


def join_records(records: Sequence[ItemRecord]) -> ItemRecord:
    """Return the last record of an item with the join of all states, and without changes, since none of them is new."""
    state = reduce(join, (record.state for record in records))
    return ItemRecord(records[-1].writer, state, records[-1].reviews, {})


def repair_record(product_id: str, present: ItemRecord | None) -> ItemRecord:
    """Return the record that repairs the point once it is published to the item log.

    For a ghost (`present` is None) this is the neutral state: joined, it adds nothing, and the index hides the item as
    parked. The point is never deleted, since a late write could then revive it.
    """
    if present is None:
        return ItemRecord(REPAIRER, ItemState(product_id), NO_REVIEWS, {})
    return ItemRecord(REPAIRER, present.state, present.reviews, {})
