"""`freshline doctor` names what is wrong, and what to do about it."""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import UTC, datetime
from importlib.metadata import version
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from schemas.errors import Misconfigured
from stream.api.models import StatusReport
from stream.commands.current_run import CommandBounds
from stream.commands.doctor import FREE_BYTES_MIN, disk_finding, qdrant_finding, status_findings
from stream.kafka import topic_admin
from stream.kafka.topics import Topic
from stream.runtime.ports import free_port
from stream.runtime.settings import Settings
from tests.qdrant_front.serving import in_thread
from tests.support.running_commands import freshline, serving
from tests.support.standing_in import StandIn

if TYPE_CHECKING:
    from pathlib import Path

IMPATIENT = CommandBounds(connect_seconds_max=0.2)
NOW = datetime(2026, 11, 21, 12, 0, 1, tzinfo=UTC)
WELL: dict[str, Any] = {
    "ready": True,
    "reasons": [],
    "lag": {},
    "log": {"kind": "embedded", "id": "log-1", "address": "127.0.0.1:9292"},
    "components": {"items-0": {"freshline_misrouted_events_total/prices": 0.0}},
    "fresh_as_of": {"prices": "2026-11-21T12:00:00.000Z", "reviews": None},
    "index": {
        "backend": "edge", "collection": "items-1", "model": "m", "points": 7, "hits_left_out": 0, "outdated": None,
    },
}  # fmt: skip


def failing(**changes: Any) -> dict[str, str | None]:
    findings = status_findings(StatusReport.model_validate(WELL | changes), NOW)
    return {each.check: each.fix for each in findings if each.fix is not None}


def test_a_stack_that_is_well_has_nothing_to_fix() -> None:
    assert failing() == {}


@pytest.mark.parametrize(
    ("changes", "check", "fix"),
    [
        ({"ready": False, "reasons": ["the index is being filled"]}, "api", "wait"),
        ({"index": WELL["index"] | {"model": None}}, "model", "wait a minute"),
        ({"index": WELL["index"] | {"outdated": "words of an earlier release"}}, "index", "freshline rebuild"),
        ({"index": WELL["index"] | {"hits_left_out": 3}}, "index", "reconcile --repair"),
        ({"components": {"items-0": {"freshline_misrouted_events_total/prices": 2.0}}}, "producers", "murmur2"),
        ({"fresh_as_of": {"prices": "2026-11-21T12:01:00.000Z"}}, "clocks", "NTP"),
    ],
)
def test_each_fault_comes_with_what_to_do(changes: dict[str, Any], check: str, fix: str) -> None:
    found = failing(**changes)
    assert list(found) == [check] and fix in str(found[check])


@pytest.mark.parametrize(
    ("server", "client", "fits"),
    [("1.19.0", "1.20.1", True), ("1.17.3", "1.20.1", False), ("2.0.0", "1.20.1", False), ("dev", "1.20.1", False)],
)
def test_minor_versions_may_differ_by_one(server: str, client: str, fits: bool) -> None:
    assert (qdrant_finding(server, client).fix is None) is fits


def test_a_full_disk_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = Settings(data_dir=tmp_path / "not" / "there")
    for free, low in ((FREE_BYTES_MIN, False), (FREE_BYTES_MIN - 1, True)):
        monkeypatch.setattr("shutil.disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        assert (disk_finding(ours).fix is not None) is low


def test_a_broker_that_is_away_and_an_api_that_answers_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRESHLINE_PARTITION", "4")
    service = StandIn(P1="cake")
    with serving(service) as address:
        nobody = f"127.0.0.1:{free_port()}"
        done = freshline("doctor", "--json", "--api", address, "--kafka", nobody, bounds=IMPATIENT)
    findings = {each["check"]: each for each in json.loads(done.out)}
    assert done.code == 10
    assert "`freshline up`" in findings["broker"]["fix"] and "FRESHLINE_PARTITION" in findings["settings"]["said"]
    assert findings["api"]["fix"] is None and findings["model"]["fix"] is None


@pytest.mark.parametrize(
    ("found", "fix"),
    [
        (Misconfigured("topic prices has 3 partitions and should have 4: set FRESHLINE_PARTITIONS=3"), "set FRESH"),
        ([Topic("prices", 4, {})], "start a worker"),
        ([], None),
    ],
)
def test_a_wrong_topic_is_a_fault_of_the_topics_and_not_of_the_broker(
    monkeypatch: pytest.MonkeyPatch, found: Misconfigured | list[Topic], fix: str | None
) -> None:
    def missing(*_: object) -> list[Topic]:
        if isinstance(found, Misconfigured):
            raise found
        return found

    monkeypatch.setattr(topic_admin, "_admin", lambda *_: nullcontext())
    monkeypatch.setattr(topic_admin, "_missing", missing)
    nobody = f"127.0.0.1:{free_port()}"
    done = freshline("doctor", "--json", "--api", f"http://{nobody}", "--kafka", nobody, bounds=IMPATIENT)
    findings = {each["check"]: each for each in json.loads(done.out)}
    assert findings["broker"]["fix"] is None and findings["topics"]["checked"]
    assert (findings["topics"]["fix"] or "").startswith(fix or "") and bool(findings["topics"]["fix"]) is bool(fix)


def test_what_needs_an_api_that_does_not_answer_is_named_as_not_checked() -> None:
    nobody = f"127.0.0.1:{free_port()}"
    done = freshline("doctor", "--json", "--api", f"http://{nobody}", "--kafka", nobody, bounds=IMPATIENT)
    findings = {each["check"]: each for each in json.loads(done.out)}
    assert findings["api"]["fix"] is not None
    for check in ("topics", "model", "index", "producers", "clocks"):
        assert not findings[check]["checked"] and "not checked" in findings[check]["said"]


def test_a_qdrant_server_is_tried_over_rest_and_over_grpc(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, nobody = in_thread(None), free_port()
    monkeypatch.setenv("FRESHLINE_QDRANT_URL", ours.url)
    for port, fix in ((ours.grpc_port, ""), (nobody, "correct FRESHLINE_QDRANT_GRPC_PORT, or unset it")):
        monkeypatch.setenv("FRESHLINE_QDRANT_GRPC_PORT", str(port))
        done = freshline(
            "doctor", "--json", "--api", f"http://127.0.0.1:{nobody}", "--kafka", f"127.0.0.1:{nobody}",
            bounds=IMPATIENT,
        )  # fmt: skip
        version, usable = (each for each in json.loads(done.out) if each["check"] == "qdrant")
        assert version["fix"] is None and (usable["fix"] or "").startswith(fix) and bool(usable["fix"]) is bool(fix)


def test_the_versions_of_all_that_matters_are_told() -> None:
    nobody = f"127.0.0.1:{free_port()}"
    done = freshline("doctor", "--api", f"http://{nobody}", "--kafka", nobody, bounds=IMPATIENT)
    assert f"freshline {version('freshline')}, faust-streaming " in " ".join(done.out.split())
