"""The interface between the routes of dead letters and the process that they run in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from stream.api.dead_letters.models import LetterList, LetterTopic, RepairRequest, Resent


class DeadLettersApi(Protocol):
    """Dead letters. Methods may raise Unavailable (503), RefusedRequest (422) or Conflict (409)."""

    async def waiting(self, topic: LetterTopic, reason: str | None, limit: int) -> LetterList:
        """Return the dead letters of a topic that were not sent again; with `reason`, those of that reason alone."""

    async def resend(self, repair: RepairRequest) -> Resent:
        """Send one dead letter back with a repaired value, and return once the broker has confirmed it.

        Raises RefusedRequest if the value would be refused again, and Conflict if it was sent already.
        """
