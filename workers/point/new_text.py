"""Tells before the whole point is read whether an item has a new text; `plan` decides whether that is embedded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.document import same_text
from workers.words.item import item_words

if TYPE_CHECKING:
    from schemas.points import Content, Payload
    from workers.document import Document


def known_fingerprint(head: Payload | None, *, repair: bool = False) -> str | None:
    """Return the fingerprint of the text that a point shows; None if there is none, or the text is to be written again.

    A hidden point keeps no fingerprint, so an item that returns gets its vectors back. A repair takes no shortcut:
    shortcuts trust the fingerprint and the lexical vector that was written with it.
    """
    return None if head is None or repair else head["fingerprint"]


def is_new_text(known: str | None, present: Document) -> bool:
    """Return whether a document is another than that of the `known_fingerprint`."""
    return known is None or known != present.fingerprint


def certainly_same(before: Content, now: Content) -> bool:
    """Return whether document and terms are certainly the same, because no field that they are made from differs."""
    return before["gtin"] == now["gtin"] and same_text(before, now)  # A GTIN is a term, and not in the document.


def same_words(before: Content, now: Content) -> bool:
    """Return whether the terms are the same, too: a text may move from one field to another in the same document."""
    return item_words(before) == item_words(now)
