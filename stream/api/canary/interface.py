"""The interfaces of the canary: what the probe asks, and what the route for it calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from stream.api.canary.models import ShownCanary


class CanaryApi(Protocol):
    """Searches for canaries."""

    async def shown(self, number: int) -> ShownCanary:
        """Search for the canary of a partition, and return the change that is shown.

        Raises Unavailable, and NotFound if there is no such partition.
        """
