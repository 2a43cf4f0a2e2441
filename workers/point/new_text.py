"""Tells before its vector is read whether an item record writes a text; `plan` decides whether that is embedded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.document import document, same_text
from workers.point import payload
from workers.words.item import item_words

if TYPE_CHECKING:
    from schemas.points import Content
    from workers.embedder.interface import ModelId
    from workers.index.interface import Stored


def is_new_text(stored: Stored | None, content: Content, *, version: int, model: ModelId, repair: bool = False) -> bool:
    """Return whether the plan for an item record will be to embed or to upsert: whether it writes the item's text.

    The arguments are those of `plan`, but `stored` need not have its vector. New texts can thus be told apart from
    all other changes before their vectors are read.
    """
    if not payload.is_visible(content) or (stored is not None and stored.payload["version"] >= version):
        return False
    known = None if stored is None or repair else stored.payload["fingerprint"]
    if stored is None or known is None:
        return True
    if certainly_same(stored.payload, content):
        return False
    return document(content, model).fingerprint != known or not same_words(stored.payload, content)


def certainly_same(before: Content, now: Content) -> bool:
    """Return whether document and terms are certainly the same, because no field that they are made from differs."""
    return before["gtin"] == now["gtin"] and same_text(before, now)  # A GTIN is a term, and not in the document.


def same_words(before: Content, now: Content) -> bool:
    """Return whether the terms are the same, too: a text may move from one field to another in the same document."""
    return item_words(before) == item_words(now)
