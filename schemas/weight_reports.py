"""The report of an answer about the weight of an item, and about the rules that move it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class FactorReport(BaseModel):
    """The effect of one factor on an item."""

    share: float
    """The share of the factor that the item has, from 0 to 1."""
    strength: float
    """The strength: an item with the whole share counts 1 + `strength` times as much as one with none."""
    factor: float
    """The number that the relevance of the item is multiplied by: (1 + strength x share) / (1 + strength)."""


class RuleReport(BaseModel):
    """The effect of one rule on an item."""

    id: str
    action: Literal["pin", "bury", "boost"]
    factor: float
    """The number that the relevance of the item is multiplied by: 1 for the items of a boost above 1, and less for all
    others."""
