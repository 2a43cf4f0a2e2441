"""What the index process says of the stack around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry

from stream.index.service import IndexService
from stream.log_identity import LogIdentity
from stream.settings import Settings
from stream.up.report import ReportFile

if TYPE_CHECKING:
    from pathlib import Path


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
    )


async def test_it_is_not_ready_while_up_cannot_keep_another_process_running(tmp_path: Path) -> None:
    asked, report = service(tmp_path), ReportFile(tmp_path)
    asked.reasons = []
    assert asked.ready() == []
    report.tell_failing("items", "items cannot be kept running, it ended 3 times: exit 1: no such topic")
    assert asked.ready() == ["items cannot be kept running, it ended 3 times: exit 1: no such topic"]
    report.tell_failing("items", None)
    assert asked.ready() == []
