"""The index compared with the item state: one ladder for every item, each branch counted.

The index is a projection of the item log: whatever differs is mended by telling it the item's state once more.
"""

from __future__ import annotations

from enum import StrEnum
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from schemas.items import NO_REVIEWS, REPAIRER, ItemRecord, ItemState
from workers.document import document
from workers.point.payload import CONTENT_FIELDS, PRICE_OF_A_MOMENT, is_visible
from workers.state.fold import join

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.points import Content, Payload
    from workers.embedder.interface import ModelId

VECTOR_OVERDUE_MS = 3_600_000
"""A vector owed longer than this is a fault; until then it is a backlog."""


class IndexOutcome(StrEnum):
    """The branches of the ladder."""

    UP_TO_DATE = "up_to_date"
    NEWER = "newer"
    """Written from a record that came after those compared with: live traffic."""
    VECTOR_PENDING = "vector_owed"
    """Found by its words; the embedding lane will come to it."""
    MISSING = "missing"
    """In the item log, not in the index."""
    GHOST = "ghost"
    """In the index, not in the item log."""
    STALE = "stale"
    """Of a record older than its last."""
    AHEAD = "ahead"
    """Of a version that the item log has not reached: of another log."""
    DIFFERENT = "different"
    """Of its last record, with other content."""
    WRONG_FINGERPRINT = "wrong_fingerprint"
    """Its text has another fingerprint, or its vector is of another text and none is owed."""
    VECTOR_FAILED = "vector_failed"
    """Its text was given up; it is found by its words alone."""
    VECTOR_OVERDUE = "vector_overdue"
    """Owed for more than an hour."""


FAULTS = frozenset(IndexOutcome) - {IndexOutcome.UP_TO_DATE, IndexOutcome.NEWER, IndexOutcome.VECTOR_PENDING}
REPAIRABLE = FAULTS - {IndexOutcome.AHEAD, IndexOutcome.VECTOR_OVERDUE}
"""By publishing the item's state again. The index writes only upwards, so it never takes back what is ahead; and a
vector that is owed already is not got sooner by owing it once more."""


class Expected(NamedTuple):
    """What a point should be."""

    content: Content
    version: int
    """Of the last record of the item."""


class IndexFinding(NamedTuple):
    """What is found of one item, and in a few words what it is seen by."""

    outcome: IndexOutcome
    detail: str = ""


def compare_point(
    wanted: Expected | None, stored: Payload | None, *, log_end: int, model: ModelId, now_ms: int
) -> IndexFinding:
    """The verdict on one item; None: the log, or the index, has not got it.

    `log_end`: all versions that the index can have of this partition lie below it. `now_ms` must be the moment for
    which the content was computed, and not earlier than the one at which the point was read.
    """
    if stored is None:
        # Lost by the index, or its record was refused: an item that nobody can find.
        return IndexFinding(IndexOutcome.MISSING) if wanted is not None else IndexFinding(IndexOutcome.UP_TO_DATE)
    if wanted is None:
        # Left by another log, or written by another hand: no event will ever correct it.
        return IndexFinding(IndexOutcome.GHOST, stored["status"])
    if stored["version"] < wanted.version:
        # The index said that it had finished this record, and has not written it.
        return IndexFinding(IndexOutcome.STALE, f"version {stored['version']} instead of {wanted.version}")
    if stored["version"] >= log_end:
        # Later records of this log would all be refused as older.
        return IndexFinding(IndexOutcome.AHEAD, f"version {stored['version']}, the log ends before {log_end}")
    if stored["version"] > wanted.version:
        # What it is compared with is no longer the item's state.
        return IndexFinding(IndexOutcome.NEWER)
    fields = _differing(wanted.content, stored, now_ms)
    if fields:
        # A write that was half done, another hand, or a setting that was changed.
        return IndexFinding(IndexOutcome.DIFFERENT, ", ".join(fields))
    return _judge_vector(wanted.content, stored, model, now_ms)


def _differing(content: Content, stored: Payload, now_ms: int) -> list[str]:
    """The fields in which they differ; not those of a price whose sale window turned and is about to be patched."""
    wanted, found = cast("dict[str, Any]", content), cast("dict[str, Any]", stored)
    fields = [field for field in CONTENT_FIELDS if found.get(field) != wanted[field]]
    turns_at_ms = stored["price_changes_at_ms"]
    if turns_at_ms is not None and turns_at_ms <= now_ms:
        return [field for field in fields if field not in PRICE_OF_A_MOMENT]
    return fields


def _judge_vector(content: Content, stored: Payload, model: ModelId, now_ms: int) -> IndexFinding:
    present = document(content, model).fingerprint if is_visible(content) else None
    due, failed = stored["vector_due"], stored["vector_failed"]
    if stored["fingerprint"] != present:
        # Every later text is compared with it: one that equals it would keep the wrong vector.
        return IndexFinding(IndexOutcome.WRONG_FINGERPRINT, f"{stored['fingerprint']} instead of {present}")
    if due is not None and due != present:
        # The vector would be paid for a text that is not the item's.
        return IndexFinding(IndexOutcome.WRONG_FINGERPRINT, f"it is owed the vector of {due} instead of {present}")
    if due is None and failed is None and stored["vector_fingerprint"] != present:
        # Search by meaning finds it by another text, or not at all, and nothing will change that.
        return IndexFinding(
            IndexOutcome.WRONG_FINGERPRINT, f"its vector is of {stored['vector_fingerprint']}, not {present}"
        )
    if failed is not None:
        # The model may have been mended since.
        return IndexFinding(IndexOutcome.VECTOR_FAILED, failed)
    if due is not None:
        # A backlog is no fault as long as it moves.
        owed_ms = now_ms - (stored["vector_due_at_ms"] or 0)
        if owed_ms > VECTOR_OVERDUE_MS:
            return IndexFinding(IndexOutcome.VECTOR_OVERDUE, f"owed for {owed_ms // 60_000} minutes")
        return IndexFinding(IndexOutcome.VECTOR_PENDING)
    return IndexFinding(IndexOutcome.UP_TO_DATE)


def join_records(records: Sequence[ItemRecord]) -> ItemRecord:
    """The last of an item's records with the join of all their states; without its changes, which are not news."""
    state = reduce(join, (record.state for record in records))
    return ItemRecord(records[-1].writer, state, records[-1].reviews, {})


def repair_record(product_id: str, present: ItemRecord | None) -> ItemRecord:
    """What the item log is told to mend the point.

    For a ghost, None, the neutral state: it joins to nothing, and the index hides the item as parked. Nothing is
    ever deleted, or a late write could revive it.
    """
    if present is None:
        return ItemRecord(REPAIRER, ItemState(product_id), NO_REVIEWS, {})
    return ItemRecord(REPAIRER, present.state, present.reviews, {})
