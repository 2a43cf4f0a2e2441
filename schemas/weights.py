"""What an answer says about the weight of an item."""

from __future__ import annotations

from pydantic import BaseModel


class FactorReport(BaseModel):
    """What one factor makes of an item."""

    share: float
    """How much the item has of it, from 0 to 1."""
    strength: float
    """How much more an item with the whole share counts than one with none."""
    factor: float
    """What the relevance of the item is multiplied by: (1 + strength x share) / (1 + strength)."""
