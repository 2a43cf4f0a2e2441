"""Each finding of `freshline doctor` follows from an answer, and each fault comes with what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stream.api.models import StatusReport
from stream.commands.doctor_findings import qdrant_finding, status_findings

ASKED_AT = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
NOW = ASKED_AT + timedelta(seconds=1)
WELL: dict[str, Any] = {
    "ready": True,
    "reasons": [],
    "lag": {},
    "log": {"kind": "embedded", "id": "log-1", "address": "127.0.0.1:9292"},
    "components": {"items-0": {"freshline_misrouted_events_total/prices": 0.0}},
    "clocks": {"api": "2026-11-21T12:00:00.500Z", "broker_ahead_seconds": None},
    "index": {
        "backend": "edge", "collection": "items-1", "model": "m", "points": 7, "hits_left_out": 0, "outdated": None,
    },
}  # fmt: skip


def failing(**changes: Any) -> dict[str, str | None]:
    findings = status_findings(StatusReport.model_validate(WELL | changes), ASKED_AT, NOW)
    return {each.check: each.fix for each in findings if each.fix is not None}


def test_a_stack_that_is_well_has_nothing_to_fix() -> None:
    assert failing() == {}
    assert failing(oldest={"topic": "prices", "seconds": 9.9}, lag={"items": 3}) == {}, "it may be starting again"


def test_one_item_and_one_hit_are_told_as_one() -> None:
    one = WELL | {"index": WELL["index"] | {"points": 1, "hits_left_out": 1}}
    said = [each.said for each in status_findings(StatusReport.model_validate(one), ASKED_AT, NOW)]
    assert any(each.startswith("1 item in items-1") and "1 hit cannot" in each for each in said)


@pytest.mark.parametrize(
    ("changes", "check", "fix"),
    [
        ({"ready": False, "reasons": ["the index is being filled"]}, "api", "wait"),
        ({"oldest": {"topic": "prices", "seconds": 10.0}, "lag": {"inputs": {"prices": 3}}}, "flow", "items worker"),
        ({"oldest": {"topic": "prices", "seconds": 10.0}, "lag": {"items": 3}}, "flow", "index worker"),
        ({"index": WELL["index"] | {"model": None}}, "model", "wait a minute"),
        ({"index": WELL["index"] | {"outdated": "words of an earlier release"}}, "index", "freshline rebuild"),
        ({"index": WELL["index"] | {"hits_left_out": 3}}, "index", "reconcile --repair"),
        ({"components": {"items-0": {"freshline_misrouted_events_total/prices": 2.0}}}, "producers", "murmur2"),
        ({"clocks": {"api": "2026-11-21T12:01:00.000Z"}}, "clocks", "NTP"),
        ({"clocks": {"api": "2026-11-21T11:59:00.000Z"}}, "clocks", "NTP"),
        ({"clocks": WELL["clocks"] | {"broker_ahead_seconds": -2.5}}, "clocks", "NTP"),
        ({"clocks": WELL["clocks"] | {"broker_ahead_seconds": 2.5}}, "clocks", "NTP"),
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


@pytest.mark.parametrize(
    ("clocks", "said"),
    [
        ({"api": "2026-11-21T11:59:00.000Z"}, "the clock of the API is 60 s behind that of this machine"),
        ({"api": "2026-11-21T12:01:01.000Z"}, "the clock of the API is 60 s ahead of that of this machine"),
        (WELL["clocks"] | {"broker_ahead_seconds": -30}, "the clock of the broker is 30 s behind that of the API"),
        ({"api": "2026-11-21T11:59:58.500Z"}, "this machine and the API agree"),
        (WELL["clocks"] | {"broker_ahead_seconds": 0}, "this machine, the broker and the API agree"),
        (None, "not checked: the API is of an earlier release"),
    ],
)
def test_a_clock_that_is_behind_is_told_as_one_that_is_ahead(clocks: dict[str, Any] | None, said: str) -> None:
    findings = status_findings(StatusReport.model_validate(WELL | {"clocks": clocks}), ASKED_AT, NOW)
    assert [each.said for each in findings if each.check == "clocks"] == [said]
