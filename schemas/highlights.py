"""The words of a hit that matched, as fragments of plain text: no markup, and no offsets that languages count apart."""

from __future__ import annotations

from pydantic import BaseModel


class Fragment(BaseModel):
    """A piece of a text."""

    text: str
    """Plain text, never HTML: to be shown as it is, or escaped."""
    matched: bool


class Highlights(BaseModel):
    """The matches in the texts of a hit. The fragments of a text follow each other without a gap."""

    title: list[Fragment]
    """The whole title; empty if the item has none."""
    description: list[Fragment]
    """The part of the description with the most matches; empty if it has none."""
