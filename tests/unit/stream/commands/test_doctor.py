"""`freshline doctor` names what is wrong, and what to do about it."""

from __future__ import annotations

import json
from contextlib import nullcontext
from importlib.metadata import version
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from schemas.errors import Misconfigured
from stream.commands.current_run import CommandBounds
from stream.commands.doctor import FREE_BYTES_MIN, disk_finding
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
    monkeypatch.setattr(topic_admin, "_described_settings", lambda *_: {})
    nobody = f"127.0.0.1:{free_port()}"
    done = freshline("doctor", "--json", "--api", f"http://{nobody}", "--kafka", nobody, bounds=IMPATIENT)
    findings = {each["check"]: each for each in json.loads(done.out)}
    assert findings["broker"]["fix"] is None and findings["topics"]["checked"]
    assert (findings["topics"]["fix"] or "").startswith(fix or "") and bool(findings["topics"]["fix"]) is bool(fix)


def test_each_setting_of_a_topic_that_costs_something_is_a_finding_with_the_command_that_mends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    described = {"prices": {"message.timestamp.type": "CreateTime"}, "prices.dlq": {"retention.ms": "604800000"}}
    monkeypatch.setattr(topic_admin, "_admin", lambda *_: nullcontext())
    monkeypatch.setattr(topic_admin, "_missing", lambda *_: [])
    monkeypatch.setattr(topic_admin, "_described_settings", lambda *_: described)
    nobody = f"127.0.0.1:{free_port()}"
    done = freshline("doctor", "--json", "--api", f"http://{nobody}", "--kafka", nobody, bounds=IMPATIENT)
    fixes = [each["fix"] for each in json.loads(done.out) if each["check"] == "topics"]
    assert fixes == [
        "kafka-configs.sh --alter --topic prices --add-config message.timestamp.type=LogAppendTime",
        "kafka-configs.sh --alter --topic prices.dlq --add-config retention.ms=-1",
    ]


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
