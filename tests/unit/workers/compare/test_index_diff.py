"""The ladder that compares one item with its point: each branch, and that nothing wrong passes as right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.items import NO_REVIEWS, REPAIRER, ItemRecord, ItemState, ReviewSummary
from tests.support.contents import content
from tests.support.events_strategy import item_events
from workers.compare.index_diff import (
    FAULTS,
    REPAIRABLE,
    VECTOR_OVERDUE_MS,
    Expected,
    IndexFinding,
    IndexOutcome,
    compare_point,
    join_records,
    repair_record,
)
from workers.document import document
from workers.embedder.interface import ModelId
from workers.index.stored import Stored
from workers.point.payload import CONTENT_FIELDS, CURRENT_PRICE_FIELDS
from workers.point.plan import plan
from workers.search.hits import why_unshowable
from workers.state.fold import delta, join

if TYPE_CHECKING:
    from schemas.points import Content, Payload

MODEL = ModelId("m", "1", 2)
NOW_MS = 1_000
VERSION, LOG_END = 5, 10
PRESENT = document(content(), MODEL).fingerprint


def written(wanted: Content, version: int = VERSION, *, paid: bool = True, **fields: Any) -> Payload:
    """The point as the index worker and the embedding lane leave it, with these fields changed behind their back."""
    write = plan(None, wanted, version=version, model=MODEL, cached=lambda _: None, now_ms=NOW_MS).write
    assert write is not None
    payload = dict(write.payload)
    if paid and payload["vector_due"]:
        payload |= {"vector_due": None, "vector_due_at_ms": None, "vector_fingerprint": payload["vector_due"]}
    return cast("Payload", payload | fields)


def finding_of(wanted: Content | None, stored: Payload | None, now_ms: int = NOW_MS) -> IndexFinding:
    expected = None if wanted is None else Expected(wanted, VERSION)
    return compare_point(expected, stored, log_end=LOG_END, model=MODEL, now_ms=now_ms)


@pytest.mark.parametrize("status", ["visible", "delisted", "parked"])
def test_what_the_index_worker_wrote_is_up_to_date(status: str) -> None:
    assert finding_of(content(status=status), written(content(status=status))) == IndexFinding(IndexOutcome.UP_TO_DATE)


def test_what_only_one_side_has_is_missing_or_a_ghost() -> None:
    assert finding_of(content(), None).outcome is IndexOutcome.MISSING
    assert finding_of(None, written(content())) == (IndexOutcome.GHOST, "visible")
    assert finding_of(None, None).outcome is IndexOutcome.UP_TO_DATE


def test_a_version_says_stale_newer_or_of_another_log() -> None:
    assert finding_of(content(), written(content(), VERSION - 1)).outcome is IndexOutcome.STALE
    assert finding_of(content(), written(content(brand="x"), VERSION + 1)).outcome is IndexOutcome.NEWER
    assert finding_of(content(), written(content(), LOG_END)).outcome is IndexOutcome.AHEAD


@pytest.mark.parametrize("field", sorted(CONTENT_FIELDS))
def test_every_field_that_differs_is_named(field: str) -> None:
    other: dict[str, Any] = {field: NOW_MS + 1 if field == "price_changes_at_ms" else "other"}
    found = finding_of(content(), written(content(), **other))
    assert found == (IndexOutcome.DIFFERENT, field)


def test_a_price_whose_window_turned_is_the_business_of_its_lane_and_anything_else_is_not() -> None:
    due: dict[str, Any] = {"price": 9.0, "currency": "HKD", "price_changes_at_ms": NOW_MS}
    assert finding_of(content(), written(content(), **due)).outcome is IndexOutcome.UP_TO_DATE
    assert finding_of(content(), written(content(), **due, brand="x")) == (IndexOutcome.DIFFERENT, "brand")
    assert finding_of(content(), written(content(), **due), now_ms=NOW_MS - 1).outcome is IndexOutcome.DIFFERENT


@pytest.mark.parametrize(
    "wrong",
    [
        {"fingerprint": "x"},
        {"fingerprint": None},
        {"vector_fingerprint": "x"},
        {"vector_fingerprint": None},
        {"vector_due": "x", "vector_due_at_ms": NOW_MS},
    ],
)
def test_a_vector_that_is_of_another_text_is_seen_by_its_fingerprints(wrong: dict[str, Any]) -> None:
    assert finding_of(content(), written(content(), **wrong)).outcome is IndexOutcome.WRONG_FINGERPRINT


def test_a_point_that_is_hidden_has_no_fingerprint() -> None:
    hidden = content(status="delisted")
    assert finding_of(hidden, written(hidden, vector_fingerprint="x")).outcome is IndexOutcome.WRONG_FINGERPRINT


def test_a_text_that_was_given_up_is_listed_with_its_reason() -> None:
    given_up = written(content(), vector_failed="too odd", vector_fingerprint=None)
    assert finding_of(content(), given_up) == (IndexOutcome.VECTOR_FAILED, "too odd")


def test_a_pending_embedding_is_no_fault_until_it_is_pending_for_long() -> None:
    pending = written(content(), paid=False)
    assert pending["vector_due"] == PRESENT
    assert finding_of(content(), pending, NOW_MS + VECTOR_OVERDUE_MS) == (IndexOutcome.VECTOR_PENDING, "")
    late = finding_of(content(), pending, NOW_MS + VECTOR_OVERDUE_MS + 1)
    assert late.outcome is IndexOutcome.VECTOR_OVERDUE and "60 minutes" in late.detail


def test_what_no_new_record_can_mend_is_not_published_again() -> None:
    assert {IndexOutcome.AHEAD, IndexOutcome.VECTOR_OVERDUE} == FAULTS - REPAIRABLE


different = st.fixed_dictionaries(
    {},
    optional={
        "brand": st.sampled_from(["a", "b"]),
        "title": st.sampled_from([{"en": "Cake"}, {"en": "Pie"}]),
        "price": st.sampled_from([1.0, 2.0]),
        "status": st.sampled_from(["visible", "delisted", "parked"]),
    },
)


@given(different, different, st.integers(VERSION - 1, VERSION + 1), st.booleans())
def test_only_the_point_that_the_record_gives_is_up_to_date(
    wants: dict[str, Any], has: dict[str, Any], version: int, paid: bool
) -> None:
    wanted, stored = content(**wants), written(content(**has), version, paid=paid)
    right = version == VERSION and wanted == content(**has)
    assert (finding_of(wanted, stored).outcome in (IndexOutcome.UP_TO_DATE, IndexOutcome.VECTOR_PENDING)) == right


@given(different, different, st.integers(0, VERSION))
def test_what_mends_a_point_leaves_nothing_to_mend(wants: dict[str, Any], has: dict[str, Any], version: int) -> None:
    """Whatever stands there, and whatever was done to its fingerprint: the plan of a mending record makes it right."""
    stored = Stored(written(content(**has), version, fingerprint="x", vector_fingerprint="y"), None)
    wanted = content(**wants)
    made = plan(
        stored, wanted, version=VERSION + 1, model=MODEL, cached=lambda _: None, now_ms=NOW_MS, repair=True
    ).write
    assert made is not None
    after = compare_point(
        Expected(wanted, VERSION + 1), cast("Payload", made.payload), log_end=LOG_END, model=MODEL, now_ms=NOW_MS
    )
    assert after.outcome in (IndexOutcome.UP_TO_DATE, IndexOutcome.VECTOR_PENDING)


def test_all_content_but_the_price_of_a_moment_is_always_compared() -> None:
    assert set(CURRENT_PRICE_FIELDS) < set(CONTENT_FIELDS)


REVIEWS = ReviewSummary(1, 400, (0, 0, 0, 1, 0), 7)


@given(st.lists(item_events, min_size=1, max_size=5))
def test_the_state_of_an_item_is_the_join_of_its_records(said: list[Any]) -> None:
    states = [delta(event) for event in said]
    records = [ItemRecord(str(n), state, NO_REVIEWS, {}) for n, state in enumerate(states)]
    present = join_records([*records, ItemRecord("last", states[-1], REVIEWS, {})])
    for state in states:
        assert join(present.state, state) == present.state
    assert present.reviews == REVIEWS, "the summary of the last: its owner counts the reviews themselves"


def test_a_ghost_gets_a_state_that_joins_to_nothing() -> None:
    neutral = repair_record("p1", None)
    assert neutral == ItemRecord(REPAIRER, ItemState("p1"), NO_REVIEWS, {})
    present = ItemRecord("w", ItemState("p1", price_latest_ms=3), REVIEWS, {})
    assert join(present.state, neutral.state) is present.state
    assert repair_record("p1", present) == ItemRecord(REPAIRER, present.state, REVIEWS, {})


@pytest.mark.parametrize("fields", [{"searchable_at_ms": None}, {"vector_failed": ["no"]}])
def test_a_point_that_no_answer_can_show_is_a_fault(fields: dict[str, Any]) -> None:
    sound = written(content())
    assert why_unshowable(sound, NOW_MS) == ""
    reason = why_unshowable(cast("Payload", {**sound, **fields}), NOW_MS)
    assert reason
    found = compare_point(
        Expected(content(), VERSION), sound, log_end=LOG_END, model=MODEL, now_ms=NOW_MS, unshowable=reason
    )
    assert found == IndexFinding(IndexOutcome.UNSHOWABLE, reason)
    assert IndexOutcome.UNSHOWABLE in REPAIRABLE
