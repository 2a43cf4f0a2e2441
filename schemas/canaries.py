"""Canaries: hidden items of Freshline's own, by which it measures its freshness from outside."""

from __future__ import annotations

CANARY_PREFIX = "freshline-canary-"
"""The beginning of the ids of canaries. No product of a shop may have such an id."""
CANARY_HEADER = "freshline-canary"
"""The header of the events of canaries. Without it an event of a canary is refused."""
RESERVED = f"product_id: ids that begin with {CANARY_PREFIX!r} are Freshline's own: choose another"


def is_canary(product_id: str) -> bool:
    """Return whether an item is a canary."""
    return product_id.startswith(CANARY_PREFIX)
