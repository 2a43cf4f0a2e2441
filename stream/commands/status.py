"""`freshline status`."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from stream.commands import options
from stream.commands.exits import NOT_FRESH, interruptible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from schemas.errors import Unavailable
    from stream.api.models import IndexStatus, Percentiles, StatusReport
    from stream.client import Client

WATCH_INTERVAL_S = 1.0


def status(
    *,
    max_lag: Annotated[int, typer.Option(min=0, help="How many events and vectors may wait without exit 10.")] = 0,
    watch: Annotated[bool, typer.Option("--watch", help="Show it once a second until Ctrl-C.")] = False,
    api: options.Api = None,
    json: options.AsJson = False,
) -> None:
    """Show how fresh and how healthy the stack is.

    Exit 10: not ready, nothing answers, or more than --max-lag events and vectors wait.
    """
    from schemas.errors import Unavailable
    from stream.commands.configured import client
    from stream.runtime.printing import print_json, say, stdout_console

    if watch:
        with interruptible(lambda: "the watch is over"):
            _watch(client(api), json=json)
    try:
        report = client(api).status()
    except Unavailable as error:
        if json:
            print_json(_not_ready(error))
        say(f"freshline: not ready: {error}")
        raise typer.Exit(NOT_FRESH) from None
    if json:
        print_json(report.model_dump())
    else:
        stdout_console().print(_table(report))
    waiting = report.lag_events
    if waiting > max_lag:
        say(f"not fresh: {waiting:,} events and vectors wait, --max-lag allows {max_lag:,}")
    if waiting > max_lag or not report.ready:
        raise typer.Exit(NOT_FRESH)


def _watch(api: Client, *, json: bool) -> NoReturn:
    """Show a report each second: in place on a terminal, one below the other elsewhere, as JSON a line each.

    While no API answers, the report says so, and the API is asked again.
    """
    from rich.live import Live

    from stream.runtime.printing import print_json, stdout_console

    console = stdout_console()
    if json or not console.is_terminal:
        while True:
            report = _report_or_why(api)
            print_json(_as_json(report)) if json else console.print(_table(report))
            sys.stdout.flush()
            time.sleep(WATCH_INTERVAL_S)
    with Live(console=console, auto_refresh=False, screen=True) as live:
        while True:
            live.update(_table(_report_or_why(api)), refresh=True)
            time.sleep(WATCH_INTERVAL_S)


def _report_or_why(api: Client) -> StatusReport | Unavailable:
    from schemas.errors import Unavailable

    try:
        return api.status()
    except Unavailable as error:
        return error


def _not_ready(why: Unavailable) -> dict[str, Any]:
    return {"ready": False, "reasons": [str(why)]}


def _as_json(report: StatusReport | Unavailable) -> dict[str, Any]:
    return _not_ready(report) if isinstance(report, Exception) else report.model_dump()


def _table(report: StatusReport | Unavailable) -> Table:
    from rich.table import Table

    shown = Table(box=None, show_header=False, pad_edge=False)
    lines = [("ready", f"no: {report}")] if isinstance(report, Exception) else _lines(report)
    for name, value in lines:
        shown.add_row(name, value)
    return shown


def _lines(report: StatusReport) -> list[tuple[str, str]]:
    from stream.runtime.printing import counted

    lag, log, index = report.lag, report.log, report.index
    waiting = {**lag.inputs, "item log": lag.items, "vectors": lag.vectors_due, "sales": lag.sale_boundaries}
    size = f", {log.bytes / 1e6:,.0f} MB" if log.bytes is not None else ""
    return [
        ("ready", "yes" if report.ready else "no: " + "; ".join(report.reasons)),
        ("waiting", _counts(waiting) or "nothing"),
        *_oldest(report),
        ("fresh as of", _ages(report.fresh_as_of)),
        *((f"{facet} freshness", _freshness(seen)) for facet, seen in report.freshness_seconds.items()),
        ("refused", _counts(report.dead_letters) or "nothing"),
        ("embeddings", _counts(report.embeddings.model_dump()) or "none yet"),
        (
            "index",
            f"{counted(index.points, 'item')} in {index.collection} ({index.backend}), "
            f"{index.model or 'model loading'}",
        ),
        *_rebuild(index),
        *([("outdated", index.outdated)] if index.outdated else []),
        *_left_out(index),
        *_rules(report),
        ("log", f"{log.kind} at {log.address}{size}"),
        *((("may be missing", log.may_be_missing),) if log.may_be_missing else ()),
    ]


def _oldest(report: StatusReport) -> list[tuple[str, str]]:
    from stream.runtime.printing import duration

    oldest = report.oldest
    return [("oldest", f"a change of {oldest.topic} has waited {duration(oldest.seconds)}")] if oldest else []


def _rebuild(index: IndexStatus) -> list[tuple[str, str]]:
    lines, job = [], index.rebuild
    if job and job.state == "running":
        lines.append(("rebuild", f"{job.phase} {job.done:,} of {job.total or 0:,}"))
    if index.previous:
        lines.append(("previous", f"{index.previous} is kept up to date: rebuild --rollback, or --finish"))
    return lines


def _left_out(index: IndexStatus) -> list[tuple[str, str]]:
    from stream.runtime.printing import counted

    count = index.hits_left_out
    return [("left out", f"{counted(count, 'hit')} that cannot be shown: reconcile --repair")] if count else []


def _rules(report: StatusReport) -> list[tuple[str, str]]:
    refused = "".join(f"; {each} is refused: {why}" for each, why in report.rules.refused.items())
    return [("rules", f"{report.rules.in_force:,} in force{refused}")] if report.rules.in_force or refused else []


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)


def _ages(times: Mapping[str, str | None]) -> str:
    from stream.runtime.printing import ago

    return ", ".join(f"{topic} {ago(time) or 'not known yet'}" for topic, time in times.items())


def _freshness(seen: Percentiles) -> str:
    from stream.progress.recent_freshness import WINDOW_S
    from stream.runtime.printing import counted, duration

    if seen.p50 is None or seen.p99 is None:
        return f"nothing in the last {WINDOW_S} s"
    return f"p50 {duration(seen.p50)}, p99 {duration(seen.p99)}, {counted(seen.events, 'event')}"
