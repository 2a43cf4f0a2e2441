"""The report of the dashboard about the canary."""

from __future__ import annotations

from pydantic import BaseModel


class CanaryReport(BaseModel):
    """The time that search took to show the last changes of the hidden items, one a partition."""

    interval_seconds: float
    """The time between two changes of each; 0 where the canary is off."""
    last_seconds: float | None
    """The time from the last change until a search showed it; None before the first one."""
    median_seconds: float | None
    """The median of the last hundred."""
    overdue_seconds: float
    """The delay of a change that search should show by now, in the partition that is furthest behind."""
    overdue_partitions: list[int]
    """The partitions that are late by more than the stall."""


class ShownCanary(BaseModel):
    """The canary of a partition as a search shows it."""

    product_id: str
    updated_at_ms: int | None
    """The `updated_at` of the change that is shown; None if none is."""
