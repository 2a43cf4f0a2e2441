"""What an answer says about the weight of an item, and about the rules that move it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class FactorReport(BaseModel):
    """What one factor makes of an item."""

    share: float
    """How much the item has of it, from 0 to 1."""
    strength: float
    """How much more an item with the whole share counts than one with none."""
    factor: float
    """What the relevance of the item is multiplied by: (1 + strength x share) / (1 + strength)."""


class RuleReport(BaseModel):
    """What one rule does to an item."""

    id: str
    action: Literal["pin", "bury", "boost"]
    factor: float
    """What the relevance of the item is multiplied by: 1 for the items of a boost above 1, and less for all others."""
