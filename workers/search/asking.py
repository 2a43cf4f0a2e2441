"""One search at one moment, and what a remote index may give with its rankings."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.queries import SearchRequest
    from workers.search.order.cheap import Cheap
    from workers.search.prices.turned_prices import Turned

NOTHING_ELSE: Mapping[str, float] = MappingProxyType({})
AHEAD_PAGES, AHEAD_END_MAX = 3, 50
"""The payloads that a remote index gives with the rankings, in pages, and the last hit of pages for which it does."""
AHEAD_CHEAP = 100
"""The number of them where lower prices go first, any of which may be on the page."""


class Asking(NamedTuple):
    """One search at one moment."""

    request: SearchRequest
    now_ms: int
    turned: Turned
    cheap: Cheap | None
    """The factor of a query that asks for something cheap, as `Ordering` has it."""
    typed: str | None
    """The query with its stop phrases, which the phrase of a rule may have as well."""
    meant: Mapping[str, float] = NOTHING_ELSE
    """The terms with their weights of words that were probably meant by words that no item says."""

    @property
    def ahead(self) -> int:
        """The number of payloads that may be needed; 0 where the page is in another order, or too far down."""
        request, end = self.request, self.request.offset + self.request.limit
        in_relevance = request.sort == "relevance" and not request.group and not request.diversity
        if not in_relevance or end > AHEAD_END_MAX:
            return 0
        return AHEAD_PAGES * end if self.cheap is None else AHEAD_CHEAP
