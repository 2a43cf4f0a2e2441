"""The findings of `freshline doctor`: what an answer says about a stack, and what to do about it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from stream.runtime.printing import counted

if TYPE_CHECKING:
    from datetime import datetime

    from stream.api.models import Clocks, IndexStatus, StatusReport
    from stream.kafka.topic_admin import CheckedTopics

CLOCK_SECONDS_MAX = 2.0
"""The most seconds by which two clocks may differ, besides the time that an answer takes."""


WAIT_SECONDS_MAX = 10.0
"""The longest wait of a change that is no fault: a worker that was killed takes as long to start again."""


class Finding(NamedTuple):
    """The result of one check."""

    check: str
    said: str
    """The observation."""
    fix: str | None = None
    """The remedy; None where all is well."""
    checked: bool = True
    """False where the check needs another one, which failed."""

    @property
    def verdict(self) -> str:
        """The word at the start of the line."""
        if not self.checked:
            return "?"
        return "ok" if self.fix is None else "FAILS"


def topic_findings(checked: CheckedTopics) -> list[Finding]:
    """Return the findings about the topics of a broker that answers."""
    found = [Finding("topics", each.said, each.fix) for each in checked.unfit]
    if checked.missing:
        missing = f"missing: {', '.join(checked.missing)}"
        found.append(Finding("topics", missing, "start a worker, which creates them"))
    if checked.wrong is not None:
        said, _, fix = checked.wrong.partition(": ")
        found.append(Finding("topics", said, fix))
    return found or [Finding("topics", "all are there, as they should be")]


def status_findings(report: StatusReport, asked_at: datetime, answered_at: datetime) -> list[Finding]:
    """Return the findings in the answer of GET /status, which came between two times of this machine."""
    ready = report.ready
    return [
        Finding("api", "ready" if ready else "; ".join(report.reasons), None if ready else "wait, or act on that"),
        _flow(report),
        _model(report.index.model),
        _index(report.index),
        _partitioner(report.components),
        _clocks(report.clocks, asked_at, answered_at),
    ]


def _flow(report: StatusReport) -> Finding:
    """Judge the workers by what they leave: one that hangs says nothing itself."""
    oldest, lag = report.oldest, report.lag
    if oldest is None or oldest.seconds < WAIT_SECONDS_MAX:
        return Finding("flow", f"no change has waited for {WAIT_SECONDS_MAX:.0f} s")
    inputs = sum(lag.inputs.values())
    said = (
        f"a change of {oldest.topic} has waited {oldest.seconds:,.0f} s: {counted(inputs, 'event')} for the items "
        f"worker, {counted(lag.items, 'item record')} for the index worker"
    )
    worker = "items" if inputs else "index"
    return Finding(
        "flow", said, f"does the {worker} worker run, or hang? Its log says what it waits for; kill one that hangs"
    )


def _model(model: str | None) -> Finding:
    if model is None:
        return Finding(
            "model", "is not loaded", "wait a minute; the log of the index worker says why it cannot be loaded"
        )
    return Finding("model", f"{model} is loaded")


def _index(index: IndexStatus) -> Finding:
    said = f"{counted(index.points, 'item')} in {index.collection} ({index.backend})"
    if index.outdated:
        return Finding("index", index.outdated, "freshline rebuild")
    if index.hits_left_out:
        said = f"{said}, {counted(index.hits_left_out, 'hit')} cannot be shown"
        return Finding("index", said, "freshline reconcile --repair")
    return Finding("index", said)


def _partitioner(components: dict[str, dict[str, Any]]) -> Finding:
    """Judge the producers by what they have sent: an event in the wrong partition was forwarded, and counted."""
    counts = [
        value
        for counters in components.values()
        for name, value in counters.items()
        if name.startswith("freshline_misrouted_events_total")
    ]
    if sum(counts):
        said = f"{sum(counts):,.0f} events came in the wrong partition, and were forwarded"
        return Finding(
            "producers", said, "send product_id as key, with the partitioner murmur2 (librdkafka: murmur2_random)"
        )
    return Finding("producers", "no event came in the wrong partition")


def _clocks(clocks: Clocks | None, asked_at: datetime, answered_at: datetime) -> Finding:
    from datetime import datetime as parsed

    if clocks is None:
        return Finding("clocks", "not checked: the API is of an earlier release", checked=False)
    api = parsed.fromisoformat(clocks.api)
    ahead = max(0.0, (api - answered_at).total_seconds()) - max(0.0, (asked_at - api).total_seconds())
    wrong = [
        f"the clock of {whose} is {abs(seconds):,.0f} s {'ahead of' if seconds > 0 else 'behind'} that of {than}"
        for whose, than, seconds in (
            ("the API", "this machine", ahead),
            ("the broker", "the API", clocks.broker_ahead_seconds or 0.0),
        )
        if abs(seconds) > CLOCK_SECONDS_MAX
    ]
    if wrong:
        return Finding("clocks", "; ".join(wrong), "let NTP set all clocks: sales and freshness go by them")
    broker = "" if clocks.broker_ahead_seconds is None else ", the broker"
    return Finding("clocks", f"this machine{broker} and the API agree")


def qdrant_finding(server: str, client: str) -> Finding:
    """Return whether the versions of server and client fit: the same major one, and minor ones that differ by one."""
    try:
        (major, minor), (ours, our_minor) = (map(int, each.split(".")[:2]) for each in (server, client))
    except ValueError:
        return Finding("qdrant", f"the server is {server}, the client {client}", "install released versions")
    fits = major == ours and abs(minor - our_minor) <= 1
    said = f"the server is {server}, qdrant-client {client}"
    return Finding("qdrant", said, None if fits else "upgrade the older one: minor versions may differ by one")
