"""The interface between the routes and the process that they run in: the services, which answer the requests.

Methods may raise Unavailable (503), RefusedRequest (422), Conflict (409) or NotFound (404); none blocks the event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    from schemas.answers import IndexedItem, SearchAnswer
    from schemas.queries import SearchRequest
    from schemas.suggestions import Suggestions, SuggestRequest
    from schemas.tokens import Token
    from stream.api.canary.interface import CanaryApi
    from stream.api.dashboard.interface import DashboardApi
    from stream.api.dead_letters.interface import DeadLettersApi
    from stream.api.models import StatusReport
    from stream.api.recommending.interface import RecommendApi
    from stream.api.trial_parameters import TrialParameters
    from stream.api.watching.interface import WatchApi
    from stream.api.why.interface import WhyApi
    from stream.runtime.jobs import JobReport


class SearchApi(Protocol):
    """Searches, items, and the wait until an event is searchable."""

    async def search(self, request: SearchRequest, after: Token | None, wait_ms: int) -> SearchAnswer:
        """Answer once the event `after` is searchable, or with `fresh=False` when `wait_ms` have passed."""

    async def trial(self, request: TrialParameters) -> SearchAnswer:
        """Answer by the weights, the rules or the vectors of the request. Nothing in force changes."""

    async def suggest(self, request: SuggestRequest) -> Suggestions:
        """Return how what was typed so far may go on."""

    async def item(self, product_id: str) -> IndexedItem | None:
        """Return the point of an item, visible or not; None if there is none."""

    def in_this_log(self, after: Token) -> Token:
        """Return the token with the id of this log. Raises RefusedRequest if it is a token of another log."""

    async def progress(self, after: Token, wait_ms: int) -> bool:
        """Wait for an event, at most `wait_ms`; return whether all events up to it are searchable or dead letters."""

    async def changes(self, product_ids: Collection[str], since_ms: int, wait_ms: int) -> bool:
        """Wait until search shows a change of one of these items that it did not show at `since_ms`, at most `wait_ms`;
        return whether it does. False at once where too many pages wait already."""

    def abandon_waits(self) -> None:
        """End all waits with Unavailable: this process stops, and the next one can answer."""


class StatusApi(Protocol):
    """The state of the pipeline, for people and for monitoring."""

    async def status(self) -> StatusReport:
        """Return the whole report, computed now."""

    def ready(self) -> list[str]:
        """Return the reasons why searches cannot be answered, a sentence each; empty when they can."""

    def metrics(self, accept: str) -> tuple[bytes, str]:
        """Return all metrics and their content type: OpenMetrics, with exemplars, for a client that accepts it, else
        the text format of Prometheus."""


class JobsApi(Protocol):
    """The long work that an operator asks for: rebuild and reconcile."""

    def start_rebuild(self, model: str | None, *, dry_run: bool) -> JobReport:
        """Begin a rebuild with this model; None: the model of the settings, or the present one. Raises Conflict."""

    async def roll_back(self) -> dict[str, Any]:
        """Let the collection before the last rebuild serve again. Raises Conflict: none is left, or a rebuild runs."""

    async def finish_rebuild(self) -> dict[str, Any]:
        """Drop the collection before the last rebuild. Raises Conflict as `roll_back` does."""

    def start_reconcile(self, *, repair: bool) -> JobReport:
        """Compare the index with the item state, and repair it if asked. Raises Conflict while that runs already."""

    def report(self, kind: str) -> JobReport | None:
        """Return how far the last job of this kind is; None: none was asked for since the process started."""


class Services(NamedTuple):
    """The services behind the routes."""

    search: SearchApi
    status: StatusApi
    jobs: JobsApi
    dashboard: DashboardApi
    why: WhyApi
    dead_letters: DeadLettersApi
    recommendations: RecommendApi
    watches: WatchApi
    canaries: CanaryApi
