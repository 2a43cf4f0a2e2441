"""The services behind the API: what they answer while the stack around them is not well."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, cast

import pytest
from prometheus_client import CollectorRegistry

from schemas.errors import Conflict, RefusedRequest, Unavailable
from schemas.queries import SearchRequest
from schemas.tokens import Token
from stream.api import jobs_service
from stream.api.canary.probe import CanaryProbe
from stream.api.context import ServingContext
from stream.api.drift.check import DriftCheck
from stream.api.jobs_service import JobsService
from stream.api.live_file import LiveFile
from stream.api.live_rules import LiveRules
from stream.api.live_synonyms import LiveSynonyms
from stream.api.search_service import SearchService
from stream.api.status_service import GLANCE_LAG_S, GLANCE_LETTERS_S, StatusService
from stream.api.watching.service import WatchParts
from stream.index.compose_serving import ServingSide, compose_serving
from stream.kafka.log_identity import LogIdentity
from stream.kafka.partitions import Partition
from stream.kafka.reader import Record
from stream.progress.fresh_as_of import FreshAsOf
from stream.progress.lag import Lag
from stream.progress.recent_freshness import RecentFreshness
from stream.progress.watermark import Watermark
from stream.runtime.jobs import Jobs
from stream.runtime.metrics import IndexMetrics
from stream.runtime.settings import Settings
from stream.runtime.stack_report import StackReportFile
from tests.support.clocks import ManualClock
from tests.support.waiting import until
from workers.clock import SystemClock
from workers.embedder.interface import ModelId
from workers.embedder.registry import EmbedderRegistry
from workers.index.metadata import Metadata
from workers.index.roles import Roles
from workers.merchandising.weights import NO_WEIGHTS, read_ranking
from workers.query_gate import QueryGate
from workers.search.hits import Shop
from workers.search.searcher import Results
from workers.vocabulary.vocabulary import Vocabulary
from workers.words.item import ANALYSIS_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stream.runtime.jobs import Step

UNUSED: Any = None


def context(data_dir: Path, **parts: Any) -> ServingContext:
    """A process without an index, an embedder or a broker; `parts` replaces some of it."""
    watermark, metrics = Watermark(), IndexMetrics(CollectorRegistry())
    made = ServingContext(
        settings=Settings(data_dir=data_dir, canary_seconds=0),
        shop=Shop(None, ()),
        identity=LogIdentity("log", 1),
        collections=UNUSED,
        writers=UNUSED,
        models=UNUSED,
        watermark=watermark,
        as_of=FreshAsOf(watermark),
        metrics=metrics,
        clock=SystemClock(),
        gate=QueryGate(),
        vocabulary=Vocabulary(),
        synonyms=LiveSynonyms(None),
        ranking=LiveFile(None, "FRESHLINE_RANKING", read_ranking, without_file=NO_WEIGHTS),
        rules=LiveRules(UNUSED, 1, metrics.rules_refused),
    )
    return made._replace(**parts)


class NoWriters:
    writers: ClassVar[list[Any]] = []


def serving(made: ServingContext, *, ends: Any = UNUSED, index_was_empty: bool = False) -> ServingSide:
    """The serving side of a process in its shipped wiring, which sends nothing and follows nothing."""
    return compose_serving(
        made,
        ends=ends,
        reader=UNUSED,
        sender=UNUSED,
        watch_parts=WatchParts(UNUSED, UNUSED, UNUSED, UNUSED),
        recent=RecentFreshness(),
        registry=CollectorRegistry(),
        index_was_empty=index_was_empty,
    )


async def test_the_process_is_not_ready_while_up_cannot_keep_another_process_running(tmp_path: Path) -> None:
    status, report = serving(context(tmp_path)).status, StackReportFile(tmp_path)
    assert status.ready() == []
    report.set_failing("items", "items cannot be kept running, it ended 3 times: exit 1: no such topic")
    assert status.ready() == ["items cannot be kept running, it ended 3 times: exit 1: no such topic"]
    report.set_failing("items", None)
    assert status.ready() == []


@pytest.mark.parametrize("accept", ["", "text/plain", "*/*"])
def test_metrics_are_in_the_text_format_unless_openmetrics_is_asked_for(tmp_path: Path, accept: str) -> None:
    made = context(tmp_path, writers=NoWriters())
    exposition, content_type = serving(made).status.metrics(accept)
    assert content_type.startswith("text/plain") and not exposition.endswith(b"# EOF\n")


def test_metrics_are_in_openmetrics_for_a_client_that_accepts_it(tmp_path: Path) -> None:
    made = context(tmp_path, writers=NoWriters())
    exposition, content_type = serving(made).status.metrics(
        "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"
    )
    assert content_type.startswith("application/openmetrics-text") and exposition.endswith(b"# EOF\n")


async def test_the_process_is_not_ready_until_an_index_that_was_empty_has_caught_up(tmp_path: Path) -> None:
    made = context(tmp_path)
    status = serving(made, index_was_empty=True).status
    assert status.ready() == ["the index is being filled from the item log"]
    made.as_of.begin({})
    assert status.ready() == []


async def test_whoever_looks_again_and_again_asks_the_broker_and_the_index_no_more_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Monitor:
        asked: ClassVar[list[str]] = []

        async def lag(self, *_: Any) -> Lag:
            self.asked.append("lag")
            return Lag(items=len(self.asked))

        async def dead_letters(self) -> dict[str, int]:
            self.asked.append("letters")
            return {}

    class Collections:
        async def serving(self) -> None: ...

    async def reported(_index: Any, lag: Lag, _letters: Any) -> Any:
        return lag

    clock, monitor = ManualClock(), Monitor()
    made = context(tmp_path, collections=Collections(), clock=clock)
    status = StatusService(
        made,
        cast("Any", monitor),
        Jobs(clock),
        recent=RecentFreshness(),
        registry=CollectorRegistry(),
        index_was_empty=False,
        canary=CanaryProbe(made, UNUSED),
    )
    monkeypatch.setattr(status, "_report", reported)
    glances: list[Any] = [await status.glance() for _ in range(3)]
    assert glances == [Lag(items=1)] * 3 and monitor.asked == ["lag", "letters"]
    await status.status()
    assert monitor.asked == ["lag", "letters", "lag", "letters"], "a status is always measured anew"
    assert cast("Any", await status.glance()) == Lag(items=3)
    clock.sleep(GLANCE_LAG_S + 0.1)
    await status.glance()
    assert monitor.asked[4:] == ["lag"]
    clock.sleep(GLANCE_LETTERS_S)
    await status.glance()
    assert monitor.asked[5:] == ["lag", "letters"]


async def test_the_process_is_not_ready_while_the_lag_cannot_be_measured(tmp_path: Path) -> None:
    class Collections:
        away = True

        async def serving(self) -> Any:
            if self.away:
                raise Unavailable("the Qdrant server does not answer")

    class Ends:
        async def fetch(self, *_: Any) -> Any:
            raise Unavailable("the broker does not answer")

    collections = Collections()
    status = serving(context(tmp_path, collections=collections), ends=Ends()).status
    measuring = asyncio.create_task(status.measure_lag(0.001))
    try:
        await until(lambda: status.ready() == ["the Qdrant server does not answer"], "the index is away")
        collections.away = False
        await until(lambda: status.ready() == ["the broker does not answer"], "the broker is away")
    finally:
        measuring.cancel()


@pytest.mark.parametrize("asked", ["roll_back", "finish_rebuild"])
async def test_a_running_rebuild_keeps_the_collections_that_it_works_with(tmp_path: Path, asked: str) -> None:
    async def endless(step: Step) -> dict[str, Any]:
        step.phase_begins("filling")
        await asyncio.Event().wait()
        return {}

    jobs = Jobs(SystemClock())
    made = context(tmp_path)
    service = JobsService(made, jobs, DriftCheck(made))
    jobs.start("rebuild", endless)
    await asyncio.sleep(0)
    with pytest.raises(Conflict, match=r"a rebuild runs already \(filling\): wait until it is done"):
        await getattr(service, asked)()
    await service.close()


@pytest.mark.parametrize("repair", [True, False])
async def test_a_repair_forgets_the_drift_that_it_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, repair: bool
) -> None:
    async def reconciled(*_: Any, repair: bool) -> dict[str, Any]:
        return {"repaired": int(repair)}

    class Serving:
        async def serving(self) -> None: ...

    forgotten: list[bool] = []
    monkeypatch.setattr(jobs_service, "reconcile", reconciled)
    monkeypatch.setattr(jobs_service, "comparison_context", lambda *_: None)
    jobs, drift = Jobs(SystemClock()), SimpleNamespace(forget=lambda: forgotten.append(True))
    made = context(tmp_path)._replace(collections=cast("Any", Serving()))
    service = JobsService(made, jobs, cast("Any", drift))
    service.start_reconcile(repair=repair)
    await until(lambda: (report := service.report("reconcile")) is not None and report.state != "running", "it is done")
    assert forgotten == [True] * repair


async def test_the_query_gate_is_closed_while_a_search_is_answered_however_it_ends(tmp_path: Path) -> None:
    made = context(tmp_path)
    outcomes: Iterator[Results | Unavailable] = iter(
        [Results([], 0, 0, True, "words", {}, True, []), Unavailable("the index is away")]
    )
    queries: list[int] = []

    class Searcher:
        async def search(self, *_: Any, **__: Any) -> Results:
            queries.append(made.gate.queries)
            outcome: Results | Exception = next(outcomes)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

    searcher: Any = Searcher()
    service = SearchService(made, searcher)
    await service.search(SearchRequest(q="cake"), None, 0)
    with pytest.raises(Unavailable):
        await service.search(SearchRequest(q="cake"), None, 0)
    assert (queries, made.gate.queries) == ([1, 1], 0)


async def test_an_item_is_not_called_unknown_before_the_index_has_caught_up(tmp_path: Path) -> None:
    class Searcher:
        async def item(self, *_: Any) -> None:
            return None

    made, searcher = context(tmp_path), Searcher()
    service = SearchService(made, searcher)  # type: ignore[arg-type]
    with pytest.raises(Unavailable, match="P1 is not in the index yet"):
        await service.item("P1")
    made.as_of.begin({})
    assert await service.item("P1") is None


async def test_a_wait_for_an_event_ends_when_the_process_does(tmp_path: Path) -> None:
    service = serving(context(tmp_path)).search
    assert not await service.progress(Token("prices", 0, 7), 1)
    waiting = asyncio.create_task(service.progress(Token("prices", 0, 7), 60_000))
    await asyncio.sleep(0)
    service.abandon_waits()
    with pytest.raises(Unavailable):
        await waiting


async def test_the_words_of_a_search_are_embedded_while_it_waits_for_its_event(tmp_path: Path) -> None:
    asked: list[str] = []

    class Recording:
        async def embed(self, query: str) -> None:
            asked.append(query)
            await asyncio.Event().wait()

    service = SearchService(context(tmp_path), cast("Any", Recording()))
    waiting = asyncio.create_task(service.search(SearchRequest(q="red shoes"), Token("prices", 0, 7), 60_000))
    await until(lambda: asked == ["red shoes"], "the words are embedded")
    assert not waiting.done()
    waiting.cancel()


@pytest.mark.parametrize("after", [Token("prices", 0, 7, "another"), Token("prices", 99, 7)])
async def test_a_token_of_another_log_or_partition_is_refused(tmp_path: Path, after: Token) -> None:
    with pytest.raises(RefusedRequest) as refused:
        await serving(context(tmp_path)).search.progress(after, 0)
    assert refused.value.field == "after"


async def test_hits_that_cannot_be_shown_are_counted(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    made = context(tmp_path, metrics=IndexMetrics(registry))

    class Searcher:
        async def search(self, *_: Any, **__: Any) -> Results:
            return Results([], 2, 2, True, "words", {}, True, ["a", "b"])

    searcher: Any = Searcher()
    for _ in range(2):
        assert (await SearchService(made, searcher).search(SearchRequest(q="cake"), None, 0)).hits == []
    assert registry.get_sample_value("freshline_hits_left_out_total") == 4


class EmptyIndex:
    """The collection that serves, with words of this analysis and no points."""

    collection, model = "shop-1", ModelId("m", "1", 4)

    def __init__(self, analysis_version: int = ANALYSIS_VERSION) -> None:
        self.metadata = Metadata(self.collection, self.model, analysis_version=analysis_version)

    async def serving(self) -> EmptyIndex:
        return self

    async def count_points(self) -> int:
        return 0

    async def count_pending_embeddings(self) -> int:
        return 0

    async def count_due_price_changes(self, now_ms: int) -> int:
        return 0


class EmptyTopics:
    """A broker on which every topic is empty."""

    async def fetch(self, partitions: list[Partition]) -> dict[Partition, int]:
        return dict.fromkeys(partitions, 0)


def with_index(tmp_path: Path, index: EmptyIndex) -> ServingContext:
    class Writers:
        roles = Roles(UNUSED)
        writers = ()

    models = EmbedderRegistry("fake", threads=1, gate=QueryGate())
    return context(tmp_path, collections=index, writers=Writers(), models=models)


@pytest.mark.parametrize(("version", "told"), [(ANALYSIS_VERSION - 1, True), (ANALYSIS_VERSION, False)])
async def test_status_tells_of_an_index_whose_words_are_of_an_earlier_analysis(
    tmp_path: Path, version: int, told: bool
) -> None:
    report = await serving(with_index(tmp_path, EmptyIndex(version)), ends=EmptyTopics()).status.status()
    assert ("freshline rebuild" in (report.index.outdated or "")) == told


async def test_status_tells_how_many_rules_are_in_force_and_why_others_are_refused(tmp_path: Path) -> None:
    made = with_index(tmp_path, EmptyIndex())
    status = serving(made, ends=EmptyTopics()).status
    right = b'{"id": "a", "pin": {"product_id": "P1", "position": 1}}'
    for key, value in ((b"a", right), (b"b", right), (b"c", b"{")):
        made.rules.apply(Record(Partition("rules", 0), 0, 0, key, value, ()))
    rules = (await status.status()).rules
    assert rules.in_force == 1 and rules.refused.keys() == {"b", "c"}
    assert rules.refused["b"] == "id: a is not the key of the record"
    made.rules.apply(Record(Partition("rules", 0), 1, 0, b"b", None, ()))
    assert (await status.status()).rules.refused.keys() == {"c"}
