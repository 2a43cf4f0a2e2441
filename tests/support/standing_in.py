"""A service for the API that answers from memory, for the tests of the API and of the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.answers import Hit, IndexedItem, SearchableAt, SearchAnswer, ShownOffer
from schemas.errors import Conflict, RefusedRequest, Unavailable
from schemas.explanations import Explanation, FilterCheck, RankingPlace, WordMatch
from schemas.recommendations import Recommendations, RecommendRequest, SimilarRequest
from schemas.suggestions import SuggestedProduct, Suggestions, SuggestRequest
from schemas.understood import Relaxation, Understood, UnderstoodWords
from stream.api.canary.models import ShownCanary
from stream.api.dashboard.feed import frame
from stream.api.dashboard.models import SaleCalendar
from stream.api.dead_letters.models import LetterList, LetterTopic, RepairRequest, Resent
from stream.api.dead_letters.service import repair_line
from stream.api.models import IndexStatus, LogStatus, Percentiles, RulesStatus, StatusReport
from stream.api.services import Services
from stream.api.why.models import ProductLife, VectorReport
from stream.progress.lag import Lag
from stream.runtime.jobs import JobReport
from tests.support.snapshots import empty_snapshot
from tests.support.standing_in_watches import StandInWatches
from workers.search.highlight import highlighted
from workers.words.query import query_terms

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection

    from schemas.queries import SearchRequest
    from schemas.refinements import Refinement
    from schemas.tokens import Token
    from stream.api.trial_parameters import TrialParameters

NOW = "2026-11-21T12:00:00.000Z"


def shown(product_id: str, title: str, **more: object) -> dict[str, Any]:
    """Return the fields of an item as search shows it."""
    offer = ShownOffer(
        seller="WELLCOME",
        price=8.5,
        regular_price=9.0,
        discount_percent=5,
        currency="HKD",
        sale_ends_at=None,
        promotion={"en": "2 for $14.00"},
        updated_at=NOW,
    )
    fields: dict[str, Any] = {
        "product_id": product_id,
        "title": title,
        "titles": {"en": title},
        "description": None,
        "brand": "Garden",
        "category": ["Bakery", "Cakes"],
        "attributes": {},
        "link": None,
        "image_link": None,
        "gtin": None,
        "item_group_id": None,
        "availability": "in_stock",
        "price": 8.5,
        "regular_price": 9.0,
        "discount_percent": 5,
        "currency": "HKD",
        "rating": 4.5,
        "review_count": 2,
        "rating_histogram": [0, 0, 0, 1, 1],
        "offers": [offer],
        "searchable_at": SearchableAt(product=NOW, price=NOW, reviews=None),
        "vector_is_current": True,
    }
    return fields | more


def done_reconciling(wrong: list[str], *, repair: bool) -> JobReport:
    """Return the report of a comparison in which these items are missing."""
    examples = {"missing": [{"product_id": product_id, "detail": ""} for product_id in wrong]} if wrong else {}
    look = {"faults": len(wrong), "outcomes": {"up_to_date": 1_000, "missing": len(wrong)}, "examples": examples}
    result = {
        "items": 1_000 + len(wrong),
        "points": 1_000,
        "found": look,
        "repaired": len(wrong) if repair else 0,
        "left": look if repair else None,
        "seconds": 1.5,
    }
    return JobReport(
        kind="reconcile", state="done", phase="looking again", done=0, total=0, items_per_second=0.0,
        seconds_left=None, error=None, result=result,
    )  # fmt: skip


def _understood(words: str) -> Understood | None:
    """Return the filter that the words for a price in a query mean."""
    text, under, price = words.partition(" under ")
    if not under:
        return None
    guess = UnderstoodWords(words=f"under {price}", filters={"max_price": float(price)}, used="filter")
    return Understood(text=text, guesses=[guess])


class StandInDashboard:
    """A feed that has one snapshot, which is empty."""

    full = False
    closed = False
    calendar = SaleCalendar(coming=[], coming_total=0, changed=[], changed_total=0)

    async def watch(self) -> AsyncGenerator[bytes]:
        yield frame("points", "[]")
        yield frame("snapshot", empty_snapshot(1).model_dump_json())

    async def close(self) -> None:
        self.closed = True

    async def sales(self) -> SaleCalendar:
        return self.calendar


class StandIn:
    """A service that holds items by id, finds those with the query in their title, and calls all below an offset
    searchable."""

    def __init__(self, **titles: str) -> None:
        self.items = {product_id: shown(product_id, title) for product_id, title in titles.items()}
        self.reasons: list[str] = []
        self.failing: list[str] = []
        self.lag = Lag()
        self.freshness = Percentiles(p50=0.012, p99=0.04, events=500)
        self.away = False
        self.told: list[bool | None] = []
        """The answers to the next questions for progress; None means that the service is away."""
        self.searchable_below = 100
        self.log_id = "log-1"
        self.wrong: list[str] = []
        """The items that are missing, and that no repair finds."""
        self.reconciled: JobReport | None = None
        self.dashboard = StandInDashboard()
        self.watches = StandInWatches()
        self.restarts = 0
        """The number of times that the service forgets its jobs before it is asked about them, as when another process
        answers."""
        self.fresh_as_of: dict[str, str | None] = {"prices": NOW}
        self.asked: list[tuple[SearchRequest, Token | None, int]] = []
        self.tried: list[TrialParameters] = []
        self.watched: list[tuple[list[str], int, int]] = []
        self.changed: list[bool] = []
        """The answers to pages that wait for a change of their items."""
        self.recommended: list[SimilarRequest] = []
        self.rules = RulesStatus()
        self.total_is_exact = True
        self.facets: dict[str, list[Refinement]] = {}
        self.currencies = 1
        """The number of currencies. With several of them, prices have no ranges and no order."""

    @property
    def services(self) -> Services:
        """The service as all services of the API."""
        return Services(self, self, self, self.dashboard, self, self, self, self.watches, self)

    async def search(self, request: SearchRequest, after: Token | None, wait_ms: int) -> SearchAnswer:
        self.asked.append((request, after, wait_ms))
        if self.away:
            raise Unavailable(
                "the Qdrant server at http://qdrant:6333 does not answer; searches work again once it does"
            )
        if self.currencies > 1 and ("price" in request.facets or request.sort.startswith("price")):
            raise RefusedRequest("sort" if request.sort.startswith("price") else "facets", "name a currency")
        words = (request.q or "").lower()
        wanted, meant = words.partition(" under ")[0], "cake" if words == "cakq" else None
        how = "next to nothing was found for 'cakq': these are the hits for 'cake'"
        hits = [Hit(**item, score=1.0) for item in self.items.values() if wanted in str(item["title"]).lower()]
        hits = highlighted(hits, query_terms(wanted)) if request.highlight else hits
        return SearchAnswer(
            query=request.q,
            hits=hits[request.offset :][: request.limit],
            total=len(hits),
            total_is_exact=self.total_is_exact,
            facets={name: found for name, found in self.facets.items() if name in request.facets},
            took_ms=1.5,
            by="words and vectors",
            fresh_as_of={"prices": NOW},
            understood=_understood(words) if request.understand else None,
            did_you_mean=meant,
            relaxed=[] if meant is None else [Relaxation(step="spelling", how=how)],
            fresh=after is None or await self.progress(after, wait_ms),
        )

    async def trial(self, request: TrialParameters) -> SearchAnswer:
        self.tried.append(request)
        return await self.search(request, None, 0)

    async def suggest(self, request: SuggestRequest) -> Suggestions:
        titles = [(product_id, str(item["title"])) for product_id, item in self.items.items()]
        fitting = [(each, title) for each, title in titles if request.q.lower() in title.lower()][: request.limit]
        products = [SuggestedProduct(product_id=product_id, title=title) for product_id, title in fitting]
        return Suggestions(
            query=request.q, queries=[title.lower() for _, title in fitting], products=products, took_ms=1
        )

    async def life(self, product_id: str) -> ProductLife | None:
        indexed = await self.item(product_id)
        if indexed is None:
            return None
        return ProductLife(
            product_id=product_id,
            events=[],
            events_left_out=0,
            complete=True,
            log_begins_at=NOW,
            indexed=indexed,
            document=indexed.title,
            fingerprint="f",
            vector=VectorReport(state="current", fingerprint="f", pending_since=None, reason=None),
        )

    async def shown(self, number: int) -> ShownCanary:
        if self.reasons:
            raise Unavailable("the index does not answer")
        return ShownCanary(product_id=f"freshline-canary-{number}-0", updated_at_ms=number or None)

    async def waiting(self, topic: LetterTopic, reason: str | None, limit: int) -> LetterList:
        return LetterList(topic=topic, waiting=0, sent_again=0, reasons=[], letters=[])

    async def resend(self, repair: RepairRequest) -> Resent:
        repair_line(repair)
        return Resent(origin=repair.origin, topic=repair.topic)

    async def explain(self, request: SearchRequest, product_id: str) -> Explanation:
        query, filters = request.q or "", request.filters
        nowhere = RankingPlace(rank=None, score=None, ranked=len(self.items))
        return Explanation(
            query=query,
            product_id=product_id,
            searched_for=query,
            understood=None,
            relaxed=[],
            in_index=product_id in self.items,
            status="visible" if product_id in self.items else None,
            filters=[
                FilterCheck(name=name, wanted=wanted, has=None, passes=False)
                for name, wanted in filters.model_dump(exclude_none=True).items()
            ],
            exact=False,
            words=[WordMatch(word=word, fields=[]) for word in query.split()],
            by_words=nowhere,
            by_vectors=nowhere,
            words_min=0.0,
            cosine_min=None,
            vector_weight=2.0,
            fused=nowhere,
            weight=1.0,
            factors={},
            rules=[],
            answered=nowhere,
            why=["It is explained."],
        )

    async def similar(self, product_id: str, request: SimilarRequest) -> Recommendations | None:
        return self._recommended((product_id,), request) if product_id in self.items else None

    async def recommend(self, request: RecommendRequest) -> Recommendations:
        unknown = [each for each in request.liked if each not in self.items]
        if unknown:
            raise RefusedRequest("liked", f"no item {unknown[0]} was ever heard of")
        return self._recommended((*request.liked, *request.disliked, *request.viewed), request)

    def _recommended(self, given: tuple[str, ...], request: SimilarRequest) -> Recommendations:
        self.recommended.append(request)
        others = [item for product_id, item in self.items.items() if product_id not in given]
        hits = [Hit(**item, score=1.0) for item in others][: request.limit]
        return Recommendations(hits=hits, by="vectors", without_vector=[], took_ms=1.5, fresh_as_of={"prices": NOW})

    async def item(self, product_id: str) -> IndexedItem | None:
        if product_id not in self.items:
            return None
        updated_at = SearchableAt(product=NOW, price=NOW, reviews=None)
        more = {"status": "visible", "version": 7, "updated_at": updated_at, "vector_failed": None}
        return IndexedItem(**self.items[product_id], **more)

    def in_this_log(self, after: Token) -> Token:
        if after.log not in (None, self.log_id):
            raise RefusedRequest("after", f"{after} is of another log, this is {self.log_id}")
        return after._replace(log=self.log_id)

    async def progress(self, after: Token, wait_ms: int) -> bool:
        if self.told:
            if (told := self.told.pop(0)) is None:
                raise Unavailable("the index worker starts")
            return told
        after = self.in_this_log(after)
        if after.partition >= 4:
            raise RefusedRequest("after", f"{after.topic} has 4 partitions, there is no partition {after.partition}")
        return after.offset < self.searchable_below

    async def changes(self, product_ids: Collection[str], since_ms: int, wait_ms: int) -> bool:
        self.watched.append((list(product_ids), since_ms, wait_ms))
        return self.changed.pop() if self.changed else False

    async def status(self) -> StatusReport:
        return StatusReport(
            ready=not self.reasons,
            reasons=self.reasons,
            failing=self.failing,
            lag=self.lag,
            fresh_as_of=self.fresh_as_of,
            dead_letters={"prices": 3},
            log=LogStatus(kind="embedded", id="log-1", address="127.0.0.1:9292", bytes=12_000_000),
            index=IndexStatus(backend="edge", collection="items-1", model="all-MiniLM-L6-v2", points=len(self.items)),
            rules=self.rules,
            freshness_seconds={"price": self.freshness},
        )

    def start_reconcile(self, *, repair: bool) -> JobReport:
        if self.reconciled is not None and self.reconciled.state == "running":
            raise Conflict("a reconcile runs already (comparing): wait until it is done")
        self.reconciled = done_reconciling(self.wrong, repair=repair)
        return self.reconciled.model_copy(update={"state": "running", "result": None})

    def start_rebuild(self, _model: str | None, *, dry_run: bool) -> JobReport:
        raise Conflict("a rebuild runs already (filling): wait until it is done")

    async def roll_back(self) -> dict[str, Any]:
        raise Conflict("there is nothing to go back to")

    async def finish_rebuild(self) -> dict[str, Any]:
        raise Conflict("there is nothing to drop")

    def abandon_waits(self) -> None: ...

    def report(self, kind: str) -> JobReport | None:
        if self.restarts:
            self.restarts, self.reconciled = self.restarts - 1, None
        return self.reconciled if kind == "reconcile" else None

    def ready(self) -> list[str]:
        return self.reasons

    def metrics(self, accept: str) -> tuple[bytes, str]:
        return b"freshline_lag_events 0.0\n", "text/plain"
