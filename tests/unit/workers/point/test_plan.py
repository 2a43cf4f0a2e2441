"""The ladder of plans, against a model of the index that does what its interface says.

These tests prove docs/invariants.md#1 and docs/invariants.md#3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.points import being_written
from tests.support.contents import content
from workers.document import document
from workers.embedder.interface import ModelId
from workers.index.stored import Stored
from workers.index.writes import Patch, Reprice, Upsert, Write
from workers.point.new_text import is_new_text, known_fingerprint
from workers.point.payload import CONTENT_FIELDS, is_visible
from workers.point.plan import Action, PointPlan, plan, reprice
from workers.words.item import Words, item_words

if TYPE_CHECKING:
    from schemas.points import Content, Payload
    from workers.document import Document

MODEL = ModelId("m", "1", 2)
NOW_MS = 1_000


def vector_of(fingerprint: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Another for each fingerprint."""
    return np.array([hash(fingerprint) % 1_000, 1], dtype=np.float32)


@dataclass
class Model:
    """One point, written as the interface of the index demands."""

    point: Stored | None = None
    words: Words | None = None
    at_hand: set[str] = field(default_factory=set)

    def plan(
        self,
        wanted: Content,
        version: int,
        now_ms: int = NOW_MS,
        *,
        stored: Any = "present",
        repair: bool = False,
        serving: Payload | None = None,
        present: Document | None = None,
    ) -> PointPlan:
        """Return the plan on the stored point, or on one that was read before."""
        return plan(
            self.point if stored == "present" else stored,
            wanted,
            version=version,
            model=MODEL,
            cached=lambda each: vector_of(each) if each in self.at_hand else None,
            now_ms=now_ms,
            repair=repair,
            serving=serving,
            present=present,
        )

    def write(self, write: Write | None) -> bool:
        """Write, and return whether the stored version has reached the one written."""
        if write is None:
            return True
        version = -1 if self.point is None else self.point.payload["version"]
        if isinstance(write, Upsert):
            if version < write.version:
                self.point, self.words = Stored(write.payload, write.dense), write.words
        elif self.point is not None and version == (write.base if isinstance(write, Patch) else write.version):
            changed = cast("Payload", {**self.point.payload, **write.payload})
            self.point = self.point._replace(payload=changed)
        return self.point is not None and self.point.payload["version"] >= write.version

    def put(self, wanted: Content, version: int, now_ms: int = NOW_MS) -> PointPlan:
        made = self.plan(wanted, version, now_ms)
        assert self.write(made.write)
        return made

    def pay(self) -> None:
        """Do as the embedding lane does."""
        if self.point is not None and (due := self.point.payload["vector_due"]):
            paid = {"vector_due": None, "vector_due_at_ms": None, "vector_fingerprint": due}
            self.point = Stored(cast("Payload", {**self.point.payload, **paid}), vector_of(due))


def test_a_version_that_is_not_newer_is_skipped() -> None:
    index = Model()
    index.put(content(), 5)
    assert index.plan(content(brand="x"), 5) == PointPlan(Action.SKIP, None, ())
    assert index.plan(content(brand="x"), 4).action is Action.SKIP


def test_a_new_item_owes_a_vector_unless_one_is_at_hand() -> None:
    index, fingerprint = Model(), document(content(), MODEL).fingerprint
    made = index.put(content(), 5)
    assert made.action is Action.EMBED and isinstance(made.write, Upsert)
    assert made.write.dense is None and made.write.words == item_words(content())
    assert made.write.payload["vector_due"] == fingerprint and made.write.payload["vector_due_at_ms"] == NOW_MS
    again = Model(at_hand={fingerprint}).put(content(), 5)
    assert again.action is Action.UPSERT and isinstance(again.write, Upsert)
    assert again.write.dense is not None and again.write.payload["vector_due"] is None


def test_an_embedding_is_pending_since_its_text_arrived() -> None:
    """Freshness is counted from the record's timestamp, not from when the worker came to it."""
    arrived_at_ms = NOW_MS - 40
    made = plan(
        None,
        content(),
        version=5,
        model=MODEL,
        cached=lambda _: None,
        now_ms=NOW_MS,
        text_arrived_at_ms=arrived_at_ms,
    )
    assert isinstance(made.write, Upsert) and made.write.payload["vector_due_at_ms"] == arrived_at_ms
    assert made.write.payload["searchable_at_ms"]["product"] == NOW_MS


def test_a_price_change_carries_its_fields_and_the_version_only() -> None:
    index = Model()
    index.put(content(), 5)
    made = index.put(content(price=3.0, updated_at_ms={"product": 1, "price": 2, "reviews": None}), 6, 2_000)
    assert made.action is Action.PATCH and isinstance(made.write, Patch) and made.write.base == 5
    assert made.write.payload.keys() == {"version", "price", "updated_at_ms", "searchable_at_ms"}
    assert made.write.payload["searchable_at_ms"] == {"product": NOW_MS, "price": 2_000, "reviews": None}
    assert made.became_searchable == ("price",)


def test_where_a_sale_window_is_to_turn_the_fields_of_the_price_are_written_together() -> None:
    """The window may turn between reading and writing."""
    index = Model()
    index.put(content(price=2.0, currency="EUR", price_changes_at_ms=9), 5)
    made = index.put(content(price=3.0, currency="EUR", price_changes_at_ms=9), 6)
    assert made.write is not None
    assert made.write.payload.keys() >= {"price", "currency", "price_changes_at_ms"}


def test_the_version_rises_even_when_nothing_else_changed() -> None:
    index = Model()
    index.put(content(), 5)
    made = index.put(content(), 6)
    assert made.action is Action.PATCH and made.write is not None and made.write.payload == {"version": 6}
    assert made.became_searchable == ()


def test_a_new_text_keeps_the_old_vector_while_it_owes_one_and_says_whose_it_is() -> None:
    index = Model()
    index.put(content(), 5)
    index.pay()
    first = document(content(), MODEL).fingerprint
    made = index.put(content(title={"en": "Pie"}), 6)
    assert made.action is Action.EMBED and isinstance(made.write, Upsert)
    assert made.write.dense is not None and made.write.dense[0] == vector_of(first)[0]
    assert made.write.payload["vector_fingerprint"] == first != made.write.payload["vector_due"]


def test_a_text_that_turns_back_while_an_embedding_is_pending_gets_its_own_and_never_the_other() -> None:
    """The vector is written before `vector_due` is cleared: between the two the point has that of the other text."""
    first, second = (document(content(title={"en": title}), MODEL).fingerprint for title in ("Cake", "Pie"))
    for at_hand, action in ((set[str](), Action.EMBED), ({first}, Action.UPSERT)):
        index = Model(at_hand=at_hand)
        index.put(content(), 5)
        index.pay()
        index.put(content(title={"en": "Pie"}), 6)
        assert index.point is not None
        index.point = index.point._replace(dense=vector_of(second))
        assert index.put(content(), 7).action is action
        assert index.point.payload["vector_due"] == (None if at_hand else first)
        index.pay()
        assert np.array_equal(cast("Any", index.point.dense), vector_of(first))


def test_only_what_is_written_to_mend_a_point_distrusts_its_fingerprint() -> None:
    index, present = Model(), document(content(), MODEL).fingerprint
    index.put(content(), 5)
    index.pay()
    assert index.point is not None
    index.point = Stored(cast("Payload", {**index.point.payload, "fingerprint": "wrong"}), vector_of(present))
    index.words = Words({"lost": 1}, 1)
    assert index.plan(content(price=2.0), 6).action is Action.PATCH
    mending = index.plan(content(), 6, repair=True)
    assert index.write(mending.write) and index.words == item_words(content())
    assert mending.action is Action.UPSERT, "the vector was of this text all the same"
    assert index.point.payload["fingerprint"] == present and index.point.payload["vector_due"] is None


def test_what_is_written_to_mend_a_point_tries_a_text_that_was_given_up_once_more() -> None:
    index, present = Model(), document(content(), MODEL).fingerprint
    index.put(content(), 5)
    assert index.point is not None
    given_up = {"vector_failed": "no", "vector_due": None, "vector_due_at_ms": None}
    index.point = index.point._replace(payload=cast("Payload", {**index.point.payload, **given_up}))
    assert index.put(content(price=2.0), 6).action is Action.PATCH
    assert index.point.payload["vector_failed"] == "no"
    assert index.write(index.plan(content(), 7, repair=True).write)
    repaired = index.point.payload
    assert (repaired["vector_failed"], repaired["vector_due"]) == (None, present)


def test_a_hidden_item_carries_nothing_that_finds_it() -> None:
    index = Model()
    index.put(content(price=1.0), 5)
    index.pay()
    made = index.put(content(price=1.0, status="delisted"), 6)
    assert made.action is Action.HIDE and isinstance(made.write, Upsert)
    assert made.write.words is None and made.write.dense is None
    assert made.write.payload["fingerprint"] is made.write.payload["vector_due"] is None
    assert set(made.write.payload["searchable_at_ms"].values()) == {None}
    assert made.became_searchable == ("product",)


def test_a_returning_item_shows_all_its_facets_again() -> None:
    index = Model()
    times = {"product": 1, "price": 2, "reviews": None}
    index.put(content(status="parked", updated_at_ms=times), 5)
    made = index.put(content(updated_at_ms=times), 6, 3_000)
    assert made.became_searchable == ("product", "price")
    assert made.write is not None
    assert made.write.payload["searchable_at_ms"] == {"product": 3_000, "price": 3_000, "reviews": None}


def test_an_item_that_nobody_sees_makes_nothing_searchable() -> None:
    index = Model()
    assert index.put(content(status="parked"), 5).became_searchable == ()
    assert index.put(content(status="parked", price=2.0), 6).became_searchable == ()


def test_a_turned_window_is_repriced_at_the_same_version() -> None:
    offer = {
        "seller": "s", "price": 9.0, "currency": "HKD", "sale_price": 7.0, "sale_starts_at_ms": 500,
        "sale_ends_at_ms": 900, "promotion": {}, "updated_at_ms": 1,
    }  # fmt: skip
    index = Model()
    index.put(content(offers=[offer], price=9.0, currency="HKD", price_changes_at_ms=500), 5)
    assert index.point is not None
    turned = reprice(index.point.payload, "HKD", 600)
    assert isinstance(turned, Reprice) and turned.version == 5
    assert {k: turned.payload[k] for k in ("price", "price_changes_at_ms")} == {
        "price": 7.0,
        "price_changes_at_ms": 900,
    }
    assert turned.payload["searchable_at_ms"]["price"] == 600


contents = st.builds(
    content,
    status=st.sampled_from(["visible", "visible", "delisted", "parked"]),
    title=st.sampled_from([{"en": "Cake"}, {"en": "Pie"}, {"en": " Cake"}]),
    price=st.sampled_from([None, 1.0, 2.0]),
    rating=st.sampled_from([None, 4.5]),
    gtin=st.sampled_from([None, "4006381333931", "4006381333948"]),
    updated_at_ms=st.fixed_dictionaries(
        {"product": st.just(1), "price": st.sampled_from([None, 2]), "reviews": st.none()}
    ),
)


@given(st.lists(contents, min_size=1, max_size=6), st.data())
def test_the_newest_record_stands_after_any_interleaving_of_readers_and_writers(
    records: list[Content], data: st.DataObject
) -> None:
    """Writers read long before they write, then plan again when asked, with texts embedded between, in any order."""
    index = Model(at_hand=data.draw(st.sets(st.sampled_from([document(r, MODEL).fingerprint for r in records]))))
    waiting: list[tuple[int, PointPlan]] = []
    unread = data.draw(st.permutations(range(len(records))))
    while unread or waiting:
        step = data.draw(
            st.sampled_from([s for s, can in (("read", unread), ("write", waiting), ("pay", True)) if can])
        )
        if step == "read":
            version = unread.pop()
            waiting.append((version, index.plan(records[version], version)))
        elif step == "write":
            version, made = waiting.pop(data.draw(st.integers(0, len(waiting) - 1)))
            if not index.write(made.write):
                unread.append(version)
        else:
            index.pay()
    newest = records[-1]
    assert index.point is not None
    stored = index.point.payload
    assert {f: cast("Any", stored)[f] for f in CONTENT_FIELDS} == newest
    assert stored["version"] == len(records) - 1
    _assert_vectors_are_those_of(index, newest)


def _assert_vectors_are_those_of(index: Model, newest: Content) -> None:
    assert index.point is not None
    payload, dense = index.point
    if newest["status"] != "visible":
        assert index.words is None and dense is None and payload["vector_due"] is None
        return
    present = document(newest, MODEL)
    assert (index.words, payload["fingerprint"]) == (item_words(newest), present.fingerprint)
    # A text that turns back while another is pending has a vector of either, and is embedded again.
    assert payload["vector_due"] in (None, present.fingerprint)
    assert payload["vector_due"] is not None or payload["vector_fingerprint"] == present.fingerprint
    assert (dense is None) == (payload["vector_fingerprint"] is None)
    if dense is not None:
        assert dense[0] == vector_of(payload["vector_fingerprint"] or "")[0]


@given(st.lists(contents, min_size=1, max_size=8))
def test_the_same_fingerprint_never_embeds_again(records: list[Content]) -> None:
    index = Model()
    for version, record in enumerate(records):
        before, words = index.point and index.point.payload["fingerprint"], index.words
        made = index.put(record, version)
        index.pay()
        if record["status"] == "visible" and before == document(record, MODEL).fingerprint:
            assert made.action is (Action.PATCH if words == item_words(record) else Action.UPSERT)


def test_a_gtin_that_alone_changes_replaces_its_term_and_embeds_nothing() -> None:
    index = Model()
    index.put(content(gtin="4006381333931"), 5)
    index.pay()
    assert index.put(content(gtin="4006381333948"), 6).action is Action.UPSERT
    assert index.words == item_words(content(gtin="4006381333948"))
    assert index.put(content(gtin=None), 7).action is Action.UPSERT
    assert index.words == item_words(content())


def test_a_vector_that_is_being_written_is_not_carried_over() -> None:
    """Another worker writes it, and clears the pending embedding only where the point still says so."""
    index = Model()
    index.put(content(), 5)
    index.pay()
    index.put(content(title={"en": "Pie"}), 6)
    assert index.point is not None
    due = index.point.payload["vector_due"] or ""
    begun = cast("Payload", {**index.point.payload, "vector_fingerprint": being_written(due)})
    index.point = Stored(begun, vector_of(due))
    made = index.put(content(title={"en": "Tart"}), 7)
    assert isinstance(made.write, Upsert)
    assert (made.write.dense, made.write.payload["vector_fingerprint"]) == (None, None)


def test_a_value_that_only_python_takes_for_the_same_is_written() -> None:
    index = Model()
    index.put(content(attributes={"waterproof": 1}), 5)
    index.put(content(attributes={"waterproof": True}), 6)
    assert index.point is not None
    assert index.point.payload["attributes"]["waterproof"] is True


def test_a_new_collection_says_since_when_search_shows_each_facet_in_the_one_that_serves() -> None:
    serving, built = Model(), Model()
    first = content(updated_at_ms={"product": 1, "price": 5, "reviews": None}, price=2.0)
    serving.write(serving.plan(first, 1).write)
    newer = content(updated_at_ms={"product": 1, "price": 9, "reviews": None}, price=3.0)
    serving.write(serving.plan(newer, 2, now_ms=2_000).write)
    assert serving.point is not None
    shown = serving.point.payload
    built.write(built.plan(first, 1, now_ms=7_000, serving=shown).write)
    assert built.point is not None
    assert built.point.payload["searchable_at_ms"] == {"product": NOW_MS, "price": 7_000, "reviews": None}
    built.write(built.plan(newer, 2, now_ms=8_000, serving=shown).write)
    assert built.point.payload["searchable_at_ms"] == shown["searchable_at_ms"]
    assert shown["searchable_at_ms"] == {"product": NOW_MS, "price": 2_000, "reviews": None}


@given(contents, contents, st.booleans(), st.booleans())
def test_a_text_is_known_to_be_new_before_the_whole_point_is_read(
    before: Content, wanted: Content, stored: bool, repair: bool
) -> None:
    """New texts can thus be told from other changes, which do not wait for them."""
    index = Model()
    if stored:
        index.put(before, 2)
        index.pay()
    present = document(wanted, MODEL)
    planned = index.plan(wanted, 3, repair=repair, present=present)
    assert planned.action is index.plan(wanted, 3, repair=repair).action
    if is_visible(wanted):
        known = known_fingerprint(index.point and index.point.payload, repair=repair)
        writes_text = planned.action in (Action.EMBED, Action.UPSERT)
        assert writes_text == (is_new_text(known, present) or index.words != item_words(wanted))
