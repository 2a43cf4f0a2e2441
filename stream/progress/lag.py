"""Lag: the part of the log that search does not show yet. `stream.progress.monitor` computes it."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Lag(BaseModel):
    """The events and pending updates that search does not show yet, by the stage where they wait, upstream first."""

    inputs: dict[str, int] = Field(default_factory=dict)
    """The number of events that no items worker has acked, by input topic."""
    items: int = 0
    """The number of records of the item log that the index does not show yet."""
    vectors_due: int = 0
    """The number of texts that are found by their words while their embeddings are pending."""
    sale_boundaries: int = 0
    """The number of prices whose sale window opened or closed, and which are not patched yet."""

    @property
    def total(self) -> int:
        """The number of all that waits; 0 only when nothing waits anywhere."""
        return sum(self.inputs.values()) + self.items + self.vectors_due + self.sale_boundaries
