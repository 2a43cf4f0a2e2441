"""The interface between the routes of the dashboard and the process that they run in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from stream.api.dashboard.models import SaleCalendar


class DashboardApi(Protocol):
    """The snapshots that the dashboard shows."""

    @property
    def full(self) -> bool:
        """True if a further viewer must be refused."""

    def watch(self) -> AsyncGenerator[bytes]:
        """Yield each server-sent event as it goes over the wire, until the process ends or the generator is closed."""

    async def close(self) -> None:
        """End all watching: this process stops."""

    async def sales(self) -> SaleCalendar:
        """Return the price changes without an event of the next day and of the last hour."""
