"""The report of the dashboard about drift."""

from __future__ import annotations

from pydantic import BaseModel


class DriftReport(BaseModel):
    """Points that differed from the item log, by the last check of each partition."""

    checked: int
    """The partitions that were checked since the process started."""
    partitions: int
    last_at: str | None
    """The time at which the last check ended."""
    items: int
    """The items in the partitions that were checked."""
    faults: int
    examples: list[str]
    """Some of the items that differ, and how."""
