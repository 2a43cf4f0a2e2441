"""Lag: how much of what the log holds search does not show yet."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Lag(BaseModel):
    """Events and debts that search does not show yet, by where they wait, read upstream first."""

    inputs: dict[str, int] = Field(default_factory=dict)
    """By input topic."""
    items: int = 0
    """Records of the item log."""
    vectors_due: int = 0
    """Texts that are found by their words, their vectors still owed."""
    sale_boundaries: int = 0
    """Prices whose sale window opened or closed, not yet patched."""

    @property
    def total(self) -> int:
        """0 only when nothing waits anywhere."""
        return sum(self.inputs.values()) + self.items + self.vectors_due + self.sale_boundaries
