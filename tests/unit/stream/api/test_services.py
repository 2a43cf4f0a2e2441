"""What the index process says of the stack around it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import CollectorRegistry

from schemas.errors import Conflict, Unavailable
from schemas.queries import SearchRequest
from stream.index.service import IndexService
from stream.kafka.log_identity import LogIdentity
from stream.runtime.metrics import IndexMetrics
from stream.runtime.settings import Settings
from stream.runtime.stack_report import StackReportFile
from workers.priority import QueryGate
from workers.search.searcher import Results

if TYPE_CHECKING:
    from pathlib import Path

    from stream.runtime.jobs import Step


class Unasked:
    """A part that nothing here asks for anything but its methods' names."""

    counters: dict[str, Any] = {}  # noqa: RUF012 (never changed)

    def __getattr__(self, name: str) -> Any:
        return None


def service(data_dir: Path) -> IndexService:
    part: Any = Unasked()
    return IndexService(
        Settings(data_dir=data_dir),
        collections=part,
        attached=part,
        models=part,
        identity=LogIdentity("log", 1),
        horizon=part,
        as_of=part,
        recent=part,
        watching=part,
        metrics=part,
        registry=CollectorRegistry(),
        gate=QueryGate(),
        fills=False,
    )


async def test_it_is_not_ready_while_up_cannot_keep_another_process_running(tmp_path: Path) -> None:
    asked, report = service(tmp_path), StackReportFile(tmp_path)
    asked.reasons = []
    assert asked.ready() == []
    report.set_failing("items", "items cannot be kept running, it ended 3 times: exit 1: no such topic")
    assert asked.ready() == ["items cannot be kept running, it ended 3 times: exit 1: no such topic"]
    report.set_failing("items", None)
    assert asked.ready() == []


@pytest.mark.parametrize("asked", ["roll_back", "finish_rebuild"])
async def test_what_a_rebuild_works_with_is_not_taken_from_under_it(tmp_path: Path, asked: str) -> None:
    async def endless(step: Step) -> dict[str, Any]:
        step.phase_begins("filling")
        await asyncio.Event().wait()
        return {}

    made = service(tmp_path)
    made._jobs.start("rebuild", endless)
    await asyncio.sleep(0)
    with pytest.raises(Conflict, match=r"a rebuild runs already \(filling\): wait until it is done"):
        await getattr(made, asked)()
    await made.close()


async def test_while_a_search_is_answered_it_counts_as_an_answer_and_no_longer_however_it_ends(tmp_path: Path) -> None:
    made, outcomes = service(tmp_path), iter([Results([], 0, "words"), Unavailable("the index is away")])
    made._metrics = IndexMetrics(CollectorRegistry())
    made._fresh_as_of = dict  # type: ignore[method-assign]
    counts: list[int] = []

    async def search(*_: Any) -> Results:
        counts.append(made._gate.queries)
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    made._searcher.search = search  # type: ignore[method-assign]
    await made.search(SearchRequest(q="cake"), None, 0)
    with pytest.raises(Unavailable):
        await made.search(SearchRequest(q="cake"), None, 0)
    assert (counts, made._gate.queries) == ([1, 1], 0)
