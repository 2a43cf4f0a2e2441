"""The plan for a point: the write that turns the stored point into the wanted one, by a pure ladder of branches.

This module enforces docs/invariants.md#1 and docs/invariants.md#3.
"""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from schemas.points import BEING_WRITTEN, Status
from workers.document import document
from workers.index.stored import Stored
from workers.index.writes import Patch, Reprice, Upsert
from workers.point import payload
from workers.point.new_text import certainly_same, is_new_text, known_fingerprint, same_words
from workers.state.left_out import OF_OFFERS, offers_left_out
from workers.state.prices import price_changes_at_ms, price_now
from workers.state.projection import updated_at_ms
from workers.words.item import identity_words, item_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from schemas.logged_item import LoggedItem
    from schemas.points import Content, Facets, Payload
    from workers.document import Document
    from workers.embedder.interface import ModelId
    from workers.index.writes import Write
    from workers.words.item import Words

    Vector = NDArray[np.float32]
    Cached = Callable[[str], Vector | None]
    Since = Callable[[Payload | None, Content, tuple[str, ...]], dict[str, int | None]]
    """`payload.searchable_at_ms` as a function of (stored, content, changed facets)."""


class Action(StrEnum):
    """The kind of a plan: the branches of the ladder."""

    SKIP = "skip"
    """The index has this version or a later one."""
    PATCH = "patch"
    """The text and its terms are the same: only the payload is written."""
    UPSERT = "upsert"
    """The text or a term is new and the vector is known: the whole point is written."""
    EMBED = "embed"
    """The text is new: the whole point is written, with the old vector while the new embedding is pending."""
    HIDE = "hide"
    """The item is delisted, parked or a canary: the whole point is written, without the vectors of its text."""


class PointPlan(NamedTuple):
    """The write, and the facets that search shows differently after it."""

    action: Action
    write: Write | None
    became_searchable: tuple[str, ...]


def plan(
    stored: Stored | None,
    content: Content,
    *,
    version: int,
    model: ModelId,
    cached: Cached,
    now_ms: int,
    text_arrived_at_ms: int | None = None,
    repair: bool = False,
    serving: Payload | None = None,
    product_digest: str | None = None,
    present: Document | None = None,
) -> PointPlan:
    """Return the plan for one item record.

    `stored` must have been read with its vector. `cached` looks a vector up by fingerprint, float32 `(dimension,)`.
    `text_arrived_at_ms`, >= 0, is the time since which a new text waits for its vector; None means now.
    `serving` is the point of the item in the serving collection, if that is another one: it holds the time since which
    search has shown each facet. `product_digest` is the one of the record, and `present` the document of the content,
    if they are known. With `repair` the whole point is written again, its lexical vector too, and an embedding that
    failed is tried again.
    """
    if stored is not None and stored.payload["version"] >= version:
        return PointPlan(Action.SKIP, None, ())
    if not payload.is_visible(content):
        return _hide(stored, content, version, now_ms, product_digest)
    since = partial(payload.searchable_at_ms, now_ms=now_ms, serving=serving)
    known = known_fingerprint(stored and stored.payload, repair=repair)
    if stored is not None and known is not None and certainly_same(stored.payload, content):
        return _patch(stored, content, version, since, product_digest)
    present = present or document(content, model)
    if stored is not None and not is_new_text(known, present) and same_words(stored.payload, content):
        return _patch(stored, content, version, since, product_digest)
    due_at_ms = now_ms if text_arrived_at_ms is None else text_arrived_at_ms
    vector = _vector(stored, present.fingerprint, cached, due_at_ms)
    words = item_words(content, present.attributes)
    return _replace(stored, content, version, words, vector, None if repair else stored, since, product_digest)


def same_product(stored: Payload, partition: int, product_digest: str) -> bool:
    """Return whether a point certainly has the fields of the product that an item record has.

    `stored` need not have these fields. A point that is hidden keeps no fingerprint, and says no.
    """
    known = stored["product_digest"] == product_digest and stored["partition"] == partition
    return known and stored["fingerprint"] is not None


def patch_facets(stored: Payload, item: LoggedItem, of_facets: Facets, version: int, now_ms: int) -> PointPlan:
    """Return the plan for an item record whose product is the same (`same_product`), from its offers and reviews.

    It is the plan that `plan` would make. `stored` need not have the fields of the product.
    """
    if stored["version"] >= version:
        return PointPlan(Action.SKIP, None, ())
    times = updated_at_ms(stored["updated_at_ms"]["product"], item, item.reviews)
    left_out = [name for name in stored["left_out"] or () if name not in OF_OFFERS]
    left_out += offers_left_out(item, of_facets)
    wanted = cast("Content", {**stored, **of_facets, "left_out": left_out, "updated_at_ms": times})
    since = partial(payload.searchable_at_ms, now_ms=now_ms)
    return _patch(Stored(stored, None), wanted, version, since, stored["product_digest"], payload.FIELDS_BESIDE_PRODUCT)


def reprice(stored: Payload, shop_currency: str | None, now_ms: int) -> Reprice:
    """Return the write for a sale window that has turned. It takes effect unless an event changes the point first."""
    price, currency = price_now(stored["offers"], shop_currency, now_ms)
    turned = {"price": price, "currency": currency}
    shown = stored["searchable_at_ms"] | {"price": now_ms}
    fields = turned | {"price_changes_at_ms": price_changes_at_ms(stored["offers"], now_ms), "searchable_at_ms": shown}
    return Reprice(stored["product_id"], stored["version"], fields)


def _hide(stored: Stored | None, content: Content, version: int, now_ms: int, product_digest: str | None) -> PointPlan:
    changed = payload.changed_facets(stored and stored.payload, content)
    shown = payload.searchable_at_ms(stored and stored.payload, content, changed, now_ms)
    whole = payload.payload(content, version, payload.NO_VECTOR, shown, product_digest)
    # A canary is looked for by its id. No other item that is hidden can be found.
    words = identity_words(content["product_id"]) if content["status"] == Status.CANARY else None
    return PointPlan(Action.HIDE, Upsert(content["product_id"], version, whole, words, None), changed)


def _patch(
    stored: Stored,
    content: Content,
    version: int,
    since: Since,
    product_digest: str | None,
    among: Sequence[str] = payload.CONTENT_FIELDS,
) -> PointPlan:
    """Patch the point. The version always rises: an older write of a frozen worker may come later."""
    fields = payload.changed_fields(stored.payload, content, among)
    facets = payload.touched_facets(stored.payload, content, fields)  # A hidden point has no fingerprint to match.
    fields["version"] = version
    if stored.payload["product_digest"] != product_digest:
        fields["product_digest"] = product_digest
    if facets:
        fields["searchable_at_ms"] = since(stored.payload, content, facets)
    return PointPlan(Action.PATCH, Patch(content["product_id"], stored.payload["version"], version, fields), facets)


def _replace(
    stored: Stored | None,
    content: Content,
    version: int,
    words: Words,
    dense_and_state: tuple[Vector | None, payload.VectorState],
    planned_on: Stored | None,
    since: Since,
    product_digest: str | None,
) -> PointPlan:
    changed = payload.changed_facets(stored and stored.payload, content)
    shown = since(stored and stored.payload, content, changed)
    dense, vector = dense_and_state
    whole = payload.payload(content, version, vector, shown, product_digest)
    action = Action.EMBED if vector.vector_due else Action.UPSERT
    write = Upsert(content["product_id"], version, whole, words, dense, planned_on)
    return PointPlan(action, write, changed)


def _vector(
    stored: Stored | None, fingerprint: str, cached: Cached, due_at_ms: int
) -> tuple[Vector | None, payload.VectorState]:
    """Return the vector to write, and the vector state: an old vector serves until the new one comes.

    While an embedding is pending the stored vector may be the old or the new one, since the new vector is written
    before `vector_due` is cleared. One that is being written is not carried over: its writer clears `vector_due` only
    where the point still says so.
    """
    old = None if stored is None or stored.dense is None else stored.payload["vector_fingerprint"]
    if old is not None and old.startswith(BEING_WRITTEN):
        old = None
    if stored is not None and old == fingerprint and stored.payload["vector_due"] is None:
        return stored.dense, payload.VectorState(fingerprint, fingerprint, None, None)
    at_hand = cached(fingerprint)
    if at_hand is not None:
        return at_hand, payload.VectorState(fingerprint, fingerprint, None, None)
    return stored.dense if stored and old else None, payload.VectorState(fingerprint, old, fingerprint, due_at_ms)
