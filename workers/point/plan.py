"""What has to be done to the index, given what stands there and what should: a pure ladder, each branch counted."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from workers.document import document, same_text
from workers.index.interface import Patch, Reprice, Upsert
from workers.point import payload
from workers.state.projection import price_changes_at_ms, price_now

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from schemas.points import Content, Payload
    from workers.document import Document
    from workers.embedder.interface import ModelId
    from workers.index.interface import Stored, Write

    Vector = NDArray[np.float32]
    Cached = Callable[[str], Vector | None]
    Since = Callable[[Payload | None, Content, tuple[str, ...]], dict[str, int | None]]
    """`point.searchable_at_ms`, of (stored, content, changed facets)."""


class Action(StrEnum):
    """The branches of the ladder."""

    SKIP = "skip"
    """The index has this version or a later one."""
    PATCH = "patch"
    """Same text: payload only."""
    UPSERT = "upsert"
    """New text whose vector is at hand: the whole point."""
    EMBED = "embed"
    """New text: the whole point, with the old vector while the new one is owed."""
    HIDE = "hide"
    """Delisted or parked: the whole point, without vectors."""


class Plan(NamedTuple):
    """What to write, and of which facets search then shows a change."""

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
    mend: bool = False,
    serving: Payload | None = None,
) -> Plan:
    """The plan for one item record.

    `stored` must have been read with its vector. `cached` looks a vector up by fingerprint, float32 `(dimension,)`.
    `text_arrived_at_ms`: since when a new text waits for its vector, >= 0; None: since now.
    `serving`: the item's point in the collection that searches ask, where that is another: since when it shows what.
    `mend`: the whole point is written anew, its words too, and a text that was given up gets its vector tried again.
    """
    if stored is not None and stored.payload["version"] >= version:
        return Plan(Action.SKIP, None, ())
    if not payload.is_visible(content):
        return _hide(stored, content, version, now_ms)
    since = partial(payload.searchable_at_ms, now_ms=now_ms, serving=serving)
    # A hidden point keeps no fingerprint, so an item that returns gets its vectors back.
    # To mend takes no shortcut: they trust the fingerprint, and the words that were written with it.
    known = None if stored is None or mend else stored.payload["fingerprint"]
    if stored is not None and known is not None and same_text(stored.payload, content):
        return _patch(stored, content, version, since)
    present = document(content, model)
    if stored is not None and known == present.fingerprint:
        return _patch(stored, content, version, since)
    due_at_ms = now_ms if text_arrived_at_ms is None else text_arrived_at_ms
    return _replace(stored, content, version, _vector(stored, present.fingerprint, cached, due_at_ms), present, since)


def is_new_text(stored: Stored | None, content: Content, *, version: int, model: ModelId, mend: bool = False) -> bool:
    """Return whether the plan for an item record will be to embed or to upsert: whether it writes the item's text.

    The arguments are those of `plan`, but `stored` need not have its vector. So new texts can be told from all other
    changes before their vectors are read.
    """
    if not payload.is_visible(content) or (stored is not None and stored.payload["version"] >= version):
        return False
    known = None if stored is None or mend else stored.payload["fingerprint"]
    if stored is None or known is None:
        return True
    return not same_text(stored.payload, content) and document(content, model).fingerprint != known


def reprice(stored: Payload, shop_currency: str | None, now_ms: int) -> Reprice:
    """What a sale window that has turned changes of a point, as long as no event changes it first."""
    price, currency = price_now(stored["offers"], shop_currency, now_ms)
    turned = {"price": price, "currency": currency}
    shown = stored["searchable_at_ms"] | {"price": now_ms}
    fields = turned | {"price_changes_at_ms": price_changes_at_ms(stored["offers"], now_ms), "searchable_at_ms": shown}
    return Reprice(stored["product_id"], stored["version"], fields)


def _hide(stored: Stored | None, content: Content, version: int, now_ms: int) -> Plan:
    changed = payload.changed_facets(stored and stored.payload, content)
    shown = payload.searchable_at_ms(stored and stored.payload, content, changed, now_ms)
    whole = payload.payload(content, version, payload.NO_VECTOR, shown)
    return Plan(Action.HIDE, Upsert(content["product_id"], version, whole, None, None), changed)


def _patch(stored: Stored, content: Content, version: int, since: Since) -> Plan:
    """The version rises even where nothing else changed, or an older write of a frozen worker could land later."""
    facets = payload.changed_facets(stored.payload, content)
    fields = payload.changed_fields(stored.payload, content) | {"version": version}
    if facets:
        fields["searchable_at_ms"] = since(stored.payload, content, facets)
    return Plan(Action.PATCH, Patch(content["product_id"], stored.payload["version"], version, fields), facets)


def _replace(
    stored: Stored | None,
    content: Content,
    version: int,
    dense_and_state: tuple[Vector | None, payload.VectorState],
    present: Document,
    since: Since,
) -> Plan:
    changed = payload.changed_facets(stored and stored.payload, content)
    shown = since(stored and stored.payload, content, changed)
    dense, vector = dense_and_state
    whole = payload.payload(content, version, vector, shown)
    action = Action.EMBED if vector.vector_due else Action.UPSERT
    return Plan(action, Upsert(content["product_id"], version, whole, present.text, dense), changed)


def _vector(
    stored: Stored | None, fingerprint: str, cached: Cached, due_at_ms: int
) -> tuple[Vector | None, payload.VectorState]:
    """The vector to write, and what it is owed: an old one serves until the new one comes, and says so.

    While one is owed the vector that stands there may be either, as it is written before the debt is cleared.
    """
    old = None if stored is None or stored.dense is None else stored.payload["vector_fingerprint"]
    if stored is not None and old == fingerprint and stored.payload["vector_due"] is None:
        return stored.dense, payload.VectorState(fingerprint, fingerprint, None, None)
    at_hand = cached(fingerprint)
    if at_hand is not None:
        return at_hand, payload.VectorState(fingerprint, fingerprint, None, None)
    return stored.dense if stored and old else None, payload.VectorState(fingerprint, old, fingerprint, due_at_ms)
