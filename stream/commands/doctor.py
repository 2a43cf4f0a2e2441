"""`freshline doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from stream.commands import options
from stream.commands.exits import NOT_FRESH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from stream.api.models import IndexStatus, StatusReport
    from stream.runtime.settings import Settings

AHEAD_SECONDS_MAX = 2.0
"""The lead that the clock of the API may have over this machine's, besides the time that an answer takes."""
FREE_BYTES_MIN = 1 << 30
"""Free disk below which the index may soon refuse to write: it stops at 200 MB."""
QDRANT_SECONDS_MAX = 5.0
REPORTED_PACKAGES = ("freshline", "faust-streaming", "qdrant-client", "qdrant-edge-py", "torch")


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


def doctor(*, kafka: options.Kafka = None, api: options.Api = None, json: options.AsJson = False) -> None:
    """Check a stack from here: settings, broker and topics, API, index, model, clocks, disk, versions.

    Each failure comes with what to do. Exit 10: something failed.
    """
    from stream.runtime.printing import print_json, stdout_console

    findings = list(_findings(kafka, api))
    if json:
        print_json([finding._asdict() for finding in findings])
    else:
        from rich.table import Table

        table = Table(box=None, show_header=False, pad_edge=False)
        for finding in findings:
            table.add_row(finding.verdict, finding.check, finding.said, finding.fix or "")
        stdout_console().print(table)
    if any(finding.fix is not None for finding in findings):
        raise typer.Exit(NOT_FRESH)


def _findings(kafka: str | None, api: str | None) -> Iterator[Finding]:
    import os

    from stream.commands.configured import settings, with_brokers
    from stream.runtime.settings import unknown_settings

    unknown = unknown_settings(os.environ)
    yield Finding(
        "settings", "; ".join(unknown) or "every FRESHLINE_ variable is known", "correct the names" if unknown else None
    )
    yield from _tried("broker", lambda: _broker(with_brokers(kafka)), needed_by=("topics",))
    yield from _tried("api", lambda: _api(api), needed_by=("model", "index", "producers", "clocks"))
    yield from _tried("disk", lambda: [disk_finding(settings())])
    yield from _tried("qdrant", lambda: _qdrant(settings()))
    yield _versions()


def _tried(check: str, look: Callable[[], list[Finding]], *, needed_by: tuple[str, ...] = ()) -> list[Finding]:
    """Return the findings of a check; its error, which says what to do, where it cannot be made.

    Then the checks that need this one are named as not made.
    """
    from schemas.errors import FreshlineError

    try:
        return look()
    except FreshlineError as error:
        said, _, fix = str(error).partition(": ")
        skipped = (Finding(each, f"not checked: it needs the {check}", checked=False) for each in needed_by)
        return [Finding(check, said, fix or "see docs/operations.md"), *skipped]


def _broker(ours: Settings) -> list[Finding]:
    from stream.commands.current_run import bounds
    from stream.kafka.topic_admin import check_topics

    missing, wrong = check_topics(ours, connect_seconds_max=bounds().connect_seconds_max)
    said, _, fix = (wrong or "").partition(": ")
    if missing:
        said, fix = f"missing: {', '.join(missing)}", "start a worker, which creates them"
    topics = Finding("topics", said or "all are there, as they should be", fix or None)
    return [Finding("broker", f"answers at {ours.kafka}"), topics]


def _api(api: str | None) -> list[Finding]:
    from datetime import UTC, datetime

    from stream.commands.configured import client

    report = client(api).status()
    return status_findings(report, datetime.now(UTC))


def status_findings(report: StatusReport, now: datetime) -> list[Finding]:
    """Return the findings in the answer of GET /status."""
    ready = report.ready
    return [
        Finding("api", "ready" if ready else "; ".join(report.reasons), None if ready else "wait, or act on that"),
        _model(report.index.model),
        _index(report.index),
        _partitioner(report.components),
        _clock(report.fresh_as_of, now),
    ]


def _model(model: str | None) -> Finding:
    if model is None:
        return Finding(
            "model", "is not loaded", "wait a minute; the log of the index worker says why it cannot be loaded"
        )
    return Finding("model", f"{model} is loaded")


def _index(index: IndexStatus) -> Finding:
    said = f"{index.points:,} items in {index.collection} ({index.backend})"
    if index.outdated:
        return Finding("index", index.outdated, "freshline rebuild")
    if index.hits_left_out:
        said = f"{said}, {index.hits_left_out:,} hits cannot be shown"
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


def _clock(fresh_as_of: dict[str, str | None], now: datetime) -> Finding:
    from datetime import datetime as parsed

    times = [parsed.fromisoformat(time) for time in fresh_as_of.values() if time]
    ahead = max(((time - now).total_seconds() for time in times), default=0.0)
    if ahead > AHEAD_SECONDS_MAX:
        return Finding("clocks", f"the clock of the API is {ahead:.0f} s ahead of this one", "let NTP set both clocks")
    return Finding("clocks", "the clock of the API is not ahead of this one")


def disk_finding(ours: Settings) -> Finding:
    """Return how much disk is free where the index is, on this machine."""
    import shutil

    folder = next(path for path in (ours.data_dir.absolute(), *ours.data_dir.absolute().parents) if path.is_dir())
    free = shutil.disk_usage(folder).free
    low = free < FREE_BYTES_MIN
    return Finding(
        "disk", f"{free / 1e9:,.1f} GB are free at {folder}", "free some: the index needs 1 GB" if low else None
    )


def _qdrant(ours: Settings) -> list[Finding]:
    if ours.qdrant_url is None:
        return []
    import ssl

    import httpx

    from schemas.errors import Unavailable

    try:
        trusted = ssl.create_default_context(cafile=ours.qdrant_ca_file)
        found = httpx.get(ours.qdrant_url, timeout=QDRANT_SECONDS_MAX, trust_env=False, verify=trusted).json()
        server = str(found["version"])
    except (httpx.HTTPError, OSError, ValueError, KeyError, TypeError) as error:
        raise Unavailable(f"{ours.qdrant_url} says no version ({error}): is it a Qdrant server, and up?") from None
    from importlib.metadata import version

    return [qdrant_finding(server, version("qdrant-client")), *_tried("qdrant", lambda: [_usable(ours)])]


def _usable(ours: Settings) -> Finding:
    """Try the requests of an index worker's start, over REST and over gRPC. They leave nothing behind."""
    import asyncio

    from stream.runtime.qdrant_server import qdrant_server
    from workers.index.open import check_answers

    server = qdrant_server(ours)
    assert server is not None
    asyncio.run(check_answers(server))
    over = "REST" if server.grpc_port is None else f"REST, and over gRPC at port {server.grpc_port}"
    return Finding("qdrant", f"has what Freshline needs, over {over}")


def _versions() -> Finding:
    """Return the versions that a report of a fault needs."""
    import platform
    from importlib.metadata import version

    installed = ", ".join(f"{name} {version(name)}" for name in REPORTED_PACKAGES)
    return Finding("versions", f"Python {platform.python_version()}, {installed}")


def qdrant_finding(server: str, client: str) -> Finding:
    """Return whether the versions of server and client fit: the same major one, and minor ones that differ by one."""
    try:
        (major, minor), (ours, our_minor) = (map(int, each.split(".")[:2]) for each in (server, client))
    except ValueError:
        return Finding("qdrant", f"the server is {server}, the client {client}", "install released versions")
    fits = major == ours and abs(minor - our_minor) <= 1
    said = f"the server is {server}, qdrant-client {client}"
    return Finding("qdrant", said, None if fits else "upgrade the older one: minor versions may differ by one")
