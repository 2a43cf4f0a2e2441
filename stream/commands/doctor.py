"""`freshline doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from stream.commands import options
from stream.commands.doctor_findings import Finding, qdrant_finding, status_findings, topic_findings
from stream.commands.exits import NOT_FRESH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stream.runtime.settings import Settings

FREE_BYTES_MIN = 1 << 30
"""Free disk below which the index may soon refuse to write: it stops at 200 MB."""
QDRANT_SECONDS_MAX = 5.0
REPORTED_PACKAGES = ("freshline", "faust-streaming", "qdrant-client", "qdrant-edge-py", "torch")


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
    yield from _tried("api", lambda: _api(api), needed_by=("flow", "model", "index", "producers", "clocks"))
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

    checked = check_topics(ours, connect_seconds_max=bounds().connect_seconds_max)
    return [Finding("broker", f"answers at {ours.kafka}"), *topic_findings(checked)]


def _api(api: str | None) -> list[Finding]:
    from datetime import UTC, datetime

    from stream.commands.configured import client

    asked = client(api)
    asked_at = datetime.now(UTC)
    return status_findings(asked.status(), asked_at, datetime.now(UTC))


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
